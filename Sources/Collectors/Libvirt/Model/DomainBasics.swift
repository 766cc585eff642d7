import LibvirtAPI

/// What libvirt tells of a domain without asking its QEMU: it is there also while that hangs.
struct DomainBasics: Sendable, Equatable {
    let uuid: String
    var name: String
    /// The number of the running instance; nil for a domain that is not active.
    var id: Int?
    var state: DomainState?
    var maximumMemoryBytes: Double?
    /// What the balloon leaves to the guest, not what the guest uses.
    var memoryBytes: Double?
    var virtualCPUs: Double?
    var cpuSeconds: Double?
    var isAutostarted: Bool?
    var isPersistent: Bool?
    var hasManagedSave: Bool?
    var control: DomainControl?

    var isActive: Bool { id != nil }

    /// Takes what its numbers are.
    mutating func take(_ info: DomainInfo) {
        (maximumMemoryBytes, virtualCPUs) = (info.maximumMemoryBytes, info.virtualCPUs)
        // Of one that is off they are what it will begin with.
        if isActive { (memoryBytes, cpuSeconds) = (info.memoryBytes, info.cpuSeconds) }
    }

    init(uuid: String, name: String, id: Int? = nil, state: DomainState? = nil) {
        self.uuid = uuid
        self.name = name
        self.id = id
        self.state = state
    }
}

/// What virDomainGetInfo tells.
struct DomainInfo: Sendable, Equatable {
    var maximumMemoryBytes: Double?
    var memoryBytes: Double?
    var virtualCPUs: Double?
    var cpuSeconds: Double?
}

/// Whether a domain's monitor takes commands: virDomainGetControlInfo, which asks no monitor itself.
struct DomainControl: Sendable, Equatable {
    enum State: String, Sendable, CaseIterable {
        case ok
        /// Something long is under way, as a migration.
        case job
        /// A command was given and is not answered yet.
        case occupied
        case error
    }

    let state: State
    /// How long it has been so; 0 where that is not known.
    let seconds: Double
}
