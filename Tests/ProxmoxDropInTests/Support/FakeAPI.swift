import TestSupport
import Primitives
import ProxmoxAPI
import Synchronization
import Web

@testable import ProxmoxDropIn

/// An API that answers from a table, path (with its query) to what it says, and remembers what it was asked.
final class FakeAPI: Sendable {
    enum Answer: Sendable {
        /// The text of `data`.
        case data(String)
        /// A body as it stands.
        case body([UInt8])
        case refusal(Int, String)
        /// No answer before the API is stopped.
        case hang
        /// The answer comes when the turnstile lets it through.
        case held(Turnstile, String)
        /// The connection is closed.
        case drop
    }

    private struct State {
        var answers: [String: Answer]
        var everything: Answer?
        var calls: [String] = []
        var requests: [HTTPServerRequest] = []
    }

    static let token = "monitor@pve!exporter=hunter2-hunter2"

    private let state: Mutex<State>
    private let running = Mutex<HTTPServer?>(nil)
    private let end = Turnstile()
    private let isSecure: Bool

    init(_ answers: [String: Answer] = Lab.answers, certificate: SelfSignedCertificate? = nil) throws {
        state = Mutex(State(answers: answers))
        isSecure = certificate != nil
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = 500
        limits.connections = 1000
        let server = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", limits: limits, certificate: certificate, logger: .silent
        ) { [weak self] request in
            await self?.answer(request) ?? .dropped
        }
        running.withLock { $0 = server }
    }

    /// Ends it; from now on nobody listens there.
    func stop() async {
        end.open()
        let server = running.withLock { server in
            defer { server = nil }
            return server
        }
        await server?.stop(withinSeconds: 0)
    }

    var address: ListenAddress { running.withLock { $0?.address } ?? ListenAddress(host: "127.0.0.1", port: 1) }
    var url: String { address.url(scheme: isSecure ? "https" : "http") }
    var authority: String { address.description }

    func cluster(name: String? = nil, token: String = token) throws -> DropInCluster {
        DropInCluster(
            name: name, endpoints: [try ProxmoxEndpoint(address: url, trust: .system)],
            credential: try ProxmoxCredential.token(parsing: token))
    }

    /// All calls since the last time this was asked, sorted.
    func takeCalls() -> [String] {
        state.withLock { state in
            defer { state.calls = [] }
            return state.calls.sorted()
        }
    }

    /// Every request since the start.
    var requests: [HTTPServerRequest] { state.withLock { $0.requests } }

    /// One answer; nil takes it out, so that the path is unknown.
    subscript(path: String) -> Answer? {
        get { state.withLock { $0.answers[path] } }
        set { state.withLock { $0.answers[path] = newValue } }
    }

    /// In place of all answers, or nil.
    var everything: Answer? {
        get { state.withLock { $0.everything } }
        set { state.withLock { $0.everything = newValue } }
    }

    private func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let path = String(request.path.dropFirst("/api2/json".count)) + (query.isEmpty ? "" : "?\(query)")
        let answer = state.withLock { state in
            state.calls.append(path)
            state.requests.append(request)
            return state.everything ?? state.answers[path]
        }
        guard request.headers["Authorization"] == "PVEAPIToken=\(Self.token)" else {
            return HTTPServerResponse(status: 401, text: #"{"data":null,"message":"no such token\n"}"#)
        }
        switch answer {
        case nil: return HTTPServerResponse(status: 501, text: #"{"data":null,"message":"no such path"}"#)
        case .data(let text): return HTTPServerResponse(json: Array("{\"data\":\(text)}".utf8))
        case .body(let bytes): return HTTPServerResponse(json: bytes)
        case .refusal(let status, let text): return HTTPServerResponse(status: status, text: "{\"data\":null,\"message\":\"\(text)\"}")
        case .held(let turnstile, let text):
            await turnstile.pass()
            return HTTPServerResponse(json: Array("{\"data\":\(text)}".utf8))
        case .hang:
            await end.pass()
            return .dropped
        case .drop: return .dropped
        }
    }
}

/// Runs an API and `/pve` in front of it.
func serving(
    _ answers: [String: FakeAPI.Answer] = Lab.answers, _ settings: DropInSettings = DropInSettings(), timeoutSeconds: Double = 30,
    _ body: (FakeAPI, Exporter) async throws -> Void
) async throws {
    let api = try FakeAPI(answers)
    let exporter = try Exporter(settings, clusters: [try api.cluster(name: "lab")], timeoutSeconds: timeoutSeconds)
    do {
        try await body(api, exporter)
    } catch {
        await exporter.stop()
        await api.stop()
        throw error
    }
    await exporter.stop()
    await api.stop()
}
