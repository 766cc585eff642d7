/// What somebody may, on every path, at one moment.
struct AccessRights: Sendable {
    /// What the user was given; nil for root, who needs nothing given.
    private let user: RoleLadder?
    /// What the token was given that the user has it by; nil for no token, and for one that may what its user may.
    private let token: RoleLadder?
    /// All rights that the release knows.
    private let all: Privileges
    /// What holds on every path but `/`, where no path has something of its own: then nothing needs to be looked up.
    private let everywhere: Grant?

    init(of release: Release, user: RoleLadder?, token: RoleLadder?) {
        self.user = user
        self.token = token
        all = Privileges(of: release)
        everywhere =
            user?.isPlain ?? true && token?.isPlain ?? true
            ? Self.grant(user, token, Privileges(of: release), at: "/-", pool: nil) : nil
    }

    /// Those of somebody who was given nothing.
    static func none(of release: Release) -> AccessRights { AccessRights(of: release, user: RoleLadder(), token: nil) }

    /// Those of somebody who may look at everything and change nothing.
    static func auditor(of release: Release) -> AccessRights {
        var ladder = RoleLadder()
        ladder.add(PredefinedRoles.of(release)[PredefinedRoles.auditor] ?? [], isBar: false, at: "/", isInherited: true)
        return AccessRights(of: release, user: ladder, token: nil)
    }

    /// - Parameters:
    ///   - path: in its normal form.
    ///   - pool: the one that the thing at the path is in.
    func grant(at path: String, pool: String?) -> Grant {
        if let everywhere, path != "/" { return everywhere }
        return Self.grant(user, token, all, at: path, pool: pool)
    }

    /// Whether one of these is held.
    func holds(any privileges: Privileges, at path: String, pool: String? = nil) -> Bool {
        !grant(at: path, pool: pool).held.isDisjoint(with: privileges)
    }

    /// Whether one of these is held on a guest.
    func holds(any privileges: Privileges, on guest: Guest) -> Bool {
        if let everywhere { return !everywhere.held.isDisjoint(with: privileges) }
        return holds(any: privileges, at: "/vms/\(guest.vmid)", pool: guest.pool)
    }

    /// Whether a guest is shown.
    func show(_ guest: Guest) -> Bool { holds(any: .vmAudit, on: guest) }

    /// Whether a pool is shown, and that a guest is in it.
    func show(pool name: String) -> Bool {
        if let everywhere { return everywhere.held.contains(.poolAudit) }
        return holds(any: .poolAudit, at: "/pool/\(name)")
    }

    /// Whether a node tells more than its name and state.
    func audit(node name: String) -> Bool { holds(any: .sysAudit, at: "/nodes/\(name)") }

    /// Whether a storage is listed among those of a node; cluster/resources is stricter.
    func list(storage name: String) -> Bool {
        holds(any: [.datastoreAudit, Privileges(.datastoreAllocateSpace)], at: "/storage/\(name)")
    }

    /// A token has what both have. One of root's has what it was given.
    private static func grant(_ user: RoleLadder?, _ token: RoleLadder?, _ all: Privileges, at path: String, pool: String?) -> Grant {
        let ofUser = user?.grant(at: path, pool: pool) ?? Grant(held: all, inherited: all)
        guard let ofToken = token?.grant(at: path, pool: pool) else { return ofUser }
        return Grant(held: ofUser.held.intersection(ofToken.held), inherited: ofUser.inherited.intersection(ofToken.inherited))
    }
}

extension Inventory {
    /// The pool whose rights count on a path too.
    func pool(at path: String) -> String? {
        guard path.hasPrefix("/vms/"), let vmid = Int(path.dropFirst(5)) else { return nil }
        return guest(vmid: vmid)?.pool
    }
}
