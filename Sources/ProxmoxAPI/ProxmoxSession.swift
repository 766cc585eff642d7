import Primitives
import Synchronization
import Web

/// Being let in: gives each request its credential, and with a password keeps the ticket that the login gave.
///
/// One login is under way at a time, however many calls wait for it. A ticket is renewed after an hour, which is half of its life. A
/// login that was refused is not tried again for a minute: the API delays each refusal by three seconds, and some realms lock an
/// account that fails too often.
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
        var login: Task<Result<ProxmoxTicket, ProxmoxError>, Never>?
        var refusal: (error: ProxmoxError, until: Deadline)?
        /// Tickets that were used and may be repeated by a proxy's error page.
        var secrets: [String]
    }

    package let credential: ProxmoxCredential
    private let renewAfterSeconds: Double
    private let refusalSeconds: Double
    private let state: Mutex<State>

    /// - Parameter renewAfterSeconds: the age at which a ticket is renewed; it lives for 7200.
    package init(_ credential: ProxmoxCredential, renewAfterSeconds: Double = 3600, refusalSeconds: Double = 60) {
        self.credential = credential
        self.renewAfterSeconds = renewAfterSeconds
        self.refusalSeconds = refusalSeconds
        state = Mutex(State(secrets: credential.secrets))
    }

    /// The headers that let a request in; logs in at the endpoint when there is no ticket that is young enough.
    func authorization(
        _ method: String, at endpoint: ProxmoxEndpoint, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> Authorization {
        switch credential {
        case .token(let token):
            return Authorization(headers: [("Authorization", "PVEAPIToken=" + token.reveal())], generation: 0)
        case .password(let user, let password, let code):
            let login = ProxmoxLogin(user: user, password: password, code: code, endpoint: endpoint, http: http, deadline: deadline)
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
        state.withLock { state in
            if state.ticket?.generation == authorization.generation { state.ticket = nil }
        }
        return true
    }

    /// The text without the credential, in case an answer repeats what it was asked with, as the error page of a proxy does.
    func withoutSecrets(_ text: String) -> String {
        var text = text
        for secret in state.withLock({ $0.secrets }) where secret.count > 3 {
            text = text.replacing(secret, with: "***").replacing(percentEncoded(secret), with: "***")
        }
        return text
    }

    private func ticket(_ login: ProxmoxLogin) async throws(ProxmoxError) -> ProxmoxTicket {
        enum Step {
            case have(ProxmoxTicket)
            case wait(Task<Result<ProxmoxTicket, ProxmoxError>, Never>)
            case fail(ProxmoxError)
        }
        while true {
            let step: Step = state.withLock { state in
                if let ticket = state.ticket, ticket.ageSeconds < renewAfterSeconds { return .have(ticket) }
                if let refusal = state.refusal, !refusal.until.hasPassed { return .fail(refusal.error) }
                if let running = state.login { return .wait(running) }
                state.generation += 1
                let (old, generation) = (state.ticket, state.generation)
                // Detached: one waiting call that is cancelled must not take the login of the others along.
                let task = Task.detached { [self] in
                    let result = await login.run(renewing: old, generation: generation)
                    return settle(result, old)
                }
                state.login = task
                return .wait(task)
            }
            switch step {
            case .have(let ticket): return ticket
            case .fail(let error): throw error
            case .wait(let task):
                let result = await task.value
                // Whoever began the login may have had less time than we have.
                if case .failure(let error) = result, error.kind == .timeout, login.deadline.remainingSeconds > 0.5 { continue }
                return try result.get()
            }
        }
    }

    /// Keeps what a login gave. A renewal that failed for another reason than a refusal leaves the old ticket in use while it lives.
    private func settle(_ result: Result<ProxmoxTicket, ProxmoxError>, _ old: ProxmoxTicket?) -> Result<ProxmoxTicket, ProxmoxError> {
        state.withLock { state in
            state.login = nil
            switch result {
            case .success(let ticket):
                state.ticket = ticket
                state.refusal = nil
                state.secrets = credential.secrets + [ticket.text.reveal(), ticket.csrf.reveal()]
                return result
            case .failure(let error):
                if error.kind == .unauthorized {
                    state.ticket = nil
                    state.refusal = (error, .after(seconds: refusalSeconds))
                    return result
                }
                guard let old, old.ageSeconds < ProxmoxTicket.lifeSeconds else { return result }
                return .success(old)
            }
        }
    }
}
