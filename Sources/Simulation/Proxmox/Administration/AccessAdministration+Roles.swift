import JSON
import Web

/// /access/roles
extension AccessAdministration {
    /// GET /access/roles
    func roles(_ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        try readNothing(request)
        let state = directory.now
        return Self.success { json in
            json.array { json in
                for (name, privileges) in state.roles.sorted(by: { $0.key < $1.key }) {
                    json.object { json in
                        json.member("roleid", name)
                        json.member("privs", privileges.members.map(\.rawValue).joined(separator: ","))
                        json.member("special", state.isPredefined(role: name) ? 1 : 0)
                    }
                }
            }
        }
    }

    /// POST /access/roles
    func addRole(_ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        try demand(.sysModify, at: "/access")
        let (name, given) = try read(request, ["roleid", "privs"]) { fields throws(AccessRefusal) in
            (fields.required("roleid", Self.faultOfRole), privileges(&fields))
        }
        guard !name.lowercased().hasPrefix("pve") else {
            throw .parameter("roleid", "cannot use role ID starting with the (case-insensitive) 'PVE' namespace")
        }
        do throws(AccessRefusal) {
            try directory.change { (state) throws(AccessRefusal) in
                guard state.privileges(ofRole: name) == nil else { throw .impossible("role '\(name)' already exists") }
                try state.setRole(name, given)
            }
        } catch { throw error.prefixed("create role failed") }
        return Self.nothing
    }

    /// /access/roles/ID
    func role(_ name: String, _ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        if request.method == "GET" {
            try readNothing(request)
            if let fault = Self.faultOfRole(name) { throw .parameter("roleid", fault) }
            guard let privileges = directory.now.privileges(ofRole: name) else { throw .impossible("role '\(name)' does not exist") }
            return Self.success { json in
                json.object { json in
                    for privilege in privileges.members {
                        json.key(text: privilege.rawValue)
                        json.integer(1)
                    }
                }
            }
        }
        try demand(.sysModify, at: "/access")
        return try request.method == "DELETE" ? removeRole(name, request) : changeRole(name, request)
    }

    private func changeRole(_ name: String, _ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        let (given, appends) = try read(request, ["privs", "append"]) { fields throws(AccessRefusal) in
            if let fault = Self.faultOfRole(name) { fields.complain("roleid", fault) }
            let appends = fields.boolean("append")
            if appends != nil, !fields.isGiven("privs") {
                fields.complain("privs", "missing property - 'append' requires this property")
            }
            return (privileges(&fields), appends ?? false)
        }
        try refusePredefined(name, "modified")
        do throws(AccessRefusal) {
            try directory.change { (state) throws(AccessRefusal) in
                guard let before = state.ownRoles[name] else { throw .impossible("role '\(name)' does not exist") }
                try state.setRole(name, appends ? before.union(given) : given)
            }
        } catch { throw error.prefixed("update role failed") }
        return Self.nothing
    }

    private func removeRole(_ name: String, _ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        try readNothing(request)
        if let fault = Self.faultOfRole(name) { throw .parameter("roleid", fault) }
        try refusePredefined(name, "deleted")
        do throws(AccessRefusal) {
            try directory.change { (state) throws(AccessRefusal) in
                guard state.ownRoles[name] != nil else { throw .impossible("role '\(name)' does not exist") }
                state.removeRole(name)
            }
        } catch { throw error.prefixed("delete role failed") }
        return Self.nothing
    }

    private func refusePredefined(_ name: String, _ change: String) throws(AccessRefusal) {
        if directory.now.isPredefined(role: name) { throw .impossible("auto-generated role '\(name)' cannot be \(change)") }
    }

    /// Those of the parameter `privs`, which the release must know.
    private func privileges(_ fields: inout FieldReader) -> Privileges {
        let release = directory.now.release
        func known(_ word: String) -> Privilege? { Privilege(rawValue: word).flatMap { $0.exists(in: release) ? $0 : nil } }
        let words = fields.list("privs") { known($0) == nil ? "invalid privilege '\($0)'\n" : nil }
        return Privileges(words.compactMap(known))
    }
}
