import JSON
import Web

/// /access/acl
extension AccessAdministration {
    /// GET /access/acl: what the asker may look at or change.
    func entries(_ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        try readNothing(request)
        let seesAll = rights.holds(any: .sysAudit, at: "/access")
        let entries = directory.now.entries.filter { path, _ in seesAll || mayChange(path) }
        return Self.success { json in
            json.array { json in
                for (path, holders) in entries.sorted(by: { $0.key < $1.key }) {
                    for (holder, roles) in holders.sorted(by: { $0.key.text < $1.key.text }) {
                        for (role, isInherited) in roles.sorted(by: { $0.key < $1.key }) {
                            json.object { json in
                                json.member("path", path)
                                json.member("type", holder == .user(holder.user) ? "user" : "token")
                                json.member("ugid", holder.text)
                                json.member("roleid", role)
                                json.member("propagate", isInherited ? 1 : 0)
                            }
                        }
                    }
                }
            }
        }
    }

    /// What PUT /access/acl changes.
    private struct Change {
        let path: AccessPath?
        let rawPath: String
        let roles: [String]
        let users: [String]
        let tokens: [String]
        let groups: [String]
        let isInherited: Bool
        let isRemoval: Bool
    }

    /// PUT /access/acl: all of it or nothing.
    func changeEntries(_ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        let change = try read(request) { path throws(AccessRefusal) in
            guard let path, !mayChange(path.text) else { return }
            throw .forbidden("\(path.text), \(Self.enough(toChange: path.text).map(\.rawValue).joined(separator: "|"))")
        }
        guard !(change.users.isEmpty && change.tokens.isEmpty && change.groups.isEmpty) else {
            throw .parameters(["users", "groups", "tokens"].map { ($0, "either 'users', 'groups' or 'tokens' is required.") })
        }
        guard let path = change.path, change.isRemoval || path.isKnown else {
            throw .parameter("path", "invalid ACL path '\(change.rawPath)'")
        }
        let own = rights.grant(at: path.text, pool: inventory.pool(at: path.text))
        do throws(AccessRefusal) {
            try directory.change { (state) throws(AccessRefusal) in
                for role in change.roles { try apply(change, role, path.text, own, &state) }
            }
        } catch { throw error.prefixed("ACL update failed") }
        return Self.nothing
    }

    private func read(
        _ request: HTTPServerRequest, check: (AccessPath?) throws(AccessRefusal) -> Void
    ) throws(AccessRefusal) -> Change {
        try read(request, ["path", "roles", "users", "tokens", "groups", "propagate", "delete"]) { fields throws(AccessRefusal) in
            let rawPath = fields.raw("path") ?? ""
            let path = AccessPath(rawPath)
            try check(path)
            _ = fields.required("path") { _ in nil }
            _ = fields.required("roles") { _ in nil }
            return Change(
                path: path, rawPath: rawPath,
                roles: fields.list("roles") { Self.faultOfRole($0).map { String($0.dropFirst("invalid format - ".count)) } },
                users: fields.list("users") {
                    AccessIdentity.isUserName($0) ? nil : "value '\($0)' does not look like a valid user name\n"
                },
                tokens: fields.list("tokens") {
                    if case .token = AccessIdentity($0) { nil } else { "value '\($0)' does not look like a valid token ID\n" }
                },
                groups: fields.list("groups") {
                    AccessIdentity.isName($0) ? nil : "group name '\($0)' contains invalid characters\n"
                },
                isInherited: fields.boolean("propagate") ?? true, isRemoval: fields.boolean("delete") ?? false)
        }
    }

    private func apply(
        _ change: Change, _ role: String, _ path: String, _ own: Grant, _ state: inout AccessState
    ) throws(AccessRefusal) {
        guard let privileges = state.privileges(ofRole: role) else { throw .impossible("role '\(role)' does not exist") }
        try checkGenerosity(change, role, privileges, own)
        if let group = change.groups.first { throw .impossible("group '\(group)' does not exist") }
        for user in change.users where state.users[user] == nil { throw .impossible("user '\(user)' does not exist") }
        let tokens = change.tokens.compactMap { AccessIdentity($0) }
        for case .token(let name, let user) in tokens {
            guard let owner = state.users[user] else { throw .impossible("no such user ('\(user)')") }
            guard owner.tokens[name] != nil else { throw .impossible("no such token '\(name)' for user '\(user)'") }
        }
        for holder in change.users.map(AccessIdentity.user) + tokens {
            if change.isRemoval {
                state.take(role, from: holder, at: path)
            } else {
                try state.give(role, to: holder, at: path, isInherited: change.isInherited)
            }
        }
    }

    /// Who may change rights only because the thing is theirs gives no more than they have.
    private func checkGenerosity(_ change: Change, _ role: String, _ privileges: Privileges, _ own: Grant) throws(AccessRefusal) {
        guard !own.held.contains(Privileges(.permissionsModify)) else { return }
        let verb = change.isRemoval ? "remove" : "add"
        guard own.held.isSuperset(of: privileges) else {
            throw .parameter("role", "Cannot \(verb) role '\(role)' - requires 'Permissions.Modify' or superset of privileges.")
        }
        guard change.isRemoval || !change.isInherited || own.inherited.isSuperset(of: privileges) else {
            throw .parameter(
                "role",
                "Cannot \(verb) role '\(role)' with propagation - requires 'Permissions.Modify' or propagated superset of privileges.")
        }
        guard role != PredefinedRoles.noAccess else {
            throw .parameter("role", "Cannot \(verb) role '\(role)' - requires 'Permissions.Modify'")
        }
    }

    /// One of these lets somebody change what others may on a path.
    private static func enough(toChange path: String) -> [Privilege] {
        let owned: [(prefix: String, privilege: Privilege)] = [
            ("/storage/", .datastoreAllocate), ("/vms/", .vmAllocate), ("/pool/", .poolAllocate),
        ]
        return [.permissionsModify] + owned.filter { path.hasPrefix($0.prefix) }.map(\.privilege)
    }

    private func mayChange(_ path: String) -> Bool {
        rights.holds(any: Privileges(Self.enough(toChange: path)), at: path, pool: inventory.pool(at: path))
    }
}
