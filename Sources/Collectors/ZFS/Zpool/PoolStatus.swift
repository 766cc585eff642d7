import Primitives

/// What `zpool status` says of a pool.
struct PoolStatus: Sendable, Equatable {
    /// What the program says in place of an answer when there is none.
    static let noPools = "no pools available"
    /// Devices of all pools that are believed.
    static let deviceLimit = 20_000

    let name: String
    var state: PoolState?
    /// Files and objects that are known to be damaged.
    var dataErrors: Double?
    /// The newest scan, if there was one; of a resilver that went along the disks in order, one for each mirror.
    var scans: [PoolScan] = []
    /// Whether something was said of scans, and be it that there was none.
    var tellsScans = false
    var devices: [PoolDevice] = []
}

/// A scrub or a resilver.
struct PoolScan: Sendable, Equatable {
    enum Kind: Sendable { case scrub, resilver }
    enum State: Sendable { case running, paused, finished, canceled }

    var kind: Kind
    var state: State
    var startSeconds: Double?
    /// When it finished; nil for one that was canceled.
    var endSeconds: Double?
    var durationSeconds: Double?
    var examinedBytes: Double?
    var toExamineBytes: Double?
    var progressRatio: Double?
    var repairedBytes: Double?
    var errors: Double?

    var isUnderWay: Bool { state == .running || state == .paused }
}

/// A device of a pool, or a group of such: a vdev.
struct PoolDevice: Sendable, Equatable {
    var name: String
    /// The group that it is in; empty for the pool's root and what stands beside it.
    var parent: String
    /// root, mirror, raidz, draid, disk, file, spare, replacing, indirect.
    var kind: String
    /// data, special, dedup, log, cache, spare.
    var role: String
    var state: PoolState?
    var readErrors: Double?
    var writeErrors: Double?
    var checksumErrors: Double?
    var slowOperations: Double?
}

extension [PoolDevice] {
    /// Appends a device under a name that no other of the pool has, so that no two have one series.
    mutating func append(unique device: PoolDevice, _ names: inout Set<String>) {
        var device = device
        if !names.insert(device.name).inserted {
            device.name = "\(device.parent.isEmpty ? device.role : device.parent)/\(device.name)"
            guard names.insert(device.name).inserted else { return }
        }
        append(device)
    }
}
