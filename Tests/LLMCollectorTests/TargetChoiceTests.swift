import JSON
import Testing

@testable import LLMCollector
@testable import Ownership

@Suite("Who is asked, and what each is called") struct TargetChoiceTests {
    /// A container as the engine tells of it, at a published port of loopback or in the machine's own network.
    private struct Box {
        let name: String
        var label: String?
        var publishes: Int?
        var claims: Int?
        var startedAt = "2026-11-22T10:00:00Z"

        func container() throws -> EngineContainer {
            let id = String(repeating: "a", count: 64)
            var labels = ["\"martlet.llm.port\": \"\(claims ?? 8000)\""]
            if let label { labels.append("\"martlet.llm.name\": \"\(label)\"") }
            let ports = publishes.map { "{\"8000/tcp\": [{\"HostIp\": \"127.0.0.1\", \"HostPort\": \"\($0)\"}]}" } ?? "{}"
            let json = """
                {"Id": "\(id)", "Name": "/\(name)", "State": {"Status": "running", "StartedAt": "\(startedAt)"},
                 "HostConfig": {"NetworkMode": "\(claims == nil ? "bridge" : "host")"},
                 "Config": {"Image": "mine", "Labels": {\(labels.joined(separator: ", "))}},
                 "NetworkSettings": {"Ports": \(ports), "Networks": {}}}
                """
            return try #require(
                try JSONDocument(parsing: Array(json.utf8)).withRoot {
                    EngineContainer(inspection: $0, labels: Set(ContainerServers.labels))
                })
        }
    }

    private static func choice(
        _ boxes: [Box], servers: [(name: String, url: String)] = [], ports: [Int] = [], limit: Int = 500
    ) throws -> TargetChoice {
        TargetChoice(
            configured: servers.map { ServerTarget(name: $0.name, address: ServerAddress(url: $0.url)) },
            found: ContainerServers.found(try boxes.map { try $0.container() }), ports: ports, limit: limit)
    }

    private static func named(_ choice: TargetChoice) -> [String: String] {
        Dictionary(uniqueKeysWithValues: choice.targets.map { ($0.name, $0.address.authority) })
    }

    @Test("A label gives a name that is free")
    func label() throws {
        let choice = try Self.choice([Box(name: "box", label: "chat", publishes: 18_000)])
        #expect(Self.named(choice) == ["chat": "127.0.0.1:18000"] && choice.remarks.isEmpty)
    }

    @Test("A label takes no name of the settings, of a port of them, or of another container")
    func names() throws {
        let choice = try Self.choice(
            [
                Box(name: "a", label: "chat", publishes: 1), Box(name: "b", label: "127.0.0.1:9", publishes: 2),
                Box(name: "c", label: "prod", publishes: 3), Box(name: "prod", publishes: 4),
            ], servers: [("chat", "http://10.0.0.5")], ports: [9])
        #expect(
            Self.named(choice) == [
                "chat": "10.0.0.5", "chat (a)": "127.0.0.1:1", "127.0.0.1:9": "127.0.0.1:9", "127.0.0.1:9 (b)": "127.0.0.1:2",
                "prod": "127.0.0.1:4", "prod (c)": "127.0.0.1:3",
            ])
        #expect(Set(choice.remarks.map(\.container)) == ["a", "b", "c"])
    }

    @Test("Of two labels that are equal the container that has run for longer is called so")
    func equalLabels() throws {
        let choice = try Self.choice([
            Box(name: "aaa", label: "chat", publishes: 1, startedAt: "2026-11-22T11:00:00Z"), Box(name: "old", label: "chat", publishes: 2),
        ])
        #expect(Self.named(choice) == ["chat": "127.0.0.1:2", "chat (aaa)": "127.0.0.1:1"])
    }

    @Test("A container that is called as a server of the settings is told from it")
    func ownName() throws {
        let choice = try Self.choice([Box(name: "chat", publishes: 1)], servers: [("chat", "http://10.0.0.5")])
        #expect(Self.named(choice) == ["chat": "10.0.0.5", "chat (127.0.0.1:1)": "127.0.0.1:1"])
    }

    @Test("A name that looks like a URL is nobody's", arguments: ["http://10.0.0.5:8000", "https://x", "x://"])
    func urls(label: String) throws {
        let choice = try Self.choice([Box(name: "evil", label: label, publishes: 1)])
        #expect(Self.named(choice) == ["evil": "127.0.0.1:1"] && choice.remarks.count == 1)
    }

    @Test("A place is that of the settings, of who publishes it, of a port of the settings, and last of whoever says so")
    func places() throws {
        let thief = Box(name: "aaa-thief", claims: 29_121, startedAt: "2026-11-22T09:00:00Z")
        let published = try Self.choice([thief, Box(name: "real", publishes: 29_121)], ports: [29_121])
        #expect(published.targets.map(\.container) == ["real"] && published.remarks.map(\.container) == ["aaa-thief"])
        let port = try Self.choice([thief], ports: [29_121])
        #expect(port.targets.map(\.origin) == [.port] && port.remarks.map(\.container) == ["aaa-thief"])
        let configured = try Self.choice([thief], servers: [("x", "http://LOCALHOST:29121")], ports: [29_121])
        #expect(configured.targets.map(\.name) == ["x"])
        // Nobody else is there.
        #expect(try Self.choice([thief]).targets.map(\.name) == ["aaa-thief"])
    }

    @Test("Many containers leave room for what the settings name")
    func limit() throws {
        let boxes = (1...10).map { (port: Int) in Box(name: "box\(port)", publishes: port) }
        let choice = try Self.choice(boxes, servers: [("x", "http://10.0.0.5")], ports: [99], limit: 5)
        #expect(choice.targets.count == 5 && choice.remarks.count == 7)
        #expect(Set(choice.targets.map(\.name)).isSuperset(of: ["x", "127.0.0.1:99"]))
    }

    @Test("Each remark is said once, and of many that come anew a few in a minute")
    func remarks() {
        func remark(_ name: String) -> TargetChoice.Remark { .init(container: name, message: "m") }
        let start = ContinuousClock.now
        var remarks = TargetRemarks()
        func said(_ names: [String], _ seconds: Double) -> [String] {
            remarks.news(names.map(remark), now: start.advanced(by: .seconds(seconds))).map(\.container)
        }
        #expect(said(["a"], 0) == ["a"] && said(["a"], 100).isEmpty)
        #expect(said(["a", "b"], 101) == ["b"] && said(["a", "b", "c"], 120).isEmpty && said(["a", "b", "c"], 170) == ["c"])
        // Who was gone and is back is news again.
        #expect(said(["a"], 300).isEmpty && said(["a", "b"], 400) == ["b"])
        #expect(said((0..<100).map { "x\($0)" }, 500).count == 5)
    }
}
