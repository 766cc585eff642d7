/// What a Linux machine counts, as far as its node exporter tells of it: a host, a virtual machine or a container.
struct LinuxMachine: Sendable {
    /// Seconds since the start, on a CPU that has its even share of the work.
    struct Work: Sendable {
        var user = 0.0
        var system = 0.0
        var interrupts = 0.0
        var waiting = 0.0
        /// What the machine below gave to others.
        var stolen = 0.0
        /// What of `user` virtual machines did.
        var guests = 0.0
    }

    struct Memory: Sendable {
        let totalBytes: Int
        let usedBytes: Int
        let availableBytes: Int
        let freeBytes: Int
        let swapBytes: Int
        let swapUsedBytes: Int
    }

    struct Disk: Sendable {
        let device: String
        let major: String
        let model: String
        let serial: String
        let readBytes: Double
        let writtenBytes: Double
        let reads: Double
        let writes: Double
        let flushes: Double
        let readSeconds: Double
        let writeSeconds: Double
        let busySeconds: Double
    }

    struct FileSystem: Sendable {
        let device: String
        let type: String
        let mountPoint: String
        let size: Int
        let used: Int
        let available: Int
        let files: Double
        /// Of `files`, those in use.
        var filesUsedShare = 0.03
    }

    struct Card: Sendable {
        enum Kind: Sendable { case loopback, physical, bond, virtual }

        let device: String
        let kind: Kind
        let hardwareAddress: String
        let received: Double
        let sent: Double
        /// Packets since the start that were received and dropped, or received in pieces.
        var dropped = 0.0
        var broken = 0.0
        var hasLink = true
        /// How often the link came and went.
        var linkChanges = 0
        var isLoopback: Bool { kind == .loopback }
        /// Bytes a second that the link can carry; nil for one that does not know.
        var speed: Double? {
            switch kind {
            case .physical: hasLink ? 1.25e9 : nil
            case .bond: 2.5e9
            case .loopback, .virtual: nil
            }
        }
    }

    /// What the kernel counts beyond the rest, since the start unless it says otherwise.
    struct Kernel: Sendable {
        let switches: Double
        let cpuWaitingSeconds: Double
        let ioWaitingSeconds: Double
        let memoryWaitingSeconds: Double
        /// Pages that were moved out to disks, and back again.
        let swapIn: Double
        let swapOut: Double
        var kills = 0.0
        let readBytes: Int
        let writtenBytes: Int
        /// Now.
        let busyThreads: Double
        let blockedProcesses: Double
        let openFiles: Double
        /// How far the clock is from its middle, around 0.
        let clockSwing: Double
        /// By how much the clock is wrong when it has lost its source; nil while it follows it.
        var clockError: Double?
    }

    /// What only a machine of metal has.
    struct Hardware: Sendable {
        struct Sensor: Sendable {
            let chip: String
            /// Of the driver.
            let chipName: String
            let sensor: String
            let label: String
            let celsius: Double
            var maximum: Double?
            var critical: Double?
        }

        struct Bond: Sendable {
            let name: String
            let cards: Int
            let active: Int
        }

        /// The cache of ZFS.
        struct Cache: Sendable {
            let size: Int
            let minimum: Int
            let maximum: Int
            let hits: Double
            let misses: Double
        }

        let sensors: [Sensor]
        let bonds: [Bond]
        let services: [NodeService]
        let cache: Cache
        /// Name and state.
        let pools: [(name: String, health: String)]
    }

    struct System: Sendable {
        let nodeName: String
        let kernel: String
        let kernelVersion: String
        let id: String
        let idLike: String
        let name: String
        let prettyName: String
        let version: String
        let codename: String
        let versionID: String
        /// Major and minor.
        let versionNumber: Double
    }

    /// Unix times.
    let time: Double
    let bootTime: Double
    let uptimeSeconds: Double
    let cpus: Int
    let work: Work
    /// By how much the second thread of a pair differs from the first, at least.
    let lean: Double
    let load: LoadAverages
    let memory: Memory
    let disks: [Disk]
    let fileSystems: [FileSystem]
    let cards: [Card]
    let kernel: Kernel
    let system: System
    var hardware: Hardware?
}
