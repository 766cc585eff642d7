import Primitives
import Synchronization
import Web

/// Being let in: gives each request its credential, and with a password keeps the ticket that the login gave.
///
/// One login is under way at a time at an endpoint, however many calls wait for it. A ticket is renewed after an hour, which is half of
/// its life. A login that was refused, or a renewal that failed, is not tried again for a minute: the API delays each refusal by three
/// seconds, and some realms lock an account that fails too often. A one-time code is sent once.
package final class ProxmoxSession: Sendable {
    /// What goes into a request.
    struct Authorization: Sendable {
        let headers: [(name: String, value: String)]
        /// The login that it came from; 0 for a token.
        let generation: Int
    }

    private struct State {
        var ticket: ProxmoxTicket?
        var generation = 0
        /// Under way, by the endpoint's authority: who asks another endpoint because one hangs must not wait for that one.
        var logins: [String: PendingLogin] = [:]
        var refusal: (error: ProxmoxError, until: Deadline)?
        /// When a renewal that failed is tried again.
        var nextRenewal: Deadline?
        /// The tickets that may be in use, which a proxy's error page may repeat.
        var issued: [ProxmoxTicket] = []
        /// The login whose ticket has let a call in.
        var accepted = 0
    }

    /// With less time than that none is begun.
    private static let shortestLoginSeconds = 0.2

    private let account: ProxmoxAccount
    package var credential: ProxmoxCredential { account.credential }
    private let renewAfterSeconds: Double
    private let refusalSeconds: Double
    private let state: Mutex<State>

    /// - Parameter renewAfterSeconds: the age at which a ticket is renewed; it lives for 7200.
    package init(_ account: ProxmoxAccount, renewAfterSeconds: Double = 3600, refusalSeconds: Double = 60) {
        self.account = account
        self.renewAfterSeconds = renewAfterSeconds
        self.refusalSeconds = refusalSeconds
        state = Mutex(State())
    }

    package convenience init(_ credential: ProxmoxCredential, renewAfterSeconds: Double = 3600, refusalSeconds: Double = 60) {
        self.init(ProxmoxAccount(credential), renewAfterSeconds: renewAfterSeconds, refusalSeconds: refusalSeconds)
    }

    /// The headers that let a request in; logs in at the endpoint when there is no ticket that is young enough.
    func authorization(
        _ method: String, at endpoint: ProxmoxEndpoint, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> Authorization {
        switch credential {
        case .token(let token):
            return Authorization(headers: [("Authorization", "PVEAPIToken=" + token.reveal())], generation: 0)
        case .password(let user, let password, _):
            let login = ProxmoxLogin(
                user: user, password: password, takeCode: account.takeCode, endpoint: endpoint, http: http, deadline: deadline)
            let ticket = try await ticket(login)
            // Percent-encoded, as browsers send it; the API takes it raw too.
            var headers = [("Cookie", "PVEAuthCookie=" + percentEncoded(ticket.text.reveal()))]
            if method != "GET" { headers.append(("CSRFPreventionToken", ticket.csrf.reveal())) }
            return Authorization(headers: headers, generation: ticket.generation)
        }
    }

    /// The API refused what this authorization says: if it was a ticket, it is forgotten, and true says that a new login may help.
    func refused(_ authorization: Authorization) -> Bool {
        guard authorization.generation > 0 else { return false }
        return state.withLock { state in
            guard state.ticket?.generation == authorization.generation else { return true }
            state.ticket = nil
            guard state.accepted == authorization.generation else {
                // It never was good for anything, and another would be no better: that way lies a login for every call.
                let error = ProxmoxLogin.failure(.unauthorized, "401 the ticket that the login gave is not taken")
                state.refusal = (error, .after(seconds: refusalSeconds))
                return false
            }
            return true
        }
    }

    /// The API has let in what this authorization says.
    func accepted(_ authorization: Authorization) {
        guard authorization.generation > 0 else { return }
        state.withLock { $0.accepted = max($0.accepted, authorization.generation) }
    }

    /// The text without the credential, in case an answer repeats what it was asked with, as the error page of a proxy does.
    func withoutSecrets(_ text: String) -> String {
        let issued = state.withLock { $0.issued }
        return text.without(credential.secrets + issued.flatMap { [$0.text.reveal(), $0.csrf.reveal()] })
    }

    /// Whether an answer holds the token's secret or a ticket, from where it would get into labels. A password is not looked for: it may be
    /// a word that stands in names.
    func isRepeated(in body: [UInt8]) -> Bool {
        let issued = state.withLock { $0.issued }
        var secrets = issued.map { $0.text.reveal() }
        if case .token = credential { secrets += credential.secrets }
        return secrets.contains { $0.utf8.count >= 16 && body.contains(run: Array($0.utf8)) }
    }

    private func ticket(_ login: ProxmoxLogin) async throws(ProxmoxError) -> ProxmoxTicket {
        enum Step {
            case have(ProxmoxTicket)
            case wait(PendingLogin, isOwn: Bool)
            case fail(ProxmoxError)
        }
        let authority = login.endpoint.authority
        while true {
            let step: Step = state.withLock { state in
                if let ticket = state.ticket, isGood(ticket, state) { return .have(ticket) }
                if let refusal = state.refusal, !refusal.until.hasPassed { return .fail(refusal.error) }
                if let pending = state.logins[authority] { return .wait(pending, isOwn: false) }
                // Who comes out of a line behind those that a hanging endpoint kept would ask it for nothing.
                guard login.deadline.remainingSeconds > Self.shortestLoginSeconds else {
                    if let ticket = state.ticket, ticket.ageSeconds < ProxmoxTicket.lifeSeconds { return .have(ticket) }
                    return .fail(ProxmoxLogin.failure(.timeout, "no answer by the deadline: no time was left to log in"))
                }
                state.generation += 1
                let (old, generation) = (state.ticket, state.generation)
                let pending = PendingLogin(deadline: login.deadline)
                state.logins[authority] = pending
                // Detached: one waiting call that is cancelled must not take the login of the others along.
                Task.detached { [self] in
                    let result = await inTurn(login) { await login.run(renewing: old, generation: generation) }
                    pending.finish(settle(result, old, authority))
                }
                return .wait(pending, isOwn: true)
            }
            switch step {
            case .have(let ticket): return ticket
            case .fail(let error): throw error
            case .wait(let pending, let isOwn):
                guard let result = await pending.outcome(by: login.deadline) else {
                    throw Task.isCancelled
                        ? ProxmoxLogin.failure(.unreachable, "cancelled") : ProxmoxLogin.failure(.timeout, "no answer by the deadline")
                }
                // Whoever began the login may have had less time than we have.
                if case .failure(let error) = result, error.kind == .timeout, !isOwn, pending.deadline.hasPassed,
                    login.deadline.remainingSeconds > 0.5
                {
                    continue
                }
                return try result.get()
            }
        }
    }

    /// Logs in when the account has a turn, unless too many of its logins were refused meanwhile.
    private func inTurn(_ login: ProxmoxLogin, _ body: () async -> PendingLogin.Outcome) async -> PendingLogin.Outcome {
        let outcome: PendingLogin.Outcome? = await account.turns.withPermit(by: login.deadline) {
            guard account.mayLogIn else {
                return .failure(
                    ProxmoxLogin.failure(
                        .unauthorized, "too many logins of \(credential.identity) were refused; none is tried for a minute"))
            }
            let outcome = await body()
            if case .failure(let error) = outcome, error.kind == .unauthorized { account.noteRefusal() }
            return outcome
        }
        return outcome ?? .failure(ProxmoxLogin.failure(.timeout, "no answer by the deadline: still in line behind other logins"))
    }

    /// Whether a ticket is young enough, or lives and cannot be renewed just now.
    private func isGood(_ ticket: ProxmoxTicket, _ state: State) -> Bool {
        let ageSeconds = ticket.ageSeconds
        if ageSeconds < renewAfterSeconds { return true }
        guard let nextRenewal = state.nextRenewal else { return false }
        return !nextRenewal.hasPassed && ageSeconds < ProxmoxTicket.lifeSeconds
    }

    /// Keeps what a login gave. A renewal that failed for another reason than a refusal leaves the old ticket in use while it lives.
    private func settle(
        _ result: Result<ProxmoxTicket, ProxmoxError>, _ old: ProxmoxTicket?, _ authority: String
    ) -> Result<ProxmoxTicket, ProxmoxError> {
        state.withLock { state in
            state.logins[authority] = nil
            switch result {
            case .success(let ticket):
                state.ticket = ticket
                (state.refusal, state.nextRenewal) = (nil, nil)
                // Two: a call that is on its way has the one before.
                state.issued = state.issued.suffix(1) + [ticket]
                return result
            case .failure(let error):
                // Another endpoint has given one meanwhile.
                if let newer = state.ticket, newer.generation != old?.generation { return .success(newer) }
                if error.kind == .unauthorized {
                    state.ticket = nil
                    state.refusal = (error, .after(seconds: refusalSeconds))
                    return result
                }
                guard let old, old.ageSeconds < ProxmoxTicket.lifeSeconds else { return result }
                state.nextRenewal = .after(seconds: refusalSeconds)
                return .success(old)
            }
        }
    }
}

extension String {
    /// The text with `***` in place of these, as they are and percent-encoded; very short ones would take common words along.
    func without(_ secrets: [String]) -> String {
        secrets.filter { $0.count > 3 }.reduce(self) { text, secret in
            text.replacing(secret, with: "***").replacing(percentEncoded(secret), with: "***")
        }
    }
}
