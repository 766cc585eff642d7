import JSON
import Primitives
import Synchronization
import TestSupport
import Testing
import Web

@testable import ProxmoxAPI

@Suite struct SessionTests {
    // MARK: what is sent

    @Test func `a login, and then its ticket as the cookie`() async throws {
        try await loggingIn { server, http in
            let client = try server.client(try passwordSession())
            for _ in 0..<5 { #expect(try await client.version(http: http, by: .farAway).version == "9.2.11") }
            #expect(server.forms == [["username": "monitor@pve", "password": LoginServer.password]])
            let login = try #require(server.logins.first)
            #expect(login.method == "POST" && login.query.isEmpty && login.headers["Content-Type"] == "application/x-www-form-urlencoded")
            // The API refuses a body in chunks.
            #expect(login.headers["Content-Length"] == "\(login.body.count)" && login.headers["Transfer-Encoding"] == nil)
            #expect(login.headers["Cookie"] == nil && login.headers["Authorization"] == nil && login.headers["Expect"] == nil)
            #expect(server.cookies == [String](repeating: LoginServer.cookie(0), count: 5))
            for call in server.calls {
                #expect(call.headers["CSRFPreventionToken"] == nil && call.headers["Authorization"] == nil && call.method == "GET")
                #expect(call.headers.fields.count { $0.value.contains("hunter") } == 1)
            }
            #expect(client.counts[0].requests == 5 && client.counts[0].failures == 0)
        }
    }

    @Test func `what is no GET carries the token against forged requests too`() async throws {
        try await loggingIn { server, http in
            let session = try passwordSession()
            for method in ["POST", "PUT", "DELETE"] {
                let headers = try await session.authorization(method, at: try server.endpoint(), http: http, by: .farAway).headers
                #expect(
                    headers.map(\.name) == ["Cookie", "CSRFPreventionToken"]
                        && headers.map(\.value) == [LoginServer.cookie(0), LoginServer.csrf(0)])
            }
            let get = try await session.authorization("GET", at: try server.endpoint(), http: http, by: .farAway).headers
            #expect(get.map(\.name) == ["Cookie"] && server.logins.count == 1)
        }
    }

    @Test func `a recorded login gives the recorded cookie`() async throws {
        let folder = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/EndToEnd/recordings/pve-9.2-logins/"
        let answer = try Files.read(folder + "access-ticket-ok.json")
        var cookies: [String] = []
        try JSONDocument(parsing: try Files.read(folder + "manifest.json")).withRoot { root in
            root.forEachElement { if let cookie = $0["request_headers"]?["Cookie"]?.text { cookies.append(cookie) } }
        }
        try await loggingIn { _, _ in
            HTTPServerResponse(json: answer)
        } _: { server, http in
            _ = try await server.client(try passwordSession()).version(http: http, by: .farAway)
            #expect(server.cookies.count == 1 && cookies.contains(server.cookies[0]))
        }
    }

    @Test(arguments: [
        "simple", " ", "a&password=b", "a=b", "+", "%41", "ünï🦅", "\n\r\t", "\"'\\", String(repeating: "x", count: 5000), "a\u{0}b",
    ])
    func `any password arrives as it is`(password: String) async throws {
        try await loggingIn { server, http in
            _ = try await server.client(try passwordSession(password)).version(http: http, by: .farAway)
            #expect(server.forms == [["username": "monitor@pve", "password": password]])
        }
    }

    // MARK: how often

    @Test func `many calls at once wait for one login`() async throws {
        let turnstile = Turnstile()
        try await loggingIn { number, _ in
            await turnstile.pass("")
            return LoginServer.ticket(number)
        } _: { server, http in
            let client = try server.client(try passwordSession())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<40 { group.addTask { _ = try await client.version(http: http, by: .farAway) } }
                await turnstile.arrivals(1)
                turnstile.open()
                try await group.waitForAll()
            }
            #expect(server.logins.count == 1 && server.calls.count == 40)
            #expect(Set(server.cookies) == [LoginServer.cookie(0)])
        }
    }

    @Test func `a login that is refused is not tried again for a while`() async throws {
        for status in [401] {
            try await loggingIn { _, _ in
                LoginServer.refusal(status)
            } _: { server, http in
                let client = try server.client(try passwordSession())
                let errors = await withTaskGroup(of: ProxmoxError?.self) { group in
                    for _ in 0..<20 { group.addTask { await versionFailure(client, http) } }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                for error in errors + [await versionFailure(client, http)] {
                    #expect(error?.kind == .unauthorized)
                    #expect(
                        error?.description
                            == "POST /access/ticket: 401 the login of monitor@pve is refused: wrong password, unknown realm, "
                            + "or a user that is disabled or has expired")
                }
                #expect(server.logins.count == 1 && server.calls.isEmpty)
                #expect(client.wasRefused)
            }
        }
    }

    @Test func `after the while it is`() async throws {
        try await loggingIn { number, _ in
            number == 0 ? LoginServer.refusal(401) : LoginServer.ticket(number)
        } _: { server, http in
            let client = try server.client(try passwordSession(refusalSeconds: 0))
            #expect(await versionFailure(client, http)?.kind == .unauthorized)
            #expect(await versionFailure(client, http) == nil)
            #expect(server.logins.count == 2 && server.cookies == [LoginServer.cookie(1)] && !client.wasRefused)
        }
    }

    @Test(
        arguments: [
            (500, .refused(status: 500)), (503, .refused(status: 503)), (400, .refused(status: 400)), (403, .forbidden),
            (595, .nodeUnreachable),
            (301, .refused(status: 301)), (200, .malformed),
        ] as [(Int, ProxmoxError.Kind)])
    func `a login that fails otherwise is tried by the next call, and once by each`(status: Int, kind: ProxmoxError.Kind) async throws {
        try await loggingIn { _, _ in
            status == 200 ? HTTPServerResponse(text: #"{"data":{"ticket":""}}"#) : LoginServer.refusal(status)
        } _: { server, http in
            let client = try server.client(try passwordSession())
            for count in 1...3 {
                #expect(await versionFailure(client, http)?.kind == kind)
                #expect(server.logins.count == count && server.calls.isEmpty)
            }
        }
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"data":null}"#, #"{"data":{}}"#, #"{"data":{"ticket":null}}"#, #"{"data":{"ticket":""}}"#,
        #"{"data":{"ticket":[]}}"#,
        #"{"data":"PVE:hunter"}"#, #"{"ticket":"PVE:hunter"}"#, "<html>hunter2</html>",
        "{\"data\":{\"ticket\":\"\(String(repeating: "hunter", count: 100_000))\"}}",
    ])
    func `an answer without a ticket is no login`(body: String) async throws {
        try await loggingIn { _, _ in
            HTTPServerResponse(text: body)
        } _: { server, http in
            let error = try #require(await versionFailure(try server.client(try passwordSession()), http))
            #expect(error.kind == .malformed && error.description == "POST /access/ticket: the answer holds no ticket")
            #expect(server.calls.isEmpty)
        }
    }

    // MARK: renewal

    @Test func `an old ticket is renewed with itself`() async throws {
        try await loggingIn { server, http in
            let client = try server.client(try passwordSession(renewAfterSeconds: 0))
            for _ in 0..<3 { _ = try await client.version(http: http, by: .farAway) }
            #expect(server.forms.map { $0["password"] } == [LoginServer.password, LoginServer.ticketText(0), LoginServer.ticketText(1)])
            #expect(server.forms.allSatisfy { $0["username"] == "monitor@pve" && $0.count == 2 })
            #expect(server.cookies == (0...2).map(LoginServer.cookie))
        }
    }

    @Test func `a young ticket is not renewed`() async throws {
        try await loggingIn { server, http in
            let client = try server.client(try passwordSession(renewAfterSeconds: 60))
            for _ in 0..<20 { _ = try await client.version(http: http, by: .farAway) }
            #expect(server.logins.count == 1)
        }
    }

    @Test func `a renewal that is refused is a login with the password`() async throws {
        try await loggingIn { number, form in
            form["password"] == LoginServer.password ? LoginServer.ticket(number) : LoginServer.refusal(401)
        } _: { server, http in
            let client = try server.client(try passwordSession(renewAfterSeconds: 0))
            for _ in 0..<2 { _ = try await client.version(http: http, by: .farAway) }
            #expect(server.forms.map { $0["password"] } == [LoginServer.password, LoginServer.ticketText(0), LoginServer.password])
            #expect(server.cookies == [LoginServer.cookie(0), LoginServer.cookie(2)])
        }
    }

    @Test func `a password that was changed meanwhile is not tried again and again`() async throws {
        try await loggingIn { number, _ in
            number == 0 ? LoginServer.ticket(0) : LoginServer.refusal(401)
        } _: { server, http in
            let client = try server.client(try passwordSession(renewAfterSeconds: 0))
            _ = try await client.version(http: http, by: .farAway)
            for _ in 0..<3 { #expect(await versionFailure(client, http)?.kind == .unauthorized) }
            // The ticket and the password, once each.
            #expect(server.logins.count == 3 && server.calls.count == 1)
        }
    }

    @Test(arguments: [500, 503, 403, 200])
    func `a renewal that fails otherwise leaves the old ticket, and is not tried by every call`(status: Int) async throws {
        try await loggingIn { number, _ in
            number == 0 ? LoginServer.ticket(0) : status == 200 ? HTTPServerResponse(text: "{}") : LoginServer.refusal(status)
        } _: { server, http in
            let client = try server.client(try passwordSession(renewAfterSeconds: 0))
            for _ in 0..<6 { _ = try await client.version(http: http, by: .farAway) }
            #expect(server.cookies == [String](repeating: LoginServer.cookie(0), count: 6))
            #expect(server.logins.count == 2)
        }
    }

    @Test func `after a while it is tried again`() async throws {
        try await loggingIn { number, _ in
            number == 1 ? LoginServer.refusal(500) : LoginServer.ticket(number)
        } _: { server, http in
            let client = try server.client(try passwordSession(renewAfterSeconds: 0, refusalSeconds: 0))
            for _ in 0..<3 { _ = try await client.version(http: http, by: .farAway) }
            #expect(server.cookies == [0, 0, 2].map(LoginServer.cookie))
        }
    }

    @Test func `a renewal that hangs leaves time to use the old ticket`() async throws {
        let turnstile = Turnstile()
        try await loggingIn { number, _ in
            if number > 0 { await turnstile.pass("") }
            return LoginServer.ticket(number)
        } _: { server, http in
            let client = try server.client(try passwordSession(renewAfterSeconds: 0))
            _ = try await client.version(http: http, by: .farAway)
            #expect(await versionFailure(client, http, by: .after(seconds: 2)) == nil)
            #expect(server.cookies == [LoginServer.cookie(0), LoginServer.cookie(0)])
            turnstile.open()
        }
    }

    // MARK: a ticket that is not taken

    @Test func `a ticket that is not taken any more is replaced once`() async throws {
        try await loggingIn(answer: { number, request in
            number > 0 && request.headers["Cookie"] == LoginServer.cookie(0)
                ? LoginServer.refusal(401, "permission denied - invalid PVE ticket") : LoginServer.version
        }) { server, http in
            let client = try server.client(try passwordSession())
            for _ in 0..<4 { _ = try await client.version(http: http, by: .farAway) }
            // With the password: the API has just said that it does not want the ticket.
            #expect(server.forms.map { $0["password"] } == [LoginServer.password, LoginServer.password])
            #expect(server.cookies == [0, 0, 1, 1, 1].map(LoginServer.cookie))
            #expect(client.counts[0].requests == 4 && client.counts[0].failures == 0 && !client.wasRefused)
        }
    }

    @Test func `one call logs in at most once more, and a ticket that was never taken is the last for a while`() async throws {
        try await loggingIn(answer: { number, _ in
            number == 0 ? LoginServer.version : LoginServer.refusal(401, "no such ticket")
        }) { server, http in
            let client = try server.client(try passwordSession())
            #expect(await versionFailure(client, http) == nil)
            let error = try #require(await versionFailure(client, http))
            #expect(error.kind == .unauthorized && error.description == "GET /version: 401 no such ticket")
            #expect(server.logins.count == 2 && server.calls.count == 3)
            #expect(client.counts[0].requests == 2 && client.counts[0].failures == 1 && client.wasRefused)
            for _ in 0..<5 {
                let error = try #require(await versionFailure(client, http))
                #expect(
                    error.kind == .unauthorized
                        && error.description == "POST /access/ticket: 401 the ticket that the login gave is not taken")
            }
            #expect(server.logins.count == 2 && server.calls.count == 3)
        }
    }

    @Test func `an API that takes no ticket at all is asked for one`() async throws {
        try await loggingIn(answer: { _, _ in
            LoginServer.refusal(401)
        }) { server, http in
            let client = try server.client(try passwordSession())
            await withTaskGroup(of: ProxmoxError?.self) { group in
                for _ in 0..<20 { group.addTask { await versionFailure(client, http) } }
                for await error in group { #expect(error?.kind == .unauthorized) }
            }
            #expect(server.logins.count == 1 && server.calls.count <= 20)
        }
    }

    @Test func `many calls whose ticket is not taken share the new login`() async throws {
        let turnstile = Turnstile()
        try await loggingIn(answer: { number, request in
            guard number > 0, request.headers["Cookie"] == LoginServer.cookie(0) else { return LoginServer.version }
            await turnstile.pass("")
            return LoginServer.refusal(401)
        }) { server, http in
            let client = try server.client(try passwordSession())
            _ = try await client.version(http: http, by: .farAway)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in 0..<10 {
                    group.addTask {
                        _ = try await client.get("/version", node: "pve\(node)", http: http, by: .farAway) { $0.isObject ? true : nil }
                    }
                }
                await turnstile.arrivals(10)
                turnstile.open()
                try await group.waitForAll()
            }
            #expect(server.logins.count == 2 && server.calls.count == 21)
        }
    }

    @Test func `a 401 on a token is final`() async throws {
        try await serving { _ in
            HTTPServerResponse(status: 401, text: "")
        } _: { client, http in
            #expect(await versionFailure(client, http)?.kind == .unauthorized)
            #expect(client.counts[0].requests == 1)
        }
    }

    // MARK: many sessions of one account

    @Test func `refused logins of one account are counted together`() async throws {
        try await loggingIn { _, _ in
            LoginServer.refusal(401)
        } _: { server, http in
            let account = ProxmoxAccount(try ProxmoxCredential.login(LoginServer.user, Secret(LoginServer.password)))
            var errors: [String] = []
            for _ in 0..<12 {
                let session = ProxmoxSession(account)
                let error = try #require(await versionFailure(try server.client(session), http))
                #expect(error.kind == .unauthorized)
                errors.append(error.description)
            }
            #expect(server.logins.count == 5)
            #expect(
                errors[5...].allSatisfy {
                    $0 == "POST /access/ticket: too many logins of monitor@pve were refused; none is tried for a minute"
                })
            // Another account is another matter.
            _ = await versionFailure(try server.client(try passwordSession()), http)
            #expect(server.logins.count == 6)
        }
    }

    @Test func `a wrong password of many targets at once is sent a few times`() async throws {
        try await loggingIn { _, _ in
            LoginServer.refusal(401)
        } _: { server, http in
            let account = ProxmoxAccount(try ProxmoxCredential.login(LoginServer.user, Secret(LoginServer.password)))
            let clients = try (0..<40).map { _ in try server.client(ProxmoxSession(account)) }
            let kinds = await withTaskGroup(of: ProxmoxError.Kind?.self) { group in
                for client in clients { group.addTask { await versionFailure(client, http)?.kind } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(kinds.count == 40 && kinds.allSatisfy { $0 == .unauthorized })
            // Five at a time, and each that was under way when the fifth was refused may still come to its end.
            #expect((5..<10).contains(server.logins.count))
        }
    }

    // MARK: whether many may ask at once

    @Test func `a call that was cut short says nothing of the credential`() async throws {
        let turnstile = Turnstile()
        let mood = Mutex(401)
        try await serving { request in
            if request.path.hasSuffix("/hang") { await turnstile.pass("") }
            let status = mood.withLock { $0 }
            return status == 200 ? LoginServer.version : LoginServer.refusal(status)
        } _: { client, http in
            func ask(_ path: String, by deadline: Deadline = .farAway) async -> ProxmoxError? {
                await failure { () async throws(ProxmoxError) in
                    try await client.get(path, http: http, by: deadline) { $0.isObject ? true : nil }
                }
            }
            #expect(!client.wasRefused)
            #expect(await ask("/x")?.kind == .unauthorized && client.wasRefused)
            // Nobody answered these two.
            #expect(await ask("/hang", by: .after(seconds: 0.1))?.kind == .timeout && client.wasRefused)
            let call = Task { await ask("/hang") }
            await turnstile.arrivals(2)
            call.cancel()
            #expect(await call.value?.kind == .unreachable && client.wasRefused)
            turnstile.open()
            // These are answers.
            mood.withLock { $0 = 403 }
            #expect(await ask("/x")?.kind == .forbidden && !client.wasRefused)
            mood.withLock { $0 = 401 }
            #expect(await ask("/x")?.kind == .unauthorized && client.wasRefused)
            mood.withLock { $0 = 200 }
            #expect(await ask("/x") == nil && !client.wasRefused)
        }
    }
}
