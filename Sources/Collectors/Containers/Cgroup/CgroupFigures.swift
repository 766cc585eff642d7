/// What the kernel counts for one group; nil for what it does not tell.
struct CgroupFigures: Equatable {
    // Seconds.
    var cpuTotal: Double?
    var cpuUser: Double?
    var cpuSystem: Double?
    var cpuPeriods: Double?
    var cpuThrottledPeriods: Double?
    var cpuThrottled: Double?
    /// CPUs that it may use; nil when it may use all.
    var cpuLimit: Double?
    /// Of the limit, in seconds.
    var cpuPeriod: Double?
    var cpuShares: Double?

    // Bytes.
    var memoryUsage: Double?
    /// Nil also when there is none.
    var memoryLimit: Double?
    var memoryPeak: Double?
    var memoryAnonymous: Double?
    var memoryFile: Double?
    var memoryInactiveFile: Double?
    var memorySwap: Double?
    var pageFaults: Double?
    var majorPageFaults: Double?
    var oomKills: Double?

    /// Nil where the kernel does not count; empty when there was no input and output yet.
    var devices: [Device]?
    var threads: Double?
    var threadLimit: Double?
    /// Processes of the group and of those in it.
    var processes: Double?
    /// The first of them.
    var firstProcess: Int?
    var isFrozen: Bool?

    var pressure: [Pressure] = []

    /// Input and output of one block device.
    struct Device: Equatable {
        /// `8:0`
        let number: String
        var readBytes = 0.0
        var writtenBytes = 0.0
        var reads = 0.0
        var writes = 0.0
    }

    /// Seconds in which some or all tasks waited for a resource.
    struct Pressure: Equatable {
        let resource: String
        var waiting: Double?
        var stalled: Double?
    }

    /// What could not be given up at once: usage without pages of files that were not used lately.
    var memoryWorkingSet: Double? {
        guard let usage = memoryUsage, let inactive = memoryInactiveFile else { return nil }
        return max(0, usage - inactive)
    }
}
