import Exporting
import CollectorConformance
import Primitives
import Settings
import Synchronization
import Testing
import Web

@testable import LLMCollector

@Suite("Where servers are, and what is shown to whom") struct AddressTests {
    static let origins = [
        ("https://llm.example/v1", "https://llm.example:443"), ("http://llm.example", "http://llm.example:80"),
        ("http://LLM.example:8000/x", "http://llm.example:8000"), ("http://[fd00::1]", "http://[fd00::1]:80"),
        ("https://[fd00::1]:8443/a", "https://[fd00::1]:8443"),
    ]

    @Test("An origin is scheme, host and port", arguments: origins)
    func origin(_ url: String, _ origin: String) { #expect(ServerAddress.origin(of: url) == origin) }

    @Test("Loopback is one place, whatever it is called")
    func endpoint() {
        let endpoints = ["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000", "http://LOCALHOST:8000"]
        #expect(Set(endpoints.map { ServerAddress(url: $0).endpoint }) == ["http://127.0.0.1:8000"])
        #expect(ServerAddress(url: "http://localhost:8000/a").endpoint == "http://127.0.0.1:8000/a")
        #expect(ServerAddress(url: "https://localhost").endpoint == "https://127.0.0.1:443")
        #expect(ServerAddress(url: "http://localhost.example:80").endpoint == "http://localhost.example:80")
    }

    static let places: [(url: String, metricsURL: String, isShown: Bool)] = [
        ("https://llm.example:8000", "https://llm.example:8000/own", true), ("https://llm.example", "https://llm.example:443/own", true),
        ("https://llm.example:8000", "http://llm.example:8000/own", false), ("https://llm.example", "http://llm.example/own", false),
        ("https://llm.example", "https://llm.example:8443/own", false), ("http://llm.example", "http://llm.example:8002/own", false),
        ("http://llm.example", "http://llm.example:80/own", true), ("http://llm.example", "http://other.example/own", false),
        ("http://localhost:8000", "http://[::1]:8000/own", false),
    ]

    @Test("A token is shown to the same scheme, host and port alone", arguments: places.indices)
    func token(number: Int) async {
        let (url, metricsURL, isShown) = Self.places[number]
        var address = ServerAddress(url: url)
        (address.metricsURL, address.authorization) = (metricsURL, Secret("Bearer t"))
        let asked = Mutex<[String: Bool]>([:])
        let questions = Questions(address, round: 0, former: nil, memory: CounterMemory(), timeoutSeconds: 5) { request in
            asked.withLock { $0[request.url] = request.headers.contains { $0.name == "Authorization" } }
            return .failure(HTTPClientError(kind: .connect, message: "nobody"))
        }
        var picture = ServerPicture(models: ModelNames(limit: 1))
        await questions.exposition("/metrics", VLLM.self, into: &picture)
        _ = await questions.get("/health")
        let shown = asked.withLock { $0 }
        #expect(shown.first { $0.key.hasPrefix(metricsURL) }?.value == isShown && shown[url + "/health"] == true)
    }

    private static func settings(_ environment: [String: String]) throws -> LLMSettings {
        let tree = try SettingsTree(file: nil, environment: environment, flags: [], shape: .section([LLMDefinition.section]))
        return try LLMSettings(tree["llm"])
    }

    @Test(
        "With a token an exposition is not read in the clear beside a server behind https",
        arguments: [
            ("https://a", "http://a/metrics", false), ("https://a", "http://b:8002/metrics", false),
            ("https://a", "https://b:8002/metrics", true),
            ("http://a", "http://a:8002/metrics", true), ("https://a", nil, true),
        ] as [(String, String?, Bool)])
    func plainExposition(_ url: String, _ metricsURL: String?, _ isTaken: Bool) throws {
        let folder = try TemporaryFolder()
        try folder.write("token", "t\n")
        let server = "MARTLET_LLM__SERVERS__0__"
        var environment = [server + "URL": url, server + "BEARER_TOKEN_FILE": "\(folder.path)/token"]
        environment[server + "METRICS_URL"] = metricsURL
        #expect(((try? Self.settings(environment)) != nil) == isTaken)
        environment[server + "BEARER_TOKEN_FILE"] = nil
        #expect((try? Self.settings(environment)) != nil)
    }

    @Test("What goes wrong is told in a short line, however long the server's words are")
    func messages() async throws {
        let name = String(repeating: "x", count: 100_000)
        let address = ServerAddress(url: "http://llm.example")
        let questions = Questions(address, round: 0, former: nil, memory: CounterMemory(), timeoutSeconds: 5) { _ in
            .failure(HTTPClientError(kind: .connect, message: name + "\n" + name))
        }
        var picture = ServerPicture(models: ModelNames(limit: 1))
        await questions.exposition("/metrics?model=\(name)", VLLM.self, into: &picture)
        let message = try #require(picture.problem?.message)
        #expect(message.utf8.count <= 200 && message.hasPrefix("/metrics: ") && !message.contains("?"))
    }
}
