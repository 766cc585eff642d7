package import Primitives

/// What lets us in.
package enum ProxmoxCredential: Sendable, Equatable {
    /// `USER@REALM!NAME=SECRET`
    case token(Secret)
    /// A login, which gives a ticket for two hours.
    ///
    /// - `oneTimeCode`: the answer to a two-factor challenge; good for one login, so a token is the better way.
    case password(user: String, Secret, oneTimeCode: Secret? = nil)

    /// An API token as Proxmox shows it once: `USER@REALM!NAME=SECRET`. The failure says what is missing and never the token.
    package static func token(parsing text: String) throws(Failure) -> ProxmoxCredential {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, !halves[1].isEmpty else {
            throw Failure(.configuration, "an API token reads USER@REALM!NAME=SECRET; the part from = on is missing")
        }
        let identity = halves[0].split(separator: "!", omittingEmptySubsequences: false)
        guard identity.count == 2, !identity[1].isEmpty, isUser(identity[0]) else {
            throw Failure(.configuration, "an API token reads USER@REALM!NAME=SECRET; what stands before = is not USER@REALM!NAME")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Failure(.configuration, "an API token holds no spaces, line breaks or letters outside ASCII")
        }
        return .token(Secret(text))
    }

    /// A user and its password.
    package static func login(_ user: String, _ password: Secret, oneTimeCode: Secret? = nil) throws(Failure) -> ProxmoxCredential {
        guard !user.contains("!"), !user.contains("=") else {
            throw Failure(
                .configuration,
                "this names a token, not a user; a user reads NAME@REALM, and the token's name and secret have keys of their own")
        }
        guard isUser(user[...]), user.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw Failure(.configuration, "a user reads NAME@REALM, as in monitor@pve or root@pam")
        }
        return .password(user: user, password, oneTimeCode: oneTimeCode)
    }

    private static func isUser(_ text: Substring) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count > 1 && parts.allSatisfy { !$0.isEmpty }
    }

    /// Who is let in, as a person reads it: `monitor@pve!martlet` or `monitor@pve`.
    package var identity: String {
        switch self {
        case .token(let token): String(token.reveal().prefix { $0 != "=" })
        case .password(let user, _, _): user
        }
    }

    /// The texts that no message may hold.
    var secrets: [String] {
        switch self {
        case .token(let token): token.reveal().split(separator: "=", maxSplits: 1).dropFirst().map(String.init)
        case .password(_, let password, let code): [password.reveal()] + (code.map { [$0.reveal()] } ?? [])
        }
    }
}
