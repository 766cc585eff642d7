/// What a Linux machine counts, as far as its node exporter tells of it: a host, a virtual machine or a container.
struct LinuxMachine: Sendable {
    /// Seconds since the start, on a CPU that has its even share of the work.
    struct Work: Sendable {
        var user = 0.0
        var system = 0.0
        var interrupts = 0.0
        var waiting = 0.0
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
    }

    struct Card: Sendable {
        enum Kind: Sendable { case loopback, physical, virtual }

        let device: String
        let kind: Kind
        let hardwareAddress: String
        let received: Double
        let sent: Double
        var isLoopback: Bool { kind == .loopback }
        var isPhysical: Bool { kind == .physical }
    }

    /// What the kernel counts beyond the rest, since the start unless it says otherwise.
    struct Kernel: Sendable {
        let switches: Double
        let cpuWaitingSeconds: Double
        let ioWaitingSeconds: Double
        let readBytes: Int
        let writtenBytes: Int
        /// Now.
        let busyThreads: Double
        let blockedProcesses: Double
        let openFiles: Double
        /// How far the clock is from its middle, around 0.
        let clockSwing: Double
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
}
