import Primitives
import ProxmoxAPI
import Synchronization
import Web

/// An API that lets in who has a ticket, and remembers all that it was asked.
final class LoginServer: Sendable {
    /// Answers a login: how many came before it, and the form.
    typealias Login = @Sendable (_ number: Int, _ form: [String: String]) async -> HTTPServerResponse
    /// Answers everything else.
    typealias Answer = @Sendable (_ number: Int, _ request: HTTPServerRequest) async -> HTTPServerResponse

    private struct State {
        var logins: [HTTPServerRequest] = []
        var calls: [HTTPServerRequest] = []
    }

    static let user = "monitor@pve"
    static let password = "hunter2 &=+%ß\"/"
    static let version = HTTPServerResponse(text: #"{"data":{"version":"9.2.11","release":"9.2","repoid":"x"}}"#)

    private let state = Mutex(State())
    private let running = Mutex<HTTPServer?>(nil)
    private let isSecure: Bool

    /// - Parameter login: gives a ticket unless said otherwise.
    /// - Parameter answer: says the version unless said otherwise.
    init(
        certificate: SelfSignedCertificate? = nil, login: @escaping Login = { number, _ in LoginServer.ticket(number) },
        answer: @escaping Answer = { _, _ in LoginServer.version }
    ) throws {
        isSecure = certificate != nil
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = 500
        let server = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", limits: limits, certificate: certificate, logger: .silent
        ) { [weak self] request in
            guard let self else { return .dropped }
            let isLogin = request.path == "/api2/json/access/ticket"
            let number = self.state.withLock { state in
                if isLogin { state.logins.append(request) } else { state.calls.append(request) }
                return (isLogin ? state.logins.count : state.calls.count) - 1
            }
            return isLogin ? await login(number, Self.form(request)) : await answer(number, request)
        }
        running.withLock { $0 = server }
    }

    func stop() async {
        let server = running.withLock { server in
            defer { server = nil }
            return server
        }
        await server?.stop(withinSeconds: 0)
    }

    var url: String { running.withLock { $0?.address.url(scheme: isSecure ? "https" : "http") } ?? "" }
    var authority: String { running.withLock { $0?.address.description } ?? "" }

    /// The forms of all logins.
    var forms: [[String: String]] { state.withLock { $0.logins }.map(Self.form) }
    var logins: [HTTPServerRequest] { state.withLock { $0.logins } }
    /// All other requests.
    var calls: [HTTPServerRequest] { state.withLock { $0.calls } }
    /// Their cookies.
    var cookies: [String] { calls.map { $0.headers["Cookie"] ?? "" } }

    func endpoint(trust: HTTPRequest.Trust = .system) throws -> ProxmoxEndpoint { try ProxmoxEndpoint(address: url, trust: trust) }

    func client(_ session: ProxmoxSession) throws -> ProxmoxClient { ProxmoxClient(endpoint: try endpoint(), session: session) }

    // MARK: answers

    /// The text of the ticket of a login.
    static func ticketText(_ number: Int) -> String { "PVE:\(user):6B00000\(number)::hunter-ticket-\(number)+/==" }

    /// The cookie that it makes.
    static func cookie(_ number: Int) -> String {
        "PVEAuthCookie=PVE%3Amonitor%40pve%3A6B00000\(number)%3A%3Ahunter-ticket-\(number)%2B%2F%3D%3D"
    }

    static func csrf(_ number: Int) -> String { "6B00000\(number):hunter-csrf-\(number)" }

    static func ticket(_ number: Int, more: String = "") -> HTTPServerResponse {
        let data = #"{"username":"\#(user)","ticket":"\#(ticketText(number))","CSRFPreventionToken":"\#(csrf(number))"\#(more)}"#
        return HTTPServerResponse(text: #"{"data":\#(data)}"#)
    }

    static func refusal(_ status: Int, _ message: String = "no") -> HTTPServerResponse {
        var text: [UInt8] = []
        text.append(quoted: message)
        return HTTPServerResponse(status: status, text: "{\"data\":null,\"message\":\(String(decoding: text, as: UTF8.self))}")
    }

    /// A form, decoded.
    private static func form(_ request: HTTPServerRequest) -> [String: String] {
        var form: [String: String] = [:]
        for pair in request.body.split(separator: UInt8(ascii: "&")) {
            let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            form[decoded(halves[0])] = halves.count == 2 ? decoded(halves[1]) : ""
        }
        return form
    }

    private static func decoded(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        var rest = Array(bytes)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.popFirst(), let low = rest.popFirst() {
                text.append(UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16) ?? 0)
            } else {
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A session with the password of the fake.
func passwordSession(
    _ password: String = LoginServer.password, code: String? = nil, renewAfterSeconds: Double = 3600, refusalSeconds: Double = 60
) throws -> ProxmoxSession {
    ProxmoxSession(
        try ProxmoxCredential.login(LoginServer.user, Secret(password), oneTimeCode: code.map { Secret($0) }),
        renewAfterSeconds: renewAfterSeconds, refusalSeconds: refusalSeconds)
}

/// Runs a fake around `body`, which is handed an HTTP client too.
func loggingIn(
    login: @escaping LoginServer.Login = { number, _ in LoginServer.ticket(number) },
    answer: @escaping LoginServer.Answer = { _, _ in LoginServer.version }, _ body: (LoginServer, HTTPClient) async throws -> Void
) async throws {
    let server = try LoginServer(login: login, answer: answer)
    let http = try HTTPClient()
    do {
        try await body(server, http)
    } catch {
        http.close()
        await server.stop()
        throw error
    }
    http.close()
    await server.stop()
}

/// The error of `/version`; nil when it went well.
func versionFailure(_ client: ProxmoxClient, _ http: HTTPClient, by deadline: Deadline = .farAway) async -> ProxmoxError? {
    await failure { () async throws(ProxmoxError) in try await client.version(http: http, by: deadline) }
}
