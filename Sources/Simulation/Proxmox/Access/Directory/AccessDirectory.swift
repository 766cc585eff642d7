import Primitives
import Synchronization

/// The users of a simulated cluster and what they may, for as long as the simulator runs.
final class AccessDirectory: Sendable {
    private let state: Mutex<AccessState>

    init(_ state: AccessState) { self.state = Mutex(state) }

    /// What it holds now.
    var now: AccessState { state.withLock { $0 } }

    func rights(of identity: AccessIdentity) -> AccessRights { now.rights(of: identity) }

    /// Changes all that `body` changes, or nothing when it throws.
    func change<Result: Sendable>(_ body: (inout AccessState) throws(AccessRefusal) -> Result) throws(AccessRefusal) -> Result {
        try state.withLock { (state) throws(AccessRefusal) in
            var changed = state
            let result = try body(&changed)
            state = changed
            return result
        }
    }

    // MARK: who comes in

    /// Whether a user is there, enabled and not past its end.
    func admits(user name: String, at unixSeconds: Double) -> Bool { now.users[name]?.isIn(at: unixSeconds) == true }

    /// The password of a user who may come in.
    func password(of name: String, at unixSeconds: Double) -> Secret? {
        guard let user = now.users[name], user.isIn(at: unixSeconds) else { return nil }
        return user.password
    }

    /// The secret of a token that may come in.
    func secret(of name: String, of userName: String, at unixSeconds: Double) -> Secret? {
        guard let user = now.users[userName], user.isIn(at: unixSeconds), let token = user.tokens[name],
            AccessUser.lasts(token.expire ?? 0, at: unixSeconds)
        else { return nil }
        return token.secret
    }
}
