extension AccountCommands {
    /// The same as `creation`, as a script for `sh` on a node, or to be pasted there, with a comment for each step. Running it again does
    /// no harm: what is there stays, the role gets its rights anew, and of a token that is there already nothing is printed, as its
    /// secret is shown once. No line is longer than 100 letters but for long names.
    ///
    /// - Parameter majorVersion: as `creation` has it.
    package func script(majorVersion: Int) -> String {
        var lines = ["# For root on any node of the cluster, Proxmox VE \(majorVersion). Running it again does no harm.", ""]
        lines += roleLines(majorVersion: majorVersion)
        lines += [
            "", "# A user of its own, who has no password and so cannot log in.",
            "pveum user token list \(Self.word(user)) >/dev/null 2>&1 || pveum user add \(Self.word(user))",
        ]
        if let token {
            let name = Self.word("\(user)!\(token)")
            lines += [
                "", "# Its token. The secret is printed once, here, and never again.",
                "pveum user token add \(Self.word(user)) \(Self.word(token)) --privsep 1 || {",
                "  echo 'If the token exists: its secret cannot be shown again. For a new one remove it first:' >&2",
                "  printf '  %s\\n' \(Self.word("pveum user token remove \(Self.word(user)) \(Self.word(token))")) >&2", "}", "",
                "# The role on everything, to both: a token has what both of them have.",
                "pveum acl modify / --users \(Self.word(user)) --roles \(Self.role)",
                "pveum acl modify / --tokens \(name) --roles \(Self.role)",
            ]
        } else {
            lines += ["", "# The role on everything.", "pveum acl modify / --users \(Self.word(user)) --roles \(Self.role)"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The role with its rights, and the role on everything: for an account that is there and lacks some.
    package func roleScript(majorVersion: Int) -> String {
        (roleLines(majorVersion: majorVersion) + grants(role: Self.role)).joined(separator: "\n") + "\n"
    }

    private func roleLines(majorVersion: Int) -> [String] {
        let privileges = RequiredPrivilege.creationPrivileges(majorVersion: majorVersion).joined(separator: " ")
        return [
            "# A role of exactly the rights that martlet reads with; the role PVEAuditor does as well.",
            "privileges=\(Self.word(privileges))",
            "pveum role modify \(Self.role) --privs \"$privileges\" 2>/dev/null ||",
            "  pveum role add \(Self.role) --privs \"$privileges\"",
        ]
    }
}
