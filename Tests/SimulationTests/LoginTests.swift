import Primitives
import Testing
import Web

@testable import Simulation

/// Logins by password, with statuses and bodies typed from answers that a real Proxmox VE 9.2 gave.
@Suite struct LoginTests {
    private let clock = TestClock(epoch + 500)
    private static let user = "monitor@pve"

    private func service(password: String? = "geheim & +1", tfa: Bool = false, nodes: Int = 4) throws -> ProxmoxService {
        var options = ProxmoxSimulator.Options()
        options.nodes = nodes
        options.guests = 20
        options.latencySeconds = 0
        options.offlineDelaySeconds = 0
        options.authDelaySeconds = 0
        options.clock = .fixed(epoch)
        options.serverClock = clock.wall
        options.password = password.map { Secret($0) }
        options.needsSecondFactor = tfa
        options.ticketLifetimeSeconds = 100
        return try ProxmoxSimulator.service(options, logger: .silent)
    }

    private func post(_ service: ProxmoxService, _ body: String, type: String = "application/x-www-form-urlencoded") async
        -> HTTPServerResponse
    {
        await service.answer(
            HTTPServerRequest(
                method: "POST", path: "/api2/json/access/ticket", headers: HTTPHeaders([("Content-Type", type)]), body: Array(body.utf8)))
    }

    private func logIn(_ service: ProxmoxService, password: String = "geheim+%26+%2B1") async throws -> Tree {
        let response = await post(service, "username=monitor%40pve&password=\(password)")
        #expect(response.status == 200)
        return try #require(try Tree(bytes(response))["data"])
    }

    private func get(
        _ service: ProxmoxService, cookie: String?, token: String? = nil, method: String = "GET", path: String = "/api2/json/version"
    ) async -> HTTPServerResponse {
        let fields = [cookie.map { ("Cookie", $0) }, token.map { ("CSRFPreventionToken", $0) }].compactMap { $0 }
        return await service.answer(HTTPServerRequest(method: method, path: path, headers: HTTPHeaders(fields)))
    }

    /// Each reserved byte as `%3A`, as the web interface writes its cookie.
    private func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            return isPlain ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    @Test(arguments: [
        ("username=monitor%40pve&password=geheim+%26+%2B1", "application/x-www-form-urlencoded"),
        ("username=monitor&realm=pve&password=geheim%20%26%20%2B1&new-format=1", "application/x-www-form-urlencoded; charset=utf-8"),
        (#"{"username":"monitor@pve","password":"geheim & +1"}"#, "application/json"),
    ])
    func `a login`(body: String, type: String) async throws {
        let response = await post(try service(), body, type: type)
        #expect(response.status == 200)
        let data = try #require(try Tree(bytes(response))["data"])
        #expect(data.keys == ["username", "ticket", "CSRFPreventionToken", "clustername", "cap"])
        #expect(data["username"] == .string(Self.user) && data["clustername"] == .string("lab"))
        #expect(data["cap"]?.keys == ["access", "dc", "mapping", "nodes", "sdn", "storage", "vms"])
        #expect(data["cap"]?["access"] == .object([:]) && data["cap"]?["dc"]?["Sys.Audit"]?.integer == 1)
        let parts = try #require(data["ticket"]?.string).split(separator: ":", omittingEmptySubsequences: false)
        #expect(parts.count == 5 && parts[0] == "PVE" && parts[1] == "monitor@pve" && parts[3].isEmpty)
        #expect(parts[2] == String(Int(epoch + 500), radix: 16, uppercase: true) && parts[4].utf8.count == 44)
        #expect(data["CSRFPreventionToken"]?.string?.hasPrefix(parts[2] + ":") == true)
    }

    @Test func `a node that stands alone names no cluster`() async throws {
        #expect(try await logIn(try service(nodes: 1)).keys == ["username", "ticket", "CSRFPreventionToken", "cap"])
    }

    @Test(arguments: [
        "username=monitor%40pve&password=wrong", "username=monitor%40pve&password=", "username=monitor&password=geheim+%26+%2B1",
        "username=nobody%40pve&password=geheim+%26+%2B1", "username=monitor&realm=pam&password=geheim+%26+%2B1",
        "username=monitor%40pve&realm=pve&password=geheim+%26+%2B1", "username=monitor%40pve&password=totp%3A123456&tfa-challenge=x",
    ])
    func `a refusal does not say why`(body: String) async throws {
        let response = await post(try service(), body)
        #expect(response.status == 401 && text(response) == #"{"data":null,"message":"authentication failure\n"}"#)
    }

    @Test func `without a password nobody gets in`() async throws {
        for body in ["username=monitor%40pve&password=", "username=monitor%40pve&password=x"] {
            #expect(await post(try service(password: nil), body).status == 401)
            #expect(await post(try service(password: ""), body).status == 401)
        }
    }

    @Test(arguments: [
        ("username=monitor%40pve", "application/x-www-form-urlencoded", ["password": "property is missing and it is not optional"]),
        ("password=x", "application/x-www-form-urlencoded", ["username": "property is missing and it is not optional"]),
        (
            #"["username"]"#, "application/json",
            ["username": "property is missing and it is not optional", "password": "property is missing and it is not optional"]
        ),
        (
            "username=a&password=b&bogus=1&bogus=2", "application/x-www-form-urlencoded",
            ["bogus": "property is not defined in schema and the schema does not allow additional properties"]
        ),
    ])
    func `parameters are checked first`(body: String, type: String, errors: [String: String]) async throws {
        let response = await post(try service(), body, type: type)
        #expect(response.status == 400)
        #expect(try Tree(bytes(response))["errors"] == .object(errors.mapValues { .string($0) }))
    }

    @Test func `the page of a login is open to all`() async throws {
        let response = await get(try service(), cookie: nil, path: "/api2/json/access/ticket")
        #expect(response.status == 200 && text(response) == #"{"data":null}"#)
        #expect(await get(try service(), cookie: nil, method: "PUT", path: "/api2/json/access/ticket").status == 401)
    }

    @Test func `a ticket in a cookie, raw or encoded, alone or among others`() async throws {
        let service = try service()
        let ticket = try #require(try await logIn(service)["ticket"]?.string)
        let encoded = percentEncoded(ticket)
        for cookie in [
            "PVEAuthCookie=\(ticket)", "PVEAuthCookie=\(encoded)", "a=b; PVEAuthCookie=\(encoded); PVELangCookie=en",
            "x=1;PVEAuthCookie=\(ticket);",
        ] {
            #expect(await get(service, cookie: cookie).status == 200, "\(cookie)")
        }
        // A token in the other header is what counts then.
        let both = HTTPHeaders([("Cookie", "PVEAuthCookie=\(ticket)"), ("Authorization", "PVEAPIToken=monitor@pve!martlet=wrong")])
        #expect(await service.answer(HTTPServerRequest(method: "GET", path: "/api2/json/version", headers: both)).status == 401)
    }

    @Test func `any other cookie is refused with nothing said`() async throws {
        let service = try service()
        let ticket = try #require(try await logIn(service)["ticket"]?.string)
        let foreign = try #require(try await logIn(try self.service())["ticket"]?.string)
        let other = ticket.replacing("monitor@", with: "root@")
        let older = ticket.replacing(ticket.split(separator: ":")[2], with: "00000000")
        for cookie in [
            "", "PVEAuthCookie=", "PVEAuthCookie=\(ticket)x", "PVEAuthCookie=\(ticket.dropLast())", "PVEAuthCookie=\(other)",
            "PVEAuthCookie=\(older)", "PVEAuthCookie=\(foreign)", "XPVEAuthCookie=\(ticket)", "PVEAuthCookie=PVE:monitor@pve:::",
        ] {
            let response = await get(service, cookie: cookie)
            #expect(response.status == 401 && bytes(response).isEmpty && response.headers["Content-Type"] == nil, "\(cookie)")
        }
    }

    @Test func `a ticket ends`() async throws {
        let service = try service()
        let ticket = try #require(try await logIn(service)["ticket"]?.string)
        clock.now += 99
        #expect(await get(service, cookie: "PVEAuthCookie=\(ticket)").status == 200)
        // As a password it brings a new one.
        let renewed = try #require(try await logIn(service, password: percentEncoded(ticket))["ticket"]?.string)
        clock.now += 1
        #expect(await get(service, cookie: "PVEAuthCookie=\(ticket)").status == 401)
        #expect(await post(service, "username=monitor%40pve&password=\(percentEncoded(ticket))").status == 401)
        #expect(await get(service, cookie: "PVEAuthCookie=\(renewed)").status == 200)
    }

    @Test func `what changes something needs the token against forged requests`() async throws {
        let service = try service()
        let login = try await logIn(service)
        let cookie = "PVEAuthCookie=\(try #require(login["ticket"]?.string))"
        let token = try #require(login["CSRFPreventionToken"]?.string)
        let path = "/api2/json/nodes/pve1/qemu/100/status/stop"
        let foreign = TicketOffice(lifetimeSeconds: 100).preventionToken(for: Self.user, at: clock.now)
        let ofAnother = service.passwordLogin.tickets.preventionToken(for: "root@pam", at: clock.now)
        for wrong in [nil, "", ":", token + "x", foreign, ofAnother, String(token.dropFirst(9))] {
            let response = await get(service, cookie: cookie, token: wrong, method: "POST", path: path)
            #expect(response.status == 401 && bytes(response).isEmpty)
        }
        let right = await get(service, cookie: cookie, token: token, method: "POST", path: path)
        #expect(right.status == 403 && text(right) == #"{"data":null,"message":"Permission check failed (/vms/100, VM.PowerMgmt)\n"}"#)
        #expect(await get(service, cookie: cookie, token: token, method: "POST").status == 501)
        #expect(await get(service, cookie: cookie, method: "POST").status == 401)
        #expect(await get(service, cookie: cookie, path: path).status == 501)
    }

    @Test func `an API token needs none, and has no right either`() async throws {
        let headers = HTTPHeaders([("Authorization", "PVEAPIToken=monitor@pve!martlet=SECRET")])
        for path in ["/api2/json/nodes/pve1/lxc/200/status/start", "/api2/json/nodes/nosuch/qemu/9999/status/shutdown"] {
            #expect(await (try service()).answer(HTTPServerRequest(method: "POST", path: path, headers: headers)).status == 403)
        }
    }

    @Test func `the second factor`() async throws {
        let service = try service(tfa: true)
        let asked = try await logIn(service)
        #expect(asked.keys == ["username", "ticket", "CSRFPreventionToken", "clustername", "NeedTFA"] && asked["NeedTFA"]?.integer == 1)
        let challenge = try #require(asked["ticket"]?.string)
        #expect(challenge.hasPrefix("PVE:!tfa!%7B%22totp%22%3Atrue%7D:"))
        // The question opens nothing by itself.
        #expect(await get(service, cookie: "PVEAuthCookie=\(percentEncoded(challenge))").status == 401)
        #expect(await get(service, cookie: "PVEAuthCookie=\(challenge)").status == 401)
        #expect(await post(service, "username=monitor%40pve&password=\(percentEncoded(challenge))").status == 401)
        let answer = "username=monitor%40pve&tfa-challenge=\(percentEncoded(challenge))&password=totp%3A"
        #expect(await post(service, answer + "654321").status == 401)
        let response = await post(service, answer + "123456")
        let ticket = try #require(try Tree(bytes(response))["data"]?["ticket"]?.string)
        #expect(response.status == 200)
        #expect(await get(service, cookie: "PVEAuthCookie=\(ticket)").status == 200)
        // A renewal asks no more questions.
        #expect(try await logIn(service, password: percentEncoded(ticket))["NeedTFA"] == nil)
        clock.now += 100
        #expect(await post(service, answer + "123456").status == 401)
    }

    @Test func `a code sent along with the password`() async throws {
        let service = try service(tfa: true)
        let body = "username=monitor%40pve&password=geheim+%26+%2B1&otp="
        #expect(await post(service, body + "123456").status == 200)
        #expect(await post(service, body + "1234567").status == 401)
    }

    @Test func `a challenge is of one user`() {
        let office = TicketOffice(lifetimeSeconds: 100)
        let challenge = office.challenge(for: "alice@pve", at: 1000)
        #expect(office.acceptsChallenge(challenge, of: "alice@pve", at: 1001))
        #expect(!office.acceptsChallenge(challenge, of: "bob@pve", at: 1001))
        #expect(!office.acceptsChallenge(office.ticket(for: "alice@pve", at: 1000), of: "alice@pve", at: 1001))
    }

    @Test(arguments: [(-300.0, false), (-299, true), (0, true), (99.9, true), (100, false)])
    func `ages of tickets`(age: Double, isGood: Bool) {
        let office = TicketOffice(lifetimeSeconds: 100)
        #expect((office.user(of: office.ticket(for: "alice@pve", at: 1000), at: 1000 + age) == "alice@pve") == isGood)
    }

    @Test func `logins are counted`() async throws {
        let service = try service()
        _ = try await logIn(service)
        _ = await post(service, "")
        let counted = try Tree(bytes(await get(service, cookie: nil, path: ProxmoxService.statisticsPath)))
        #expect(counted["by_path"]?["/access/ticket"]?.integer == 2)
    }

    @Test(arguments: ["monitor", "@pve", "monitor@", "mon:itor@pve", "mon itor@pve", "a@b@c", ""]) func `impossible users`(user: String) {
        var options = ProxmoxSimulator.Options()
        options.user = user
        let failure = #expect(throws: Failure.self) { try ProxmoxSimulator.service(options, logger: .silent) }
        #expect(failure?.code == .usage)
    }

    @Test func `base64 as everybody writes it`() {
        let signature = SigningKey().signature(of: "x")
        #expect(signature.utf8.count == 44 && signature.hasSuffix("=") && !signature.hasSuffix("=="))
        #expect(
            signature.utf8.dropLast().allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2B || $0 == 0x2F
            })
    }
}
