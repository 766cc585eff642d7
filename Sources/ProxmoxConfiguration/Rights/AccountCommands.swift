/// The commands for a shell on a node that give martlet an account of its own, which may look and nothing else.
package struct AccountCommands: Sendable {
    /// `monitor@pve`
    package let user: String
    /// `martlet`; nil for an account that logs in with a password.
    package let token: String?

    /// The role that we make, of exactly the rights that something is read with.
    package static let role = "Martlet"

    package init(user: String, token: String?) {
        self.user = user
        self.token = token
    }

    /// Makes role, user and token, which prints the token's secret, and gives the role to both: a token has what both of them have.
    ///
    /// - Parameter majorVersion: 8 and 9 have other words for the right to ask agents; that of 8 is too much to give away, and is left out.
    package func creation(majorVersion: Int) -> [String] {
        [Self.roleCreation(majorVersion: majorVersion), "pveum user add \(Self.word(user))"]
            + (token.map { ["pveum user token add \(Self.word(user)) \(Self.word($0)) --privsep 1"] } ?? [
                "pveum passwd \(Self.word(user))"
            ]) + grants(role: Self.role)
    }

    /// Whom a role is given to.
    package enum Holder: Sendable, CaseIterable {
        case user
        case token
    }

    /// Gives a role on everything below a path to the user, and to the token if there is one.
    package func grants(role: String, on path: String = "/", to holders: [Holder] = Holder.allCases) -> [String] {
        entries("modify", role, path, holders)
    }

    /// Takes a role on a path away from them; nothing happens where they do not have it there.
    package func removals(role: String, on path: String, from holders: [Holder] = Holder.allCases) -> [String] {
        entries("delete", role, path, holders)
    }

    private func entries(_ verb: String, _ role: String, _ path: String, _ holders: [Holder]) -> [String] {
        holders.compactMap { holder in
            let flag: String
            switch (holder, token) {
            case (.user, _): flag = "--users \(Self.word(user))"
            case (.token, let token?): flag = "--tokens \(Self.word("\(user)!\(token)"))"
            case (.token, nil): return nil
            }
            return "pveum acl \(verb) \(Self.word(path)) \(flag) --roles \(Self.word(role))"
        }
    }

    /// Makes the role that we make, where it is not there yet.
    package static func roleCreation(majorVersion: Int) -> String {
        let privileges = RequiredPrivilege.creationPrivileges(majorVersion: majorVersion).joined(separator: " ")
        return "pveum role add \(role) --privs \(word(privileges))"
    }

    /// Gives the role that we make rights that it lacks.
    package static func roleExtension(_ privileges: [String]) -> String {
        "pveum role modify \(role) --append --privs \(word(privileges.joined(separator: " ")))"
    }

    /// One word of a shell's line, whatever is in it; `!` would be taken for history within double quotes.
    package static func word(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || "@._-/".utf8.contains(byte)
            }
        return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}

extension RequiredPrivilege {
    /// What the role that we make has.
    fileprivate static func creationPrivileges(majorVersion: Int) -> [String] {
        let common = ["Sys.Audit", "VM.Audit"]
        return common + (majorVersion >= 9 ? ["VM.GuestAgent.Audit"] : []) + ["Datastore.Audit", "Pool.Audit", "Mapping.Audit"]
    }
}
