import Glibc
import JSON
import Primitives
import Synchronization
import TestSupport
import Testing
import Web

@testable import ProxmoxAPI

@Suite struct FailOverTests {
    private static let token = ProxmoxCredential.token(Secret(testToken))

    /// A port that is taken and where nobody listens.
    private final class Nobody: Sendable {
        let endpoint: ProxmoxEndpoint
        private let descriptor: Int32

        init() throws {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
            let code = withUnsafeBytes(of: &address) { bytes in
                bytes.baseAddress.map { bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) } ?? -1
            }
            guard code == 0 else { throw Failure(.environment, "no port: \(systemMessage(errno))") }
            self.descriptor = descriptor
            let bound = ListenAddress(host: "127.0.0.1", port: 0).bound(to: descriptor)
            endpoint = try ProxmoxEndpoint(address: bound.url(), trust: .system)
        }

        deinit { close(descriptor) }
    }

    private func client(_ endpoints: [ProxmoxEndpoint], _ session: ProxmoxSession = ProxmoxSession(token)) throws -> ProxmoxClient {
        ProxmoxClient(endpoint: try #require(endpoints.first), others: Array(endpoints.dropFirst()), session: session)
    }

    private func get(_ client: ProxmoxClient, _ http: HTTPClient, node: String? = nil, by deadline: Deadline = .farAway) async
        -> ProxmoxError?
    {
        await failure { () async throws(ProxmoxError) in
            try await client.get("/version", node: node, http: http, by: deadline) { $0["version"] == nil ? nil : true }
        }
    }

    /// Servers that all answer something, and a client of them in this order.
    private func with(
        _ answers: [LoginServer.Answer], session: ProxmoxSession = ProxmoxSession(token),
        _ body: ([LoginServer], ProxmoxClient, HTTPClient) async throws -> Void
    ) async throws {
        let servers = try answers.map { try LoginServer(answer: $0) }
        let http = try HTTPClient()
        do {
            try await body(servers, try client(try servers.map { try $0.endpoint() }, session), http)
        } catch {
            http.close()
            for server in servers { await server.stop() }
            throw error
        }
        http.close()
        for server in servers { await server.stop() }
    }

    private static let good: LoginServer.Answer = { _, _ in LoginServer.version }
    private static func refusing(_ status: Int) -> LoginServer.Answer { { _, _ in LoginServer.refusal(status) } }

    // MARK: what makes it go on

    @Test(arguments: [nil, "pve1"])
    func `where nobody listens the next is asked, and stays the first to be`(node: String?) async throws {
        let nobody = try Nobody()
        try await loggingIn { server, http in
            let client = try client([nobody.endpoint, try server.endpoint()])
            for _ in 0..<4 { #expect(await get(client, http, node: node) == nil) }
            #expect(server.calls.count == 4)
            #expect(client.counts.map(\.requests) == [1, 4] && client.counts.map(\.failures) == [1, 0])
            #expect(
                client.counts.map(\.connectionsOpened) == [0, 1] && client.counts[0].receivedBytes == 0
                    && client.counts[1].receivedBytes > 0)
        }
    }

    @Test(arguments: [nil, "pve1"])
    func `a wrong certificate is not believed, and the next is asked`(node: String?) async throws {
        let certificate = try SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"])
        let other = try SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"])
        let (wrong, right) = (try LoginServer(certificate: other), try LoginServer(certificate: certificate))
        let trust = HTTPRequest.Trust.fingerprints([try #require(CertificateFingerprint(certificatePEM: certificate.certificatePEM))])
        let http = try HTTPClient()
        let client = try client([try wrong.endpoint(trust: trust), try right.endpoint(trust: trust)], try passwordSession())
        for _ in 0..<3 { #expect(await get(client, http, node: node) == nil) }
        #expect(wrong.calls.isEmpty && wrong.logins.isEmpty, "nobody who is not believed sees a credential")
        #expect(right.calls.count == 3 && right.logins.count == 1 && client.counts.map(\.failures) == [1, 0])
        http.close()
        for server in [wrong, right] { await server.stop() }
    }

    @Test(arguments: [500, 502, 503, 504, 595, 596, 599])
    func `an endpoint that is not well goes on for the cluster and not for a node`(status: Int) async throws {
        try await with([Self.refusing(status), Self.good]) { servers, client, http in
            let error = try #require(await get(client, http, node: "pve9"))
            #expect(error.description == "\(servers[0].authority): GET /version: \(status) no")
            #expect(servers.map(\.calls.count) == [1, 0])
            #expect(await get(client, http) == nil)
            #expect(servers.map(\.calls.count) == [2, 1])
            // From now on the second, for nodes too.
            #expect(await get(client, http, node: "pve9") == nil)
            #expect(await get(client, http) == nil)
            #expect(
                servers.map(\.calls.count) == [2, 3] && client.counts.map(\.requests) == [2, 3] && client.counts.map(\.failures) == [2, 0])
        }
    }

    @Test func `a path below nodes is a node's, whoever's places the call takes`() async throws {
        try await with([Self.refusing(500), Self.good]) { servers, client, http in
            let error = await failure { () async throws(ProxmoxError) in
                try await client.get("/nodes/pve9/qemu", http: http, by: .farAway) { $0.isObject ? true : nil }
            }
            #expect(error?.kind == .refused(status: 500) && servers.map(\.calls.count) == [1, 0])
        }
    }

    @Test(arguments: [401, 403, 400, 404, 501, 204, 301])
    func `what another endpoint would say too does not go on`(status: Int) async throws {
        try await with([Self.refusing(status), Self.good]) { servers, client, http in
            for node in [nil, "pve9"] {
                let error = try #require(await get(client, http, node: node))
                #expect(error.description.hasPrefix("\(servers[0].authority): GET /version: \(status) "))
            }
            #expect(servers.map(\.calls.count) == [2, 0] && client.counts.map(\.requests) == [2, 0])
        }
    }

    @Test(arguments: ["", "<html>", #"{"data":null}"#, #"{"data":[]}"#])
    func `nor does an answer that breaks its promise`(body: String) async throws {
        try await with([{ _, _ in HTTPServerResponse(text: body) }, Self.good]) { servers, client, http in
            #expect(await get(client, http)?.kind == .malformed)
            #expect(servers.map(\.calls.count) == [1, 0])
        }
    }

    // MARK: time

    @Test func `who hangs leaves time for the next`() async throws {
        let turnstile = Turnstile()
        let hanging: LoginServer.Answer = { _, _ in
            await turnstile.pass("")
            return LoginServer.version
        }
        try await with([hanging, hanging, Self.good]) { servers, client, http in
            let begin = ContinuousClock.now
            #expect(await get(client, http, by: .after(seconds: 4)) == nil)
            #expect((ContinuousClock.now - begin).seconds < 4)
            #expect(servers.map(\.calls.count) == [1, 1, 1])
            // And is not asked again.
            #expect(await get(client, http, by: .after(seconds: 4)) == nil)
            #expect(servers.map(\.calls.count) == [1, 1, 2])
            turnstile.open()
        }
    }

    @Test func `a node that hangs has all of the time, as another endpoint would not know better`() async throws {
        let turnstile = Turnstile()
        try await with([
            { _, _ in
                await turnstile.pass("")
                return LoginServer.version
            }, Self.good,
        ]) { servers, client, http in
            let begin = ContinuousClock.now
            let error = await get(client, http, node: "pve9", by: .after(seconds: 0.5))
            #expect(error?.kind == .timeout && (ContinuousClock.now - begin).seconds > 0.4)
            #expect(servers.map(\.calls.count) == [1, 0])
            turnstile.open()
        }
    }

    /// A machine that takes no connection and refuses none, as one that is switched off behind a router.
    private final class BlackHole {
        let endpoint: ProxmoxEndpoint
        private var descriptors: [Int32] = []

        init() throws {
            let any = ListenAddress(host: "127.0.0.1", port: 0)
            let listening = try any.listen(origin: "test")
            // A line of none behind a door that nobody opens: when it is full, who knocks is not heard.
            Glibc.listen(listening, 0)
            let address = any.bound(to: listening)
            endpoint = try ProxmoxEndpoint(address: address.url(), trust: .system)
            descriptors.append(listening)
            for _ in 0..<8 {
                let knocking = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                var to = sockaddr_in()
                to.sin_family = sa_family_t(AF_INET)
                to.sin_port = address.port.bigEndian
                inet_pton(AF_INET, "127.0.0.1", &to.sin_addr)
                withUnsafeBytes(of: &to) { bytes in
                    if let start = bytes.baseAddress {
                        _ = connect(knocking, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
                    }
                }
                descriptors.append(knocking)
            }
        }

        deinit { for descriptor in descriptors { close(descriptor) } }
    }

    @Test func `machines that swallow packets leave time for the next`() async throws {
        let (one, other) = (try BlackHole(), try BlackHole())
        try await loggingIn { server, http in
            for session in [ProxmoxSession(Self.token), try passwordSession()] {
                let client = try client([one.endpoint, other.endpoint, try server.endpoint()], session)
                let begin = ContinuousClock.now
                #expect(await get(client, http, by: .after(seconds: 4)) == nil)
                #expect((ContinuousClock.now - begin).seconds < 4)
                #expect(client.counts.map(\.failures) == [1, 1, 0])
            }
        }
    }

    /// What is kept of one black hole's time must not be spent on knocking again and again.
    @Test func `a login that finds no way in is not tried again and again`() async throws {
        let hole = try BlackHole()
        let http = try HTTPClient()
        let session = try passwordSession()
        let begin = ContinuousClock.now
        let error = await failure { () async throws(ProxmoxError) in
            try await session.authorization("GET", at: hole.endpoint, http: http, by: .after(seconds: 12))
        }
        let seconds = (ContinuousClock.now - begin).seconds
        #expect(error?.kind == .timeout && seconds > 4 && seconds < 9, "one wait for a connection is five seconds")
        http.close()
    }

    @Test func `who stands in line stands no longer than it has time`() async throws {
        let turnstile = Turnstile()
        try await with([
            { _, _ in
                await turnstile.pass("")
                return LoginServer.version
            }
        ]) { servers, client, http in
            let first = (0..<3).map { _ in Task { await get(client, http) } }
            await turnstile.arrivals(3)
            let begin = ContinuousClock.now
            let error = try #require(await get(client, http, by: .after(seconds: 0.3)))
            #expect(error.kind == .timeout && error.description.contains("still in line") && (ContinuousClock.now - begin).seconds < 15)
            let cancelled = Task { await get(client, http) }
            cancelled.cancel()
            #expect(await cancelled.value?.kind == .unreachable)
            turnstile.open()
            for call in first { #expect(await call.value == nil) }
            // All three places are free again.
            #expect(await get(client, http) == nil)
            #expect(servers[0].calls.count == 4)
        }
    }

    @Test func `no time left is said by the endpoint that was asked`() async throws {
        try await with([Self.good, Self.good]) { servers, client, http in
            let error = try #require(await get(client, http, by: .after(seconds: 0)))
            #expect(error.kind == .timeout && error.description == "\(servers[0].authority): GET /version: no time left to ask")
            #expect(servers.map(\.calls.count) == [0, 0])
        }
    }

    @Test func `who is cancelled asks no other`() async throws {
        let turnstile = Turnstile()
        try await with([
            { _, _ in
                await turnstile.pass("")
                return .dropped
            }, Self.good,
        ]) { servers, client, http in
            let call = Task { await get(client, http) }
            await turnstile.arrivals(1)
            call.cancel()
            #expect(await call.value?.kind == .unreachable)
            #expect(servers.map(\.calls.count) == [1, 0])
            turnstile.open()
            // Nor has it moved on for the others.
            #expect(client.counts.map(\.requests) == [1, 0])
        }
    }

    // MARK: many at once, and round and round

    @Test func `calls that fail at once move on once`() async throws {
        let turnstile = Turnstile()
        let failing: LoginServer.Answer = { _, _ in
            await turnstile.pass("")
            return LoginServer.refusal(500)
        }
        try await with([failing, Self.good, Self.good]) { servers, client, http in
            await withTaskGroup(of: ProxmoxError?.self) { group in
                for _ in 0..<3 { group.addTask { await get(client, http) } }
                await turnstile.arrivals(3)
                turnstile.open()
                for await error in group { #expect(error == nil) }
            }
            #expect(servers.map(\.calls.count) == [3, 3, 0])
            #expect(await get(client, http) == nil)
            #expect(servers.map(\.calls.count) == [3, 4, 0] && client.counts.map(\.failures) == [3, 0, 0])
        }
    }

    @Test func `when all are dead the error names one, and when one rises it is found`() async throws {
        let moods = Mutex([500, 500, 500])
        let answers = (0..<3).map { index -> LoginServer.Answer in
            { _, _ in
                let status = moods.withLock { $0[index] }
                return status == 200 ? LoginServer.version : LoginServer.refusal(status)
            }
        }
        try await with(answers) { servers, client, http in
            let first = try #require(await get(client, http))
            #expect(first.kind == .refused(status: 500) && first.description == "\(servers[2].authority): GET /version: 500 no")
            #expect(servers.map(\.calls.count) == [1, 1, 1])
            for risen in [1, 0, 2, 0] {
                moods.withLock { $0 = (0..<3).map { $0 == risen ? 200 : 500 } }
                for _ in 0..<2 { #expect(await get(client, http) == nil) }
                let before = servers.map(\.calls.count)
                #expect(await get(client, http) == nil)
                #expect(
                    servers.map(\.calls.count) == before.enumerated().map { $0 == risen ? $1 + 1 : $1 }, "the one that works is asked first"
                )
            }
        }
    }

    @Test func `nobody anywhere`() async throws {
        let (one, other) = (try Nobody(), try Nobody())
        let endpoints = [one.endpoint, other.endpoint]
        let http = try HTTPClient()
        let client = try client(endpoints)
        for count in 1...3 {
            let error = try #require(await get(client, http))
            #expect(error.kind == .unreachable && endpoints.contains { error.description.hasPrefix("\($0.authority): GET /version: ") })
            #expect(client.counts.map(\.requests) == [count, count] && client.counts.map(\.failures) == [count, count])
        }
        http.close()
    }

    @Test func `moving on by hand goes round`() async throws {
        try await with([Self.good, Self.good]) { servers, client, http in
            for counts in [[1, 0], [1, 1], [2, 1]] {
                #expect(await get(client, http) == nil)
                #expect(servers.map(\.calls.count) == counts)
                client.moveOn()
            }
        }
    }

    // MARK: quorum

    private static func status(quorate: Int) -> LoginServer.Answer {
        { _, _ in
            let rows = #"[{"type":"cluster","name":"lab","quorate":\#(quorate)},{"type":"node","name":"pve1","online":1}]"#
            return HTTPServerResponse(text: #"{"data":\#(rows)}"#)
        }
    }

    @Test func `the part of a split cluster that has quorum is found`() async throws {
        let turnstile = Turnstile()
        let hanging: LoginServer.Answer = { _, _ in
            await turnstile.pass("")
            return LoginServer.version
        }
        try await with([Self.status(quorate: 0), hanging, Self.refusing(500), Self.status(quorate: 1)]) { servers, client, http in
            let begin = ContinuousClock.now
            #expect(await client.findQuorum(http: http, by: .after(seconds: 30)))
            #expect((ContinuousClock.now - begin).seconds < 15)
            let status = try await client.clusterStatus(http: http, by: .farAway)
            #expect(status.isQuorate == true && servers[3].calls.count == 2 && servers[0].calls.isEmpty)
            turnstile.open()
        }
    }

    @Test func `where none has quorum the same is asked, and the others not again at once`() async throws {
        try await with([Self.status(quorate: 0), Self.status(quorate: 0)]) { servers, client, http in
            for _ in 0..<5 { #expect(!(await client.findQuorum(http: http, by: .farAway))) }
            #expect(servers.map(\.calls.count) == [0, 1])
            _ = try await client.clusterStatus(http: http, by: .farAway)
            #expect(servers.map(\.calls.count) == [1, 1])
        }
        let alone = try client([try Nobody().endpoint])
        let http = try HTTPClient()
        #expect(!(await alone.findQuorum(http: http, by: .farAway)))
        http.close()
    }

    @Test func `one endpoint is named in no error, as there is no other`() async throws {
        try await with([Self.refusing(500)]) { _, client, http in
            #expect(await get(client, http)?.description == "GET /version: 500 no")
        }
    }

    // MARK: logins

    @Test func `the login goes where the call goes`() async throws {
        let nobody = try Nobody()
        try await loggingIn { server, http in
            let client = try client([nobody.endpoint, try server.endpoint()], try passwordSession())
            for _ in 0..<3 { #expect(await get(client, http) == nil) }
            #expect(server.logins.count == 1 && server.calls.count == 3)
        }
    }

    @Test func `a ticket is good at all endpoints`() async throws {
        let mood = Mutex(200)
        try await with(
            [{ _, _ in mood.withLock { $0 } == 200 ? LoginServer.version : LoginServer.refusal(500) }, Self.good],
            session: try passwordSession()
        ) { servers, client, http in
            #expect(await get(client, http) == nil)
            mood.withLock { $0 = 500 }
            #expect(await get(client, http) == nil)
            #expect(servers.map(\.logins.count) == [1, 0] && servers[1].cookies == [LoginServer.cookie(0)])
        }
    }

    @Test func `a password that is refused is not tried at every endpoint`() async throws {
        try await loggingIn { _, _ in
            LoginServer.refusal(401)
        } _: { first, http in
            let second = try LoginServer()
            let client = try client([try first.endpoint(), try second.endpoint()], try passwordSession())
            for _ in 0..<3 {
                let error = try #require(await get(client, http))
                #expect(error.kind == .unauthorized && error.description.hasPrefix("\(first.authority): POST /access/ticket: 401 "))
            }
            #expect(first.logins.count == 1 && second.logins.isEmpty && second.calls.isEmpty)
            await second.stop()
        }
    }

    @Test func `a login that hangs leaves time for the next endpoint`() async throws {
        let turnstile = Turnstile()
        try await loggingIn { number, _ in
            await turnstile.pass("")
            return LoginServer.ticket(number)
        } _: { first, http in
            let second = try LoginServer()
            let client = try client([try first.endpoint(), try second.endpoint()], try passwordSession())
            let errors = await withTaskGroup(of: ProxmoxError?.self) { group in
                for _ in 0..<10 { group.addTask { await get(client, http, by: .after(seconds: 4)) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(errors.allSatisfy { $0 == nil } && errors.count == 10)
            #expect(first.logins.count == 1 && second.logins.count == 1 && second.calls.count == 10)
            turnstile.open()
            await second.stop()
        }
    }

    // MARK: who is told

    @Test func `an observer hears each endpoint's part`() async throws {
        let heard = Mutex<[String]>([])
        let nobody = try Nobody()
        try await loggingIn { server, http in
            let dead = nobody.endpoint
            let client = ProxmoxClient(
                endpoint: dead, others: [try server.endpoint()], session: ProxmoxSession(Self.token),
                observer: { method, url, seconds, isFailure in
                    heard.withLock { $0.append("\(method) \(url) \(isFailure)") }
                    #expect(seconds >= 0 && seconds < 60)
                })
            _ = await failure { () async throws(ProxmoxError) in
                try await client.get("/nodes/a%2Fb/qemu?full=1&x=?", http: http, by: .farAway) { $0.isObject ? true : nil }
            }
            #expect(
                heard.withLock { $0 } == [
                    "GET \(dead.baseURL)/api2/json/nodes/a%2Fb/qemu true", "GET \(server.url)/api2/json/nodes/a%2Fb/qemu false",
                ])
        }
    }
}
