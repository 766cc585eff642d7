import Primitives

/// Users, tokens, roles, and who has which role where.
struct AccessState: Sendable {
    /// So much is kept; a simulator is asked by programs that may run wild.
    enum Limit {
        static let users = 256
        static let tokensOfUser = 32
        static let roles = 256
        static let entries = 4096
    }

    /// By path and holder: roles, and whether they count below the path too.
    typealias Entries = [String: [AccessIdentity: [String: Bool]]]

    let release: Release
    private(set) var users: [String: AccessUser] = [AccessIdentity.root.user: AccessUser()]
    /// Those that somebody made.
    private(set) var ownRoles: [String: Privileges] = [:]
    private(set) var entries: Entries = [:]
    private var entryCount = 0

    init(release: Release) { self.release = release }

    /// Every role there is.
    var roles: [String: Privileges] { PredefinedRoles.of(release).merging(ownRoles) { predefined, _ in predefined } }

    func privileges(ofRole name: String) -> Privileges? { PredefinedRoles.of(release)[name] ?? ownRoles[name] }

    func isPredefined(role name: String) -> Bool { PredefinedRoles.of(release)[name] != nil }

    // MARK: rights

    /// What somebody may. Who is not there may nothing.
    func rights(of identity: AccessIdentity) -> AccessRights {
        guard let user = users[identity.user] else { return .none(of: release) }
        let isRoot = identity.user == AccessIdentity.root.user
        let ofUser = isRoot ? nil : ladder(of: .user(identity.user))
        guard case .token(let name, _) = identity else { return AccessRights(of: release, user: ofUser, token: nil) }
        guard let token = user.tokens[name] else { return .none(of: release) }
        return AccessRights(of: release, user: ofUser, token: token.isSeparated ? ladder(of: identity) : nil)
    }

    private func ladder(of identity: AccessIdentity) -> RoleLadder {
        var ladder = RoleLadder()
        for (path, holders) in entries {
            for (role, isInherited) in holders[identity] ?? [:] {
                // A role that is gone gives nothing, but is still what was said on its path.
                ladder.add(
                    privileges(ofRole: role) ?? [], isBar: role == PredefinedRoles.noAccess, at: path, isInherited: isInherited)
            }
        }
        return ladder
    }

    // MARK: changes

    mutating func setUser(_ name: String, _ user: AccessUser) throws(AccessRefusal) {
        guard users[name] != nil || users.count < Limit.users else {
            throw .impossible("the simulated cluster has no room for more than \(Limit.users) users")
        }
        users[name] = user
    }

    /// With all that it and its tokens were given. Root comes back by itself.
    mutating func removeUser(_ name: String) {
        users[name] = name == AccessIdentity.root.user ? AccessUser(password: users[name]?.password) : nil
        removeEntries { $0.user == name }
    }

    mutating func setToken(_ name: String, of user: String, _ token: AccessUser.Token) throws(AccessRefusal) {
        guard let tokens = users[user]?.tokens else { throw .impossible("no such user ('\(user)')") }
        guard tokens[name] != nil || tokens.count < Limit.tokensOfUser else {
            throw .impossible("the simulated cluster has no room for more than \(Limit.tokensOfUser) tokens of a user")
        }
        users[user]?.tokens[name] = token
    }

    mutating func removeToken(_ name: String, of user: String) {
        users[user]?.tokens[name] = nil
        removeEntries { $0 == .token(name, of: user) }
    }

    mutating func setRole(_ name: String, _ privileges: Privileges) throws(AccessRefusal) {
        guard ownRoles[name] != nil || ownRoles.count < Limit.roles else {
            throw .impossible("the simulated cluster has no room for more than \(Limit.roles) roles")
        }
        ownRoles[name] = privileges
    }

    mutating func removeRole(_ name: String) { ownRoles[name] = nil }

    mutating func give(_ role: String, to holder: AccessIdentity, at path: String, isInherited: Bool) throws(AccessRefusal) {
        if entries[path]?[holder]?[role] == nil {
            guard entryCount < Limit.entries else {
                throw .impossible("the simulated cluster has no room for more than \(Limit.entries) entries")
            }
            entryCount += 1
        }
        entries[path, default: [:]][holder, default: [:]][role] = isInherited
    }

    mutating func take(_ role: String, from holder: AccessIdentity, at path: String) {
        guard entries[path]?[holder]?[role] != nil else { return }
        entries[path]?[holder]?[role] = nil
        tidy()
    }

    private mutating func removeEntries(of isGone: (AccessIdentity) -> Bool) {
        for path in entries.keys { entries[path] = entries[path]?.filter { !isGone($0.key) } }
        tidy()
    }

    /// A path that nobody has a role on any more is no longer one that rights are given on.
    private mutating func tidy() {
        entries = entries.mapValues { $0.filter { !$0.value.isEmpty } }.filter { !$0.value.isEmpty }
        entryCount = entries.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } }
    }
}
