import JSON
import Primitives
import Synchronization
import TestSupport
import Testing
import Web

@testable import ProxmoxAPI

/// What opens the door stays between us and the API, and the second key is turned once.
@Suite struct SessionSecretTests {
    private static let twoFactor = HTTPServerResponse(
        text:
            #"{"data":{"username":"monitor@pve","ticket":"PVE:!tfa!%7B%22totp%22%3Atrue%7D:6B000000::hunter-half==","CSRFPreventionToken":"x","NeedTFA":1}}"#
    )

    /// All that must not be seen.
    private func expectNoSecret(_ text: String) {
        let raw = [LoginServer.password, "hunter"] + (0...3).flatMap { [LoginServer.ticketText($0), LoginServer.csrf($0)] }
        for secret in raw { #expect(!text.contains(secret) && !text.contains(percentEncoded(secret)), "\(text)") }
        #expect(!text.utf8.contains { $0 < 0x20 }, "one line: \(text)")
    }

    // MARK: two factors

    @Test(arguments: [true, false])
    func `a second factor is named, and nobody is asked again`(isOld: Bool) async throws {
        try await loggingIn { _, _ in
            // Older versions say it in a field, newer ones in the ticket.
            isOld ? LoginServer.ticket(0, more: #","NeedTFA":1"#) : Self.twoFactor
        } _: { server, http in
            let client = try server.client(try passwordSession())
            for _ in 0..<3 {
                let error = try #require(await versionFailure(client, http))
                #expect(
                    error.kind == .unauthorized
                        && error.description.hasPrefix("POST /access/ticket: monitor@pve has two-factor authentication"))
                #expect(error.description.contains("pveum user token add monitor@pve martlet"))
                expectNoSecret(error.description)
            }
            #expect(server.logins.count == 1 && server.calls.isEmpty)
        }
    }

    @Test func `a code answers it once`() async throws {
        let isTaken = Mutex(true)
        try await loggingIn { number, form in
            form["tfa-challenge"] == nil ? Self.twoFactor : LoginServer.ticket(number)
        } answer: { _, _ in
            isTaken.withLock { $0 } ? LoginServer.version : LoginServer.refusal(401)
        } _: { server, http in
            let client = try server.client(try passwordSession(code: "012345"))
            _ = try await client.version(http: http, by: .farAway)
            #expect(
                server.forms == [
                    ["username": "monitor@pve", "password": LoginServer.password],
                    [
                        "username": "monitor@pve", "password": "totp:012345",
                        "tfa-challenge": "PVE:!tfa!%7B%22totp%22%3Atrue%7D:6B000000::hunter-half==",
                    ],
                ])
            #expect(server.cookies == [LoginServer.cookie(1)])
            // The code is spent; to send it again counts against the account.
            isTaken.withLock { $0 = false }
            let error = try #require(await versionFailure(client, http))
            #expect(error.kind == .unauthorized && error.description.contains("pveum user token add monitor@pve martlet"))
            expectNoSecret(error.description)
            #expect(server.forms.count { $0["tfa-challenge"] != nil } == 1)
        }
    }

    @Test func `a wrong code is not sent again`() async throws {
        try await loggingIn { _, form in
            form["tfa-challenge"] == nil ? Self.twoFactor : LoginServer.refusal(401)
        } _: { server, http in
            let client = try server.client(try passwordSession(code: "012345", refusalSeconds: 0))
            for _ in 0..<4 {
                let error = try #require(await versionFailure(client, http))
                #expect(error.kind == .unauthorized && !error.description.contains("012345"))
                expectNoSecret(error.description)
            }
            #expect(server.forms.count { $0["tfa-challenge"] != nil } == 1)
        }
    }

    @Test func `a code is spent for all sessions of the account`() async throws {
        try await loggingIn { number, form in
            form["tfa-challenge"] == nil ? Self.twoFactor : LoginServer.ticket(number)
        } _: { server, http in
            let account = ProxmoxAccount(
                try ProxmoxCredential.login(LoginServer.user, Secret(LoginServer.password), oneTimeCode: Secret("012345")))
            #expect(await versionFailure(try server.client(ProxmoxSession(account)), http) == nil)
            #expect(await versionFailure(try server.client(ProxmoxSession(account)), http)?.kind == .unauthorized)
            #expect(server.forms.count { $0["tfa-challenge"] != nil } == 1)
        }
    }

    @Test func `half a ticket is none`() async throws {
        try await loggingIn { _, _ in
            Self.twoFactor
        } _: { server, http in
            let error = try #require(await versionFailure(try server.client(try passwordSession(code: "012345")), http))
            #expect(error.kind == .unauthorized)
            expectNoSecret(error.description)
            #expect(server.calls.isEmpty)
        }
    }

    // MARK: secrets

    @Test(arguments: [400, 401, 403, 500, 503, 595])
    func `a server that repeats the form is not repeated`(status: Int) async throws {
        let form = "username=monitor%40pve&password=\(percentEncoded(LoginServer.password))"
        try await loggingIn { _, _ in
            LoginServer.refusal(status, "bad form \(form): \(LoginServer.password)")
        } _: { server, http in
            expectNoSecret(try #require(await versionFailure(try server.client(try passwordSession()), http)).description)
        }
        // Proxmox puts its messages behind the status; so may others.
        for text in [form, LoginServer.password, percentEncoded(LoginServer.password)] {
            let server = try RawServer("HTTP/1.1 \(status) no: \(text) \(text)\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            let http = try HTTPClient()
            let client = ProxmoxClient(endpoint: try ProxmoxEndpoint(address: server.url, trust: .system), session: try passwordSession())
            let error = try #require(await versionFailure(client, http))
            #expect(error.description.hasPrefix("POST /access/ticket: \(status)"))
            expectNoSecret(error.description)
            http.close()
        }
    }

    @Test(arguments: [500, 403, 595, 401, 200])
    func `a server that repeats the cookie is not repeated`(status: Int) async throws {
        try await loggingIn(answer: { _, request in
            let cookie = request.headers["Cookie"] ?? ""
            let text =
                "\(cookie) \(LoginServer.ticketText(0)) \(LoginServer.csrf(0)) \(percentEncoded(LoginServer.csrf(0))) \(LoginServer.password)"
            return status == 200 ? HTTPServerResponse(text: "<html>\(text)</html>") : LoginServer.refusal(status, text)
        }) { server, http in
            expectNoSecret(try #require(await versionFailure(try server.client(try passwordSession()), http)).description)
        }
    }

    /// A call that is on its way when the ticket is renewed comes back with the old one, which still opens the door.
    @Test func `the ticket before is a secret too`() async throws {
        let turnstile = Turnstile()
        try await loggingIn(answer: { _, request in
            if request.path.hasSuffix("/slow") { await turnstile.pass("") }
            return request.path.hasSuffix("/slow") ? LoginServer.refusal(500, request.headers["Cookie"] ?? "") : LoginServer.version
        }) { server, http in
            let client = try server.client(try passwordSession(renewAfterSeconds: 0))
            let slow = Task {
                await failure { () async throws(ProxmoxError) in
                    try await client.get("/slow", http: http, by: .farAway) { $0.isObject ? true : nil }
                }
            }
            await turnstile.arrivals(1)
            _ = try await client.version(http: http, by: .farAway)
            #expect(server.logins.count == 2)
            turnstile.open()
            expectNoSecret(try #require(await slow.value).description)
        }
    }

    @Test func `nothing that is described shows a secret`() async throws {
        try await loggingIn { server, http in
            let session = try passwordSession(code: "hunter3")
            let client = try server.client(session)
            _ = try await client.version(http: http, by: .farAway)
            for text in ["\(session.credential)", String(reflecting: session.credential), "\(session.credential.identity)"] {
                expectNoSecret(text)
            }
            let login = ProxmoxLogin(
                user: "u@pve", password: Secret("hunter2"), takeCode: { nil }, endpoint: try server.endpoint(), http: http,
                deadline: .farAway)
            expectNoSecret("\(login)")
            let ticket = ProxmoxTicket(text: Secret("hunter"), csrf: Secret("hunter"), generation: 1)
            expectNoSecret("\(ticket)" + String(reflecting: ticket))
        }
    }
}
