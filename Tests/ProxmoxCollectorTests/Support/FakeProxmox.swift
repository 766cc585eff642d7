import CollectorConformance
import Primitives
import ProxmoxAPI
import ProxmoxCollector
import ProxmoxConfiguration
import Synchronization
import Web

/// An API that answers from a table: path (with its query) to what it says.
final class FakeProxmox: Sendable {
    enum Answer: Sendable {
        /// The text of `data`. Of several, one after the other, as an API whose hashes have another order each time.
        case data([String])
        /// A body as it stands.
        case body(String)
        case refusal(Int, String)
        /// No answer before the gate is opened.
        case hang(Gate)
        /// The connection is closed.
        case drop

        static func data(_ text: String) -> Answer { .data([text]) }
    }

    private struct State {
        var answers: [String: Answer] = [:]
        /// In place of all answers.
        var everything: Answer?
        var calls: [String] = []
        var turns: [String: Int] = [:]
        var traffic = Traffic()
        /// Before each answer.
        var delaySeconds = 0.0
    }

    static let token = "monitor@pve!exporter=5e3ac0de-5e3ac0de"
    static let secret = "5e3ac0de-5e3ac0de"

    private let state = Mutex(State())
    private let running = Mutex<HTTPServer?>(nil)

    init() throws {
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = 500
        limits.connections = 1000
        let server = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", limits: limits, logger: .silent
        ) { [weak self] request in
            await self?.answer(request) ?? .dropped
        }
        running.withLock { $0 = server }
    }

    /// A fake around `body`, with the answers of a table.
    static func serve(_ answers: [String: String] = [:], _ body: (FakeProxmox) async throws -> Void) async throws {
        let fake = try FakeProxmox()
        fake.set(answers)
        do {
            try await body(fake)
        } catch {
            await fake.stop()
            throw error
        }
        await fake.stop()
    }

    /// Ends it; from now on nobody listens there.
    func stop() async {
        let server = running.withLock { server in
            defer { server = nil }
            return server
        }
        await server?.stop(withinSeconds: 0)
    }

    var url: String { running.withLock { $0?.address.url() } ?? "" }

    /// All calls since the last time this was asked, sorted.
    func takeCalls() -> [String] {
        state.withLock { state in
            defer { state.calls = [] }
            return state.calls.sorted()
        }
    }

    /// Whether this call comes, or came since the calls were taken: one that no scrape waits for may come after its end.
    func hears(_ path: String, withinSeconds seconds: Double = 5) async throws -> Bool {
        let deadline = Deadline.after(seconds: seconds)
        while !state.withLock({ $0.calls.contains(path) }) {
            guard !deadline.hasPassed else { return false }
            try await Task.sleep(for: .milliseconds(2))
        }
        return true
    }

    /// Replaces the whole table.
    func set(_ answers: [String: String]) {
        state.withLock { state in
            state.answers = answers.mapValues { Answer.data($0) }
            state.everything = nil
        }
    }

    /// One answer; nil takes it out, so that the path is unknown.
    subscript(path: String) -> Answer? {
        get { state.withLock { $0.answers[path] } }
        set { state.withLock { $0.answers[path] = newValue } }
    }

    /// Who asked for what at the same time, since the last time this was asked.
    func takeTraffic() -> Traffic {
        state.withLock { state in
            defer { state.traffic.forget() }
            return state.traffic
        }
    }

    var traffic: Traffic { state.withLock { $0.traffic } }

    /// How long each answer takes.
    var delaySeconds: Double {
        get { state.withLock { $0.delaySeconds } }
        set { state.withLock { $0.delaySeconds = newValue } }
    }

    /// In place of all answers, or nil.
    var everything: Answer? {
        get { state.withLock { $0.everything } }
        set { state.withLock { $0.everything = newValue } }
    }

    /// - Parameter slow: what is asked for on timers, which is nothing unless said.
    func settings(name: String? = nil, token: String = token, slow: SlowSettings = .none) throws -> ProxmoxSettings {
        ProxmoxSettings(clusters: [try cluster(name: name, token: token)], slow: slow)
    }

    func cluster(name: String? = nil, token: String = token) throws -> ConfiguredCluster {
        ConfiguredCluster(
            name: name, endpoint: try ProxmoxEndpoint(address: url, trust: .system), credential: .token(Secret(token)))
    }

    private func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let path = String(request.path.dropFirst("/api2/json".count)) + (query.isEmpty ? "" : "?\(query)")
        let (answer, turn, delaySeconds) = state.withLock { state in
            state.calls.append(path)
            state.traffic.begin(path)
            state.turns[path, default: 0] += 1
            // Of a query with a moment in it only the path is known beforehand.
            let answer = state.everything ?? state.answers[path] ?? state.answers[String(path.prefix { $0 != "?" })]
            return (answer, state.turns[path] ?? 0, state.delaySeconds)
        }
        defer { state.withLock { $0.traffic.end(path) } }
        if delaySeconds > 0 { try? await Task.sleep(for: .seconds(delaySeconds)) }
        guard request.headers["Authorization"] == "PVEAPIToken=\(Self.token)" else {
            return HTTPServerResponse(status: 401, text: "")
        }
        switch answer {
        case nil: return HTTPServerResponse(status: 501, text: #"{"data":null,"message":"no such path"}"#)
        case .data(let texts): return HTTPServerResponse(json: Array("{\"data\":\(texts[turn % texts.count])}".utf8))
        case .body(let text): return HTTPServerResponse(text: text)
        case .refusal(let status, let text): return HTTPServerResponse(status: status, text: "{\"data\":null,\"message\":\"\(text)\"}")
        case .hang(let gate):
            await gate.pass()
            return .dropped
        case .drop: return .dropped
        }
    }
}

extension SlowSettings {
    /// Nothing is asked for on timers.
    static var none: SlowSettings {
        var settings = SlowSettings()
        settings.isEnabled = false
        return settings
    }
}
