import Primitives
import Synchronization

/// What all sessions of one credential share, wherever they log in: an account can be locked by too many wrong passwords, and the code of
/// a second factor is good once.
package final class ProxmoxAccount: Sendable {
    private struct State {
        var oneTimeCode: Secret?
        var refusals = 0
        var windowEnd = Deadline.after(seconds: 0)
    }

    package let credential: ProxmoxCredential
    private let state: Mutex<State>

    /// Refused logins within a minute, at all endpoints together; a few, so that one cluster's wrong password does not shut out others.
    private static let refusalsPerMinute = 5

    package init(_ credential: ProxmoxCredential) {
        self.credential = credential
        var state = State()
        if case .password(_, _, let code) = credential { state.oneTimeCode = code }
        self.state = Mutex(state)
    }

    /// The one-time code, the first time.
    func takeCode() -> Secret? {
        state.withLock { state in
            defer { state.oneTimeCode = nil }
            return state.oneTimeCode
        }
    }

    /// Logins under way: more wait in line, so that many targets scraped at once do not send a wrong password many times before the first
    /// of them is refused.
    let turns = AsyncSemaphore(limit: refusalsPerMinute)

    /// Whether one more login may be tried.
    var mayLogIn: Bool { state.withLock { $0.windowEnd.hasPassed || $0.refusals < Self.refusalsPerMinute } }

    func noteRefusal() {
        state.withLock { state in
            if state.windowEnd.hasPassed { (state.refusals, state.windowEnd) = (0, .after(seconds: 60)) }
            state.refusals += 1
        }
    }
}
