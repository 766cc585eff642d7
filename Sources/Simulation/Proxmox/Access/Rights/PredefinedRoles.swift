/// The roles that every cluster of a release has and nobody can change.
struct PredefinedRoles: Sendable {
    /// The role that takes all rights away, whatever stands beside it.
    static let noAccess = "NoAccess"
    static let auditor = "PVEAuditor"

    /// By name.
    let roles: [String: Privileges]

    private static let all = Dictionary(uniqueKeysWithValues: Release.allCases.map { ($0, PredefinedRoles(of: $0)) })

    /// Those of a release.
    static func of(_ release: Release) -> [String: Privileges] { all[release]?.roles ?? [:] }

    private init(of release: Release) {
        let privileges = Privilege.allCases.filter { $0.exists(in: release) }
        var roles: [String: Privileges] = [
            Self.noAccess: [], "Administrator": Privileges(privileges), "PVETemplateUser": [.vmAudit, Privileges(.vmClone)],
            Self.auditor: Privileges(privileges.filter { $0.level == .auditor }),
            // Who can change mappings reaches every device of the hosts.
            "PVEAdmin": Privileges(privileges.filter { $0.level != .administrator && $0 != .mappingModify }),
        ]
        for area in Privilege.Area.allCases {
            let own = privileges.filter { $0.area == area && $0.level != .administrator }
            roles["PVE\(area.rawValue)Admin"] = Privileges(own)
            let forUsers = own.filter { $0.level != .admin }
            // To look at a pool is to use it.
            guard area == .pool || forUsers.contains(where: { $0.level == .user }) else { continue }
            roles["PVE\(area.rawValue)User"] = Privileges(forUsers)
        }
        self.roles = roles
    }
}
