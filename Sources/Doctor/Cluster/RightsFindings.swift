import ProxmoxAPI
import ProxmoxConfiguration

/// Judges what a credential may, and says how it gets what it lacks.
struct RightsFindings: Sendable {
    let account: Account
    let version: ProxmoxVersion?
    /// Of who asks.
    let permissions: Permissions
    /// Of the token's user; nil when nobody tells.
    var ofUser: Permissions?
    /// Whether the token has rights of its own; nil when nobody tells.
    var isSeparated: Bool?
    /// nil when nobody tells.
    var roles: Roles?

    private static let check = "rights"
    /// Without which little is missing.
    private static let small: Set<String> = ["Pool.Audit", "Mapping.Audit"]
    private static let auditor = "PVEAuditor"

    /// With which one can change or break something; martlet uses none of them.
    private static let powers = [
        "Permissions.Modify", "Sys.Modify", "Sys.PowerMgmt", "Sys.Console", "User.Modify", "VM.Allocate", "VM.Config.Options", "VM.Console",
        "VM.Monitor", "VM.PowerMgmt", "Datastore.Allocate",
    ]

    init(_ account: Account, _ version: ProxmoxVersion?, _ permissions: Permissions) {
        self.account = account
        self.version = version
        self.permissions = permissions
    }

    /// A right and what it is for, of all that martlet can use.
    var findings: [Finding] {
        let missing = RequiredPrivilege.missing(in: permissions, of: version)
        let wanted = missing.filter { !$0.isDangerous }
        var findings: [Finding] = []
        let isAgentLeft = missing.contains(where: \.isDangerous) && !permissions.areEmpty
        if !wanted.isEmpty { findings.append(lack(of: wanted)) }
        if isAgentLeft {
            findings.append(withoutAgents(isWell: wanted.isEmpty))
        } else if wanted.isEmpty {
            findings.append(Finding(Self.check, .ok, "\(who) may see all that martlet reads"))
        }
        let powers = Self.powers.filter(permissions.holdsAnywhere)
        if !powers.isEmpty {
            findings.append(
                Finding(
                    Self.check, .warning,
                    "\(who) may do more than look, so whoever gets hold of the credential may too: \(enumeration(powers))",
                    remedies: [Finding.Remedy(.node, "an account that may only look is made by", lines: creation)]))
        }
        return findings
    }

    /// On 8 agents are left out with good reason.
    private func withoutAgents(isWell: Bool) -> Finding {
        let what = isWell ? "\(who) may see all that martlet reads but guest agents (VM.Monitor)" : "guest agents are left out (VM.Monitor)"
        return Finding(
            Self.check, .information,
            "\(what): on Proxmox VE 8 the right to ask them would let its holder run programs in guests too; "
                + "docs/security.md says how to give it for a few guests",
            remedies: [
                Finding.Remedy(
                    .settings, "saves the calls that would be refused, unless it stands there already",
                    lines: ["proxmox:", "  slow:", "    skip: [agent]"])
            ])
    }

    /// Another account than the one there is, as that may be needed for something else.
    private var creation: [String] {
        AccountCommands(user: "martlet@pve", token: "martlet").creation(majorVersion: version?.major ?? 8)
    }

    private var who: String { account.token.map { "\(account.user)!\($0)" } ?? account.user }

    private func lack(of missing: [RequiredPrivilege]) -> Finding {
        let isProblem = missing.contains { !Self.small.contains($0.privilege) }
        let summary =
            permissions.areEmpty
            ? "\(who) is let in and may see nothing: lists are empty, without a word from the API"
            : "\(who) lacks \(counted(missing.count, "right")); the API leaves out what it may not see, without a word"
        return Finding(
            Self.check, isProblem ? .problem : .warning, summary,
            details: missing.map { "\($0.privilege) on \($0.path). Missing without it: \($0.purpose)" }, remedies: remedies(for: missing)
        )
    }

    // MARK: what to type

    /// Who of user and token is to be given something.
    func holders(_ missing: [RequiredPrivilege]) -> [AccountCommands.Holder] {
        guard account.token != nil, isSeparated != false else { return [.user] }
        // What a token with rights of its own may is what both may.
        if let ofUser, missing.allSatisfy({ ofUser.holds($0.privilege, below: $0.path) }) { return [.token] }
        return [.user, .token]
    }

    /// An entry on a path stands in place of the one on `/`, so where there is one, that is the place for more.
    private func paths(_ missing: [RequiredPrivilege]) -> [String] {
        var paths: [String] = []
        for path in missing.map({ permissions.areOwn(on: $0.path) ? $0.path : "/" }) where !paths.contains(path) { paths.append(path) }
        return paths.sorted()
    }

    private func remedies(for missing: [RequiredPrivilege]) -> [Finding.Remedy] {
        let commands = AccountCommands(user: account.user, token: account.token)
        let names = Set(missing.map(\.privilege))
        let (role, preparation) = role(for: names)
        let grants = paths(missing).flatMap { commands.grants(role: role, on: $0, to: holders(missing)) }
        var words = preparation.isEmpty ? "give the role \(role)" : "give the role \(role) what it lacks, and it"
        if preparation.first?.hasPrefix("pveum role add") == true { words = "make the role \(role) and give it" }
        let whom =
            switch holders(missing) {
            case [.user]: "to the user"
            case [.token]: "to the token, which has rights of its own; its user has them"
            default: "to the user and to the token: a token with rights of its own has what both have"
            }
        // Nothing that is given beside NoAccess counts.
        let bars = paths(missing).filter { permissions.areTaken(on: $0) }.flatMap {
            commands.removals(role: "NoAccess", on: $0, from: holders(missing))
        }
        return [Finding.Remedy(.node, "\(words) \(whom)", lines: preparation + bars + grants)]
    }

    /// The role that mends it, and what has to be done to it before.
    private func role(for names: Set<String>) -> (name: String, preparation: [String]) {
        guard let roles = roles?.privileges else { return (Self.auditor, []) }
        if let own = roles[AccountCommands.role] {
            let lacking = names.subtracting(own).sorted()
            return (AccountCommands.role, lacking.isEmpty ? [] : [AccountCommands.roleExtension(lacking)])
        }
        if let auditor = roles[Self.auditor], names.isSubset(of: auditor) { return (Self.auditor, []) }
        return (AccountCommands.role, [AccountCommands.roleCreation(majorVersion: version?.major ?? 8)])
    }
}
