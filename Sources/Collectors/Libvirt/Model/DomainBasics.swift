import Primitives

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

    init(uuid: String, name: String, id: Int? = nil, state: DomainState? = nil) {
        self.uuid = uuid
        self.name = name
        self.id = id
        self.state = state
    }
}

/// A domain's state and why it is in it: virDomainState and the reasons of that state.
struct DomainState: Sendable, Equatable {
    let code: Int
    let reasonCode: Int

    static let runningCode = 1

    /// As `virsh domstate --reason` has it, with underscores; of a newer libvirt the numbers.
    var word: String { Self.words.indices.contains(code) ? Self.words[code].state : String(code) }

    var reason: String {
        guard Self.words.indices.contains(code), Self.words[code].reasons.indices.contains(reasonCode) else { return String(reasonCode) }
        return Self.words[code].reasons[reasonCode]
    }

    private static let words: [(state: String, reasons: [String])] = [
        ("nostate", ["unknown"]),
        (
            "running",
            [
                "unknown", "booted", "migrated", "restored", "from_snapshot", "unpaused", "migration_canceled", "save_canceled", "wakeup",
                "crashed", "postcopy", "postcopy_failed",
            ]
        ),
        ("blocked", ["unknown"]),
        (
            "paused",
            [
                "unknown", "user", "migration", "save", "dump", "ioerror", "watchdog", "from_snapshot", "shutting_down", "snapshot",
                "crashed",
                "starting_up", "postcopy", "postcopy_failed", "api_error",
            ]
        ),
        ("shutdown", ["unknown", "user"]),
        (
            "shutoff",
            ["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from_snapshot", "daemon"]
        ),
        ("crashed", ["unknown", "panicked"]),
        ("pmsuspended", ["unknown"]),
    ]
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
