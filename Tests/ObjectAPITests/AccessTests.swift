import Glibc
import Primitives
import RawPeers
import TestSupport
import Testing
import Web

@testable import ObjectAPI

@Suite struct AccessTests {
    private let folder = ScratchFolder()

    private func credentials(at clock: WallClock = .system, names: [String] = []) throws -> APICredentials {
        try APICredentials(
            directory: "\(folder.path)/api", kubeconfig: "\(folder.path)/kubeconfig", url: "https://127.0.0.1:8070", names: names,
            logger: .silent, clock: clock)
    }

    private func text(_ name: String) throws -> String { String(decoding: try Files.read("\(folder.path)/\(name)"), as: UTF8.self) }

    private func token() throws -> String { String(try text("api/token").dropLast()) }

    @Test(arguments: ["api/token", "api/server.key", "api/ca.key", "kubeconfig"])
    func `secrets are their owner's alone`(name: String) throws {
        _ = try credentials()
        var status = stat()
        #expect(stat("\(folder.path)/\(name)", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `what is there stays`() throws {
        _ = try credentials()
        let before = try ["api/token", "api/ca.crt", "api/server.crt", "kubeconfig"].map(text)
        _ = try credentials()
        #expect(try ["api/token", "api/ca.crt", "api/server.crt", "kubeconfig"].map(text) == before)
    }

    @Test func `the token is let in and nothing else is`() throws {
        let credentials = try credentials()
        let token = try token()
        #expect(token.utf8.count >= 40)
        #expect(credentials.accepts(token))
        for other in ["", "x", token + "x", String(token.dropLast()), String(token.dropLast()) + "!", token.uppercased() + "a"] {
            #expect(!credentials.accepts(other))
        }
        try credentials.rotateToken()
        #expect(!credentials.accepts(token))
        #expect(credentials.accepts(try self.token()))
        #expect(try text("kubeconfig").contains("token: \(try self.token())\n"))
    }

    @Test func `a token that is too short is refused`() throws {
        _ = try credentials()
        try Files.write(Array("secret\n".utf8), to: "\(folder.path)/api/token")
        #expect(throws: Failure.self) { try credentials() }
    }

    @Test(arguments: [(0.0, true, true), (100, true, true), (125, true, false), (3300, false, false)])
    func `certificates are renewed before they end`(days: Double, keepsAuthority: Bool, keepsServer: Bool) throws {
        let start = 1_800_000_000.0
        _ = try credentials(at: .fixed(start))
        let (authority, server) = (try text("api/ca.crt"), try text("api/server.crt"))
        _ = try credentials(at: .fixed(start + days * 86_400))
        #expect((try text("api/ca.crt") == authority) == keepsAuthority)
        #expect((try text("api/server.crt") == server) == keepsServer)
    }

    @Test func `a new name makes a new certificate of the same authority`() throws {
        _ = try credentials()
        let (authority, server) = (try text("api/ca.crt"), try text("api/server.crt"))
        _ = try credentials(names: ["manager.example.com", "192.0.2.7"])
        #expect(try text("api/ca.crt") == authority)
        #expect(try text("api/server.crt") != server)
        let made = IssuedCertificate(certificatePEM: try text("api/server.crt"), keyPEM: Secret(try text("api/server.key")))
        for name in ["127.0.0.1", "::1", "localhost", "manager.example.com", "192.0.2.7"] { #expect(made.isFor(name)) }
        #expect(!made.isFor("other.example.com"))
    }

    @Test(arguments: ["api/server.key", "api/server.crt", "api/ca.key", "api/ca.crt"])
    func `what was broken is made anew`(name: String) throws {
        _ = try credentials()
        try Files.write(Array("broken".utf8), to: "\(folder.path)/\(name)")
        let credentials = try credentials()
        #expect(try credentials.entrance().isSecure)
    }

    @Test(arguments: [
        (nil, 401), ("Bearer right", 200), ("bearer   right", 200), ("Bearer wrong", 401), ("Bearer", 401), ("Basic right", 401),
        ("right", 401), ("Bearer right x", 401),
    ])
    func `the door asks for the token`(field: String?, status: Int) async {
        let door = BearerDoor({ $0 == "right" }) { _ in HTTPServerResponse(text: "in") }
        let headers = HTTPHeaders(field.map { [("Authorization", $0)] } ?? [])
        #expect(await door.handle(HTTPServerRequest(method: "GET", path: "/apis", headers: headers)).status == status)
        #expect(await door.handle(HTTPServerRequest(method: "GET", path: "/healthz")).status == 200)
        #expect(await door.handle(HTTPServerRequest(method: "POST", path: "/healthz")).status == 401)
    }

    /// Whoever waits for a request to be whole has a megabyte and more of each stranger in memory.
    @Test func `the door asks before a body comes`() async throws {
        let api = BearerDoor({ $0 == "right" }) { HTTPServerResponse(text: "\($0.body.count)") }
        let server = try HTTPServer(
            [try Listener(ListenAddress(host: "127.0.0.1", port: 0), origin: "test")], limits: ObjectAPI.serverLimits, refusal: api.refusal,
            logger: .silent, handler: api.handle)
        let port = server.address.port
        let head = "POST /api/v1/namespaces/default/secrets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1500000\r\n"
        // Nothing of the body is sent, nor is more told than that.
        for more in ["", "Expect: 100-continue\r\n", "Authorization: Bearer wrong\r\n"] {
            let answer = try await exchange(port, head + more + "\r\n")
            #expect(answer?.hasPrefix("HTTP/1.1 401 ") == true && answer?.contains("100 Continue") == false)
        }
        // Who sends none may ask again.
        let again = try await onThread {
            guard let connection = RawConnection(port: port) else { return [Int]() }
            return ["wrong", "right", "wrong"].compactMap { token in
                connection.send("GET /api HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
                return connection.readAnswer()?.status
            }
        }
        #expect(again == [401, 200, 401])
        let status = try await onThread {
            guard let connection = RawConnection(port: port) else { return "" }
            connection.send(head + "Authorization: Bearer right\r\nExpect: 100-continue\r\n\r\n")
            guard connection.read(through: "\r\n\r\n")?.hasPrefix("HTTP/1.1 100 ") == true else { return "no 100" }
            connection.send(String(repeating: "x", count: 1_500_000))
            return connection.readAnswer()?.body ?? ""
        }
        #expect(status == "1500000")
        await server.stop(withinSeconds: 1)
    }

    @Test(
        arguments: [
            ("api", 0o770, "written to by others"), ("api", 0o702, "written to by others"), ("api/token", 0o660, "delete it"),
            ("api/ca.key", 0o602, "delete it"),
        ] as [(String, mode_t, String)])
    func `what others may have written is not believed`(name: String, mode: mode_t, words: String) throws {
        _ = try credentials()
        #expect(chmod("\(folder.path)/\(name)", mode) == 0)
        #expect(refusal()?.contains(words) == true)
        #expect(refusal()?.contains("\(folder.path)/\(name)") == true)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"), arguments: ["api", "api/token", "api/server.key"])
    func `what is another user's is not believed`(name: String) throws {
        _ = try credentials()
        #expect(chown("\(folder.path)/\(name)", 65_534, 65_534) == 0)
        #expect(refusal()?.contains("belongs to user 65534") == true)
    }

    private func refusal() -> String? {
        do {
            _ = try credentials()
            return nil
        } catch {
            return (error as? Failure)?.message
        }
    }

    @Test func `two tokens are none`() async {
        let door = BearerDoor({ $0 == "right" }) { _ in HTTPServerResponse(text: "in") }
        let headers = HTTPHeaders([("Authorization", "Bearer right"), ("Authorization", "Bearer right")])
        #expect(await door.handle(HTTPServerRequest(method: "GET", path: "/apis", headers: headers)).status == 401)
    }
}
