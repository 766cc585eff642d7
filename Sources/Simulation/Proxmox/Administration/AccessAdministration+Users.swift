import JSON
import Primitives
import Web

/// /access/users
extension AccessAdministration {
    private static let audits: Privileges = [Privileges(.userModify), .sysAudit]
    private static let settings = ["enable", "expire", "groups"] + AccessUser.notes

    /// GET /access/users: all that the asker may know of, and the asker.
    func users(_ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        let (enabled, isFull) = try read(request, ["enabled", "full"]) { fields throws(AccessRefusal) in
            (fields.boolean("enabled"), fields.boolean("full") ?? false)
        }
        let seesAll = rights.holds(any: Self.audits, at: "/access/groups")
        let users = directory.now.users.filter { name, user in
            (seesAll || asker == .user(name)) && (enabled == nil || enabled == user.isEnabled)
        }
        return Self.success { json in
            json.array { json in
                for (name, user) in users.sorted(by: { $0.key < $1.key }) {
                    json.object { json in
                        json.member("userid", name)
                        Self.write(user, into: &json)
                        let realm = name.split(separator: "@").last ?? ""
                        if realm == "pam" || realm == "pve" { json.member("realm-type", String(realm)) }
                        guard isFull else { return }
                        json.member("groups", "")
                        json.key("tokens")
                        Self.write(user.tokens, into: &json)
                    }
                }
            }
        }
    }

    /// POST /access/users
    func addUser(_ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        let (name, user) = try read(request, ["userid", "password"] + Self.settings) { fields throws(AccessRefusal) in
            // Rights are looked at before the parameters are.
            if let name = fields.raw("userid"), AccessIdentity.isUserName(name) {
                try demand(.realmAllocateUser, at: "/access/realm/\(name.split(separator: "@").last ?? "")")
            }
            try demand(.userModify, at: "/access/groups")
            let name = fields.required("userid", Self.faultOfUser)
            var user = AccessUser()
            if let password = fields.text("password", longest: 64) {
                if password.count < 8 { fields.complain("password", "value must be at least 8 characters long") }
                user.password = Secret(password)
            }
            try Self.read(&user, &fields, action: "create user failed")
            return (name, user)
        }
        do throws(AccessRefusal) {
            try directory.change { (state) throws(AccessRefusal) in
                guard state.users[name] == nil else { throw .impossible("user '\(name)' already exists") }
                try state.setUser(name, user)
            }
        } catch { throw error.prefixed("create user failed") }
        return Self.nothing
    }

    /// /access/users/ID
    func user(_ name: String, _ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        switch request.method {
        case "GET":
            try demand(anyOf: Self.audits, forUser: name)
            try readNothing(request)
            return try oneUser(name)
        case "PUT":
            guard rights.holds(any: Privileges(.userModify), at: "/access/groups") else {
                throw .forbidden("/access/groups, User.Modify")
            }
            return try changeUser(name, request)
        default:
            if AccessIdentity.isUserName(name) {
                try demand(.realmAllocateUser, at: "/access/realm/\(name.split(separator: "@").last ?? "")")
            }
            try demand(anyOf: Privileges(.userModify), forUser: name)
            try readNothing(request)
            if let fault = Self.faultOfUser(name) { throw .parameter("userid", fault) }
            try directory.change { (state) throws(AccessRefusal) in state.removeUser(name) }
            return Self.nothing
        }
    }

    private func oneUser(_ name: String) throws(AccessRefusal) -> HTTPServerResponse {
        let user = try known(name)
        return Self.success { json in
            json.object { json in
                Self.write(user, into: &json)
                json.key("groups")
                json.array { _ in }
                json.key("tokens")
                guard !user.tokens.isEmpty else {
                    json.null()
                    return
                }
                json.object { json in
                    for (name, token) in user.tokens.sorted(by: { $0.key < $1.key }) {
                        json.key(text: name)
                        json.object { Self.write(token, into: &$0) }
                    }
                }
            }
        }
    }

    private func changeUser(_ name: String, _ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        if let fault = Self.faultOfUser(name) { throw .parameter("userid", fault) }
        try read(request, Self.settings + ["append"]) { fields throws(AccessRefusal) in
            if fields.boolean("append") != nil, !fields.isGiven("groups") {
                fields.complain("append", "missing property - 'append' requires this property")
            }
            var probe = AccessUser()
            try Self.read(&probe, &fields, action: "update user failed")
            guard fields.errors.isEmpty else { return }
            do throws(AccessRefusal) {
                try directory.change { (state) throws(AccessRefusal) in
                    guard var user = state.users[name] else { throw .impossible("no such user ('\(name)')") }
                    try Self.read(&user, &fields, action: "update user failed")
                    try state.setUser(name, user)
                }
            } catch { throw error.prefixed("update user failed") }
        }
        return Self.nothing
    }

    /// The user of that name.
    func known(_ name: String) throws(AccessRefusal) -> AccessUser {
        if let fault = Self.faultOfUser(name) { throw .parameter("userid", fault) }
        guard let user = directory.now.users[name] else { throw .impossible("no such user ('\(name)')") }
        return user
    }

    /// Takes over what is given. There are no groups.
    private static func read(_ user: inout AccessUser, _ fields: inout FieldReader, action: String) throws(AccessRefusal) {
        user.isEnabled = fields.boolean("enable") ?? user.isEnabled
        user.expire = fields.integer("expire") ?? user.expire
        for name in AccessUser.notes {
            guard let note = fields.text(name, longest: name == "email" ? 254 : name == "comment" ? 2048 : 1024) else { continue }
            user.notes[name] = note
        }
        if let group = fields.list("groups", { _ in nil }).first { throw .impossible("\(action): no such group '\(group)'") }
    }

    private static func write(_ user: AccessUser, into json: inout JSONWriter) {
        json.member("enable", user.isEnabled ? 1 : 0)
        json.member("expire", user.expire)
        for name in AccessUser.notes { json.note(name, user.notes[name]) }
    }
}
