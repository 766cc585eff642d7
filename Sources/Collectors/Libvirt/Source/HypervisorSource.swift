import LibvirtAPI

/// Where connections to a hypervisor come from: libvirt, or a test.
protocol HypervisorSource: Sendable {
    /// Opens a connection. Blocks, maybe for ever.
    func open() -> Result<any HypervisorConnection, SourceError>
}

/// A connection to a hypervisor. One thread uses it at a time; each call blocks, and may do so for ever.
protocol HypervisorConnection: Sendable {
    func host() -> Result<HostRecord, SourceError>

    /// All domains, each with its name, its number and what it is marked as.
    func domains() -> Result<[DomainBasics], SourceError>

    /// Of all domains, in one call that asks no QEMU.
    func states() -> Result<[String: DomainState], SourceError>

    func state(_ uuid: String) -> Result<DomainState, SourceError>

    func info(_ uuid: String) -> Result<DomainInfo, SourceError>

    /// nil for a state that is younger than this program.
    func control(_ uuid: String) -> Result<DomainControl?, SourceError>

    /// Statistics of those of the domains that are there still, in one call; their QEMUs are asked.
    func statistics(_ uuids: [String]) -> Result<[String: DomainStatistics], SourceError>

    func definition(_ uuid: String) -> Result<DomainDefinition, SourceError>

    func snapshots(_ uuid: String) -> Result<SnapshotSummary, SourceError>

    func job(_ uuid: String) -> Result<DomainDetails.Job, SourceError>

    /// nil where no job is under way.
    func blockJob(_ uuid: String, disk: String) -> Result<DomainDetails.BlockJob?, SourceError>

    /// By disk: each that was stopped.
    func diskErrors(_ uuid: String) -> Result<[String: Int], SourceError>

    func pools() -> Result<[PoolRecord], SourceError>

    func networks() -> Result<[NetworkRecord], SourceError>

    /// Nobody uses it any more.
    func close()
}

/// Why a call of libvirt gave nothing.
struct SourceError: Error, Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// What it was about is there no more.
        case gone
        /// The connection is of no use any more.
        case lost
        /// The daemon does not let us.
        case denied
        /// This hypervisor, or this version, has no such call.
        case unsupported
        case failed
    }

    let kind: Kind
    /// One line for a person.
    let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
