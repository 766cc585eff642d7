import Primitives
import Testing

@testable import Simulation

/// What roles on paths come to, as Proxmox VE counts them.
@Suite struct AccessRightsTests {
    /// Who has which role where, and whether it counts below.
    struct Entry: Sendable {
        let path: String
        let role: String
        var ofToken = false
        var propagates = true
    }

    /// What the token `t1` of `u@pve` may at a path then, of the privileges that the tests look at; and whether that counts below.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let entries: [Entry]
        var isSeparated = false
        var pool: String?
        let path: String
        let held: [Privilege]
        var inherited: [Privilege]?

        var testDescription: String { name }
    }

    private static let looked: [Privilege] = [.vmAudit, .vmPowerMgmt, .sysAudit, .vmClone]

    private static let both = [Entry(path: "/", role: "PVEAuditor"), Entry(path: "/", role: "PVEAuditor", ofToken: true)]

    static let cases = [
        Case(name: "nothing is nothing", entries: [], path: "/vms/100", held: []),
        Case(
            name: "what is given on / counts everywhere", entries: [Entry(path: "/", role: "PVEAuditor")], path: "/vms/100",
            held: [.vmAudit, .sysAudit]),
        Case(name: "and on / itself", entries: [Entry(path: "/", role: "PVEAuditor")], path: "/", held: [.vmAudit, .sysAudit]),
        Case(
            name: "two roles on a path add up",
            entries: [Entry(path: "/vms", role: "PVEVMUser"), Entry(path: "/vms", role: "PVETemplateUser")],
            path: "/vms/100", held: [.vmAudit, .vmPowerMgmt, .vmClone]),
        Case(
            name: "a deeper path stands in place of those above",
            entries: [Entry(path: "/", role: "PVEAuditor"), Entry(path: "/vms", role: "PVETemplateUser")], path: "/vms/100",
            held: [.vmAudit, .vmClone]),
        Case(
            name: "but not beside it",
            entries: [Entry(path: "/", role: "PVEAuditor"), Entry(path: "/vms/101", role: "PVETemplateUser")], path: "/vms/100",
            held: [.vmAudit, .sysAudit]),
        Case(
            name: "the deepest of three",
            entries: [
                Entry(path: "/", role: "Administrator"), Entry(path: "/vms", role: "NoAccess"), Entry(path: "/vms/100", role: "PVEVMUser"),
            ], path: "/vms/100", held: [.vmAudit, .vmPowerMgmt]),
        Case(
            name: "what does not propagate counts at its path", entries: [Entry(path: "/vms", role: "PVEVMUser", propagates: false)],
            path: "/vms", held: [.vmAudit, .vmPowerMgmt], inherited: []),
        Case(
            name: "and not below it", entries: [Entry(path: "/vms", role: "PVEVMUser", propagates: false)], path: "/vms/100", held: []),
        Case(
            name: "what does not propagate leaves what comes from above to those below",
            entries: [Entry(path: "/", role: "PVEAuditor"), Entry(path: "/vms", role: "PVEVMUser", propagates: false)], path: "/vms/100",
            held: [.vmAudit, .sysAudit]),
        Case(
            name: "and stands in its place at the path",
            entries: [Entry(path: "/", role: "PVEAuditor"), Entry(path: "/vms", role: "PVEVMUser", propagates: false)], path: "/vms",
            held: [.vmAudit, .vmPowerMgmt], inherited: []),
        Case(
            name: "of two roles with one right, one that propagates is enough",
            entries: [Entry(path: "/vms", role: "PVEVMUser", propagates: false), Entry(path: "/vms", role: "PVETemplateUser")],
            path: "/vms", held: [.vmAudit, .vmPowerMgmt, .vmClone], inherited: [.vmAudit, .vmClone]),
        Case(
            name: "no access takes all that stands beside it",
            entries: [Entry(path: "/vms", role: "PVEVMUser"), Entry(path: "/vms", role: "NoAccess")], path: "/vms/100", held: []),
        Case(
            name: "no access above is replaced too",
            entries: [Entry(path: "/", role: "NoAccess"), Entry(path: "/vms", role: "PVEVMUser")], path: "/vms/100",
            held: [.vmAudit, .vmPowerMgmt]),
        Case(
            name: "no access that does not propagate ends at its path",
            entries: [Entry(path: "/", role: "PVEAuditor"), Entry(path: "/vms", role: "NoAccess", propagates: false)], path: "/vms/100",
            held: [.vmAudit, .sysAudit]),
        Case(
            name: "a role that is gone gives nothing and still counts",
            entries: [Entry(path: "/", role: "PVEAuditor"), Entry(path: "/vms", role: "Gone")], path: "/vms/100", held: []),
        Case(
            name: "a pool gives its rights on what is in it, and not below", entries: [Entry(path: "/pool/prod", role: "PVEVMUser")],
            pool: "prod", path: "/vms/100", held: [.vmAudit, .vmPowerMgmt], inherited: []),
        Case(
            name: "a right on all pools is one on each", entries: [Entry(path: "/pool", role: "PVEVMUser")], pool: "prod",
            path: "/vms/100", held: [.vmAudit, .vmPowerMgmt], inherited: []),
        Case(name: "not on what is in no pool", entries: [Entry(path: "/pool", role: "PVEVMUser")], path: "/vms/100", held: []),
        Case(name: "nor in another", entries: [Entry(path: "/pool/test", role: "PVEVMUser")], pool: "prod", path: "/vms/100", held: []),
        Case(
            name: "a pool's rights come to a guest's own",
            entries: [Entry(path: "/pool/prod", role: "PVEVMUser"), Entry(path: "/vms", role: "PVETemplateUser")], pool: "prod",
            path: "/vms/100", held: [.vmAudit, .vmPowerMgmt, .vmClone], inherited: [.vmAudit, .vmClone]),
        Case(
            name: "no access in the pool",
            entries: [Entry(path: "/pool/prod", role: "NoAccess"), Entry(path: "/vms/100", role: "PVEVMUser")], pool: "prod",
            path: "/vms/100", held: []),
        Case(
            name: "no access on the guest",
            entries: [Entry(path: "/pool/prod", role: "PVEVMUser"), Entry(path: "/vms/100", role: "NoAccess")], pool: "prod",
            path: "/vms/100", held: []),
        Case(name: "a separated token without a role", entries: [both[0]], isSeparated: true, path: "/vms/100", held: []),
        Case(name: "a separated token of a user without one", entries: [both[1]], isSeparated: true, path: "/vms/100", held: []),
        Case(name: "both have it", entries: both, isSeparated: true, path: "/vms/100", held: [.vmAudit, .sysAudit]),
        Case(
            name: "what both have",
            entries: [Entry(path: "/", role: "PVEVMUser"), Entry(path: "/vms", role: "PVETemplateUser", ofToken: true)],
            isSeparated: true, path: "/vms/100", held: [.vmAudit]),
        Case(
            name: "what propagates for both propagates",
            entries: [Entry(path: "/vms", role: "PVEVMUser"), Entry(path: "/vms", role: "PVEVMUser", ofToken: true, propagates: false)],
            isSeparated: true, path: "/vms", held: [.vmAudit, .vmPowerMgmt], inherited: []),
        Case(
            name: "a token that is not separated needs no role and heeds none",
            entries: [both[0], Entry(path: "/", role: "NoAccess", ofToken: true)], path: "/vms/100", held: [.vmAudit, .sysAudit]),
        Case(
            name: "the user by the pool, the token by the guest",
            entries: [Entry(path: "/pool/prod", role: "PVEVMUser"), Entry(path: "/vms/100", role: "PVEAuditor", ofToken: true)],
            isSeparated: true, pool: "prod", path: "/vms/100", held: [.vmAudit], inherited: []),
    ]

    private func state(_ entries: [Entry], isSeparated: Bool) throws -> AccessState {
        var state = AccessState(release: .v92)
        try state.setUser("u@pve", AccessUser())
        try state.setToken("t1", of: "u@pve", AccessUser.Token(secret: Secret("x"), isSeparated: isSeparated))
        try state.setRole("Gone", [.vmAudit])
        for entry in entries {
            let holder = entry.ofToken ? AccessIdentity.token("t1", of: "u@pve") : .user("u@pve")
            try state.give(entry.role, to: holder, at: entry.path, isInherited: entry.propagates)
        }
        state.removeRole("Gone")
        return state
    }

    @Test(arguments: cases) func `what may be done at a path`(_ one: Case) throws {
        let rights = try state(one.entries, isSeparated: one.isSeparated).rights(of: .token("t1", of: "u@pve"))
        let grant = rights.grant(at: one.path, pool: one.pool)
        let looked = Privileges(Self.looked)
        #expect(grant.held.intersection(looked) == Privileges(one.held))
        #expect(grant.inherited.intersection(looked) == Privileges(one.inherited ?? one.held))
    }

    @Test func `root may do everything, its separated token what it was given`() throws {
        var state = try state([], isSeparated: true)
        try state.give("NoAccess", to: .root, at: "/", isInherited: true)
        #expect(state.rights(of: .root).grant(at: "/vms/100", pool: nil).held == Privileges(of: .v92))
        for isSeparated in [false, true] {
            try state.setToken("adm", of: "root@pam", AccessUser.Token(secret: Secret("x"), isSeparated: isSeparated))
            let grant = state.rights(of: .token("adm", of: "root@pam")).grant(at: "/vms/100", pool: nil)
            #expect(grant.held == (isSeparated ? [] : Privileges(of: .v92)))
        }
        try state.give("PVEVMUser", to: .token("adm", of: "root@pam"), at: "/vms", isInherited: true)
        let rights = state.rights(of: .token("adm", of: "root@pam"))
        #expect(rights.grant(at: "/vms/100", pool: nil).held == PredefinedRoles.of(.v92)["PVEVMUser"])
        #expect(rights.grant(at: "/nodes/pve1", pool: nil).held.isEmpty)
    }

    @Test func `who is not there may nothing`() throws {
        let state = try state([Entry(path: "/", role: "Administrator")], isSeparated: false)
        for identity in [AccessIdentity.user("other@pve"), .token("t2", of: "u@pve"), .token("t1", of: "other@pve")] {
            #expect(state.rights(of: identity).grant(at: "/", pool: nil) == Grant())
        }
    }

    @Test func `who goes takes the entries along`() throws {
        var state = try state(
            [Entry(path: "/", role: "PVEAuditor"), Entry(path: "/vms", role: "PVEAuditor", ofToken: true)], isSeparated: true)
        state.removeToken("t1", of: "u@pve")
        #expect(state.entries.keys.sorted() == ["/"])
        state.removeUser("u@pve")
        #expect(state.entries.isEmpty && state.users.keys.sorted() == ["root@pam"])
        state.removeUser("root@pam")
        #expect(state.users.keys.sorted() == ["root@pam"])
    }

    @Test func `what cannot be changed whole is not changed`() throws {
        let directory = AccessDirectory(try state([], isSeparated: false))
        let failed: Void? = try? directory.change { (state) throws(AccessRefusal) in
            state.removeUser("u@pve")
            throw .impossible("enough")
        }
        #expect(failed == nil && directory.now.users["u@pve"] != nil)
    }

    @Test(arguments: [
        ("/", "/"), ("//vms///100/", "/vms/100"), ("vms", "/vms"), ("/pool/a_b.c-d", "/pool/a_b.c-d"), ("", nil), ("/vms/ä", nil),
        ("/vms/1 2", nil), ("///", "/"),
    ]) func `paths have one form`(raw: String, text: String?) { #expect(AccessPath(raw)?.text == text) }

    @Test(arguments: [
        "/", "/access", "/access/groups/x", "/access/realm/pve", "/nodes/pve1", "/pool/a/b/c", "/sdn/zones/z/v/12", "/storage/nas",
        "/vms/100",
        "/mapping/pci/a100",
    ]) func `paths that are`(path: String) throws { #expect(try #require(AccessPath(path)).isKnown) }

    @Test(arguments: [
        "/nowhere", "/access/users", "/nodes/a/b", "/vms/99", "/vms/0100", "/vms/x", "/vms/100/1", "/sdn/other", "/sdn/zones/z/v/01234",
        "/storage/a/b", "/mapping/a/b/c", "/pool/a/b/c/d",
    ]) func `paths that are not`(path: String) throws { #expect(try !#require(AccessPath(path)).isKnown) }

    @Test(arguments: [
        ("monitor@pve", AccessIdentity.user("monitor@pve")), ("a!b@pve", nil),
        ("monitor@pve!martlet", .token("martlet", of: "monitor@pve")),
        ("monitor@pve!1", nil), ("monitor", nil), ("@pve", nil), ("a:b@pve", nil), ("a/b@pve", nil), ("a b@pve", nil),
        ("a@b@pve", .user("a@b@pve")),
        ("a@1pve", nil), ("", nil), ("!", nil),
    ]) func `names of users and tokens`(text: String, identity: AccessIdentity?) { #expect(AccessIdentity(text) == identity) }

    @Test(arguments: Release.allCases) func `roles come by area and level`(release: Release) throws {
        let roles = PredefinedRoles.of(release)
        #expect(roles.count == 17 && roles["Administrator"] == Privileges(of: release) && roles["NoAccess"] == [])
        #expect(roles["PVEAuditor"]?.members.allSatisfy { $0.rawValue.hasSuffix(".Audit") } == true)
        #expect(roles["PVEAuditor"]?.contains(Privileges(.vmGuestAgentAudit)) == (release == .v92))
        #expect(roles["PVEVMAdmin"]?.contains(Privileges(.vmMonitor)) == (release == .v84))
        guard release == .v92 else { return }
        for row in try Recorded.data("access-roles", "pve-9.2-access").elements {
            let name = try #require(row["roleid"]?.string)
            #expect(roles[name]?.members.map(\.rawValue).joined(separator: ",") == row["privs"]?.string, "\(name)")
        }
    }
}
