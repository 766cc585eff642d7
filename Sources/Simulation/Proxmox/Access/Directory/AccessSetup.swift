import Primitives

/// The users of a cluster at its start, before anybody changes them.
struct AccessSetup {
    /// `USER@REALM!TOKENID=SECRET`
    let token: Secret
    let tokenRoles: [String]
    let isTokenExpired: Bool
    /// Who may log in, and with what.
    let user: String
    let password: Secret?
    /// Of the token's user and of who may log in.
    let userRoles: [String]
    let rootPassword: Secret?
    let release: Release

    init(_ options: ProxmoxSimulator.Options) {
        token = options.token
        tokenRoles = options.tokenRoles
        isTokenExpired = options.isTokenExpired
        user = options.user
        password = options.password
        userRoles = options.userRoles
        rootPassword = options.rootPassword
        release = options.release
    }

    /// Errors: a token that is none, roles that the release does not have, two passwords of root.
    func directory() throws(Failure) -> AccessDirectory {
        guard let (identity, secret) = TokenCheck.parts(of: Array(token.reveal().utf8)), case .token(let name, let owner) = identity,
            !secret.isEmpty
        else { throw Failure(.usage, "token: expected USER@REALM!TOKENID=SECRET, as in monitor@pve!martlet=SECRET") }
        let root = AccessIdentity.root.user
        guard rootPassword == nil || password == nil || user != root else {
            throw Failure(.usage, "\(root) is the user who may log in, and has two passwords: leave one of them out")
        }
        try check(tokenRoles, "token")
        try check(userRoles, "user")
        var state = AccessState(release: release)
        do throws(AccessRefusal) {
            for (name, password) in [(owner, nil), (user, password), (root, rootPassword)] {
                var user = state.users[name] ?? AccessUser()
                user.password = password ?? user.password
                try state.setUser(name, user)
            }
            try state.setToken(
                name, of: owner, AccessUser.Token(secret: Secret(String(decoding: secret, as: UTF8.self)), expire: isTokenExpired ? 1 : 0))
            for role in userRoles {
                for holder in Set([owner, user]) { try state.give(role, to: .user(holder), at: "/", isInherited: true) }
            }
            for role in tokenRoles { try state.give(role, to: identity, at: "/", isInherited: true) }
        } catch {
            throw Failure(.usage, "the users that the simulated cluster begins with are too many")
        }
        return AccessDirectory(state)
    }

    private func check(_ roles: [String], _ holder: String) throws(Failure) {
        let known = PredefinedRoles.of(release).keys.sorted()
        for role in roles where !known.contains(role) {
            let hint = nearest(to: role, among: known).map { "; did you mean \"\($0)\"?" } ?? ";"
            throw Failure(
                .usage,
                "role \"\(HostileText.oneLine(role, limit: 40))\" of the \(holder): Proxmox VE \(release.rawValue) has no such role\(hint) "
                    + "known are \(known.joined(separator: ", "))")
        }
    }
}
