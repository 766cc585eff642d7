/// Lets in who shows a user's name and password (RFC 7617).
package struct BasicAuthentication: Sendable {
    package enum Verdict: Sendable, Equatable {
        case granted(user: String)
        case denied
        /// Too many passwords wait to be checked.
        case busy
    }

    private let users: [String: BcryptHash]
    private let dearest: Int
    private let checker: PasswordChecker

    /// - Parameter checker: the one of the settings before, when they were read again: it remembers what it found out, and forgets nothing
    ///   wrong, as a verdict counts for the hash that it was found with.
    package init(users: [String: BcryptHash], checker: PasswordChecker = PasswordChecker()) {
        self.users = users
        self.checker = checker
        dearest = users.values.map(\.cost).max() ?? BcryptHash.costs.lowerBound
    }

    /// - Parameter authorizationHeader: the value of `Authorization`; nil when the request has none.
    /// - Parameter address: where it comes from.
    package func verify(authorizationHeader: String?, from address: ClientAddress) async -> Verdict {
        guard let credentials = authorizationHeader.flatMap({ BasicCredentials(authorizationHeader: $0) }) else { return .denied }
        let user = credentials.user
        switch await checker.isRight(credentials.password, of: user, users[user], from: address, cost: dearest) {
        case true?: return .granted(user: user)
        case false?: return .denied
        case nil: return .busy
        }
    }
}
