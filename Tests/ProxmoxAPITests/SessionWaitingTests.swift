import Primitives
import TestSupport
import Testing
import Web

@testable import ProxmoxAPI

/// Many calls that wait for one login, each with its own time.
@Suite struct SessionWaitingTests {
    @Test func `who waits for a login waits as long as it has time`() async throws {
        let ticket = Result<ProxmoxTicket, ProxmoxError>.success(ProxmoxTicket(text: Secret("t"), csrf: Secret("c"), generation: 7))
        let pending = PendingLogin(deadline: .farAway)
        // Nobody has told anything yet.
        #expect(await pending.outcome(by: .after(seconds: 0)) == nil)
        #expect(await pending.outcome(by: .after(seconds: 0.05)) == nil)
        let cancelled = Task { await pending.outcome(by: .farAway) }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
        let many = (0..<100).map { _ in Task { try await pending.outcome(by: .farAway)?.get().generation } }
        for task in many.prefix(10) { task.cancel() }
        pending.finish(ticket)
        for task in many.dropFirst(10) { #expect(try await task.value == 7) }
        // The news stays, also for who has no time.
        #expect(try await pending.outcome(by: .after(seconds: 0))?.get().generation == 7)
    }

    @Test func `who is cancelled takes nobody along and does not wait`() async throws {
        let turnstile = Turnstile()
        try await loggingIn { number, _ in
            await turnstile.pass("")
            return LoginServer.ticket(number)
        } _: { server, http in
            let client = try server.client(try passwordSession())
            let first = Task { await versionFailure(client, http) }
            await turnstile.arrivals(1)
            let others = (0..<5).map { _ in Task { await versionFailure(client, http) } }
            first.cancel()
            // The login still hangs.
            #expect(await first.value?.kind == .unreachable)
            turnstile.open()
            for other in others { #expect(await other.value == nil) }
            #expect(server.logins.count == 1 && server.calls.count == 5)
        }
    }

    @Test func `who has little time does not wait as long as who has much`() async throws {
        let turnstile = Turnstile()
        try await loggingIn { number, _ in
            await turnstile.pass("")
            return LoginServer.ticket(number)
        } _: { server, http in
            let client = try server.client(try passwordSession())
            let patient = Task { await versionFailure(client, http) }
            await turnstile.arrivals(1)
            let begin = ContinuousClock.now
            let error = await versionFailure(client, http, by: .after(seconds: 0.3))
            let seconds = (ContinuousClock.now - begin).seconds
            #expect(error?.kind == .timeout && seconds > 0.2 && seconds < 15)
            turnstile.open()
            #expect(await patient.value == nil && server.logins.count == 1)
        }
    }

    @Test func `who has much time is not failed by who has little`() async throws {
        let turnstile = Turnstile()
        try await loggingIn { number, _ in
            // The first login hangs.
            if number == 0 { await turnstile.pass("") }
            return LoginServer.ticket(number)
        } _: { server, http in
            let client = try server.client(try passwordSession())
            let hasty = Task { await versionFailure(client, http, by: .after(seconds: 0.5)) }
            await turnstile.arrivals(1)
            #expect(await versionFailure(client, http) == nil)
            #expect(await hasty.value?.kind == .timeout)
            #expect(server.logins.count == 2)
            turnstile.open()
        }
    }

    @Test func `who has no time left begins no login, and uses the ticket that there is`() async throws {
        try await loggingIn { server, http in
            let (session, endpoint) = (try passwordSession(renewAfterSeconds: 0), try server.endpoint())
            let soon = Deadline.after(seconds: 0.15)
            let error = await failure { () async throws(ProxmoxError) in
                try await session.authorization("GET", at: endpoint, http: http, by: soon)
            }
            #expect(error?.kind == .timeout && error?.description.contains("no time was left to log in") == true)
            #expect(server.logins.isEmpty)
            _ = try await session.authorization("GET", at: endpoint, http: http, by: .farAway)
            let old = try await session.authorization("GET", at: endpoint, http: http, by: .after(seconds: 0.15))
            #expect(old.headers.map(\.value) == [LoginServer.cookie(0)] && server.logins.count == 1)
        }
    }

    @Test func `a login at another endpoint that fails is not one's own`() async throws {
        let turnstile = Turnstile()
        try await loggingIn { number, _ in
            await turnstile.pass("")
            return .dropped
        } _: { bad, http in
            let good = try LoginServer()
            let session = try passwordSession()
            let (there, here) = (try bad.endpoint(), try good.endpoint())
            let first = Task {
                await failure { () async throws(ProxmoxError) in try await session.authorization("GET", at: there, http: http, by: .farAway)
                }
            }
            await turnstile.arrivals(1)
            let second = Task {
                await failure { () async throws(ProxmoxError) in try await session.authorization("GET", at: here, http: http, by: .farAway)
                }
            }
            turnstile.open()
            #expect(await second.value == nil)
            #expect(await first.value != nil || good.logins.count == 1)
            await good.stop()
        }
    }
}
