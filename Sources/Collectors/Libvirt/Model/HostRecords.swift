/// The machine that the domains run on, and the versions of what runs them.
struct HostRecord: Sendable, Equatable {
    var hostname = ""
    /// QEMU, Xen, TEST.
    var hypervisor = ""
    var model = ""
    var hypervisorVersion = "", daemonVersion = "", libraryVersion = ""
    var cpus: Double?
    var memoryBytes: Double?
    var numaNodes: Double?, sockets: Double?, coresPerSocket: Double?, threadsPerCore: Double?
}

struct PoolRecord: Sendable, Equatable {
    let name: String
    /// dir, logical, rbd; empty where it is not known.
    var type = ""
    /// virStoragePoolState: 0 inactive, 1 building, 2 running, 3 degraded, 4 inaccessible.
    var state: Int?
    var isAutostarted: Bool?
    var capacityBytes: Double?
    var allocationBytes: Double?
    var availableBytes: Double?

    static let inactiveState = 0
}

struct NetworkRecord: Sendable, Equatable {
    let name: String
    var bridge = ""
    var isActive: Bool?
    var isAutostarted: Bool?
}
