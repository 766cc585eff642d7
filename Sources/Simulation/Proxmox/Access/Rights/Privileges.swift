/// A set of rights.
struct Privileges: OptionSet, Sendable, Hashable {
    let rawValue: UInt64

    private static let bits = Dictionary(uniqueKeysWithValues: Privilege.allCases.enumerated().map { ($1, UInt64(1) << UInt64($0)) })

    static let datastoreAudit = Privileges(.datastoreAudit)
    static let poolAudit = Privileges(.poolAudit)
    static let sdnAudit = Privileges(.sdnAudit)
    static let sysAudit = Privileges(.sysAudit)
    static let vmAudit = Privileges(.vmAudit)

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(_ privilege: Privilege) { rawValue = Self.bits[privilege] ?? 0 }

    init(_ privileges: some Sequence<Privilege>) { self = privileges.reduce(into: []) { $0.formUnion(Privileges($1)) } }

    /// All that a release knows.
    init(of release: Release) { self.init(Privilege.allCases.filter { $0.exists(in: release) }) }

    /// In the order of their names.
    var members: [Privilege] { Privilege.allCases.filter { contains(Privileges($0)) } }
}
