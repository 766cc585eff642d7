/// A hypervisor host as it is built, with the waves that its own numbers follow.
struct Node: Sendable {
    let index: Int
    let name: String
    /// What its services listen on: 127.0.0.2 for the first.
    let address: String
    /// SHA-256, made up.
    let fingerprint: String
    /// What the subscription server knows it by.
    let serverID: String
    let subscription: Subscription?

    let threads: Int
    let sockets: Int
    var memoryBytes: Int
    let swapBytes: Int
    let rootBytes: Int
    let poolBytes: Int

    /// In seconds since the epoch, so below 0.
    let firstBoot: Double
    /// Threads that the host itself keeps busy.
    let cpu: Wave
    /// Fraction of all threads that wait for disks.
    let ioWait: Wave
    /// Bytes that the host itself uses.
    let memory: Wave
    /// Fraction of the available memory that is free rather than cache.
    let freeShare: Wave
    let swapUsed: Wave
    let rootUsed: Wave
    let poolUsed: Wave
    let sharedPages: Wave
    /// Bytes a second that the host itself receives.
    let network: Wave
    /// Bytes a second that the host itself writes.
    let diskWrites: Wave
    /// Fraction of time in which a disk has work.
    let diskBusy: Wave
    /// Fraction of time in which some task waits for a CPU.
    let cpuPressure: Wave
    let ioPressure: Wave
    /// Context switches a second.
    let switches: Wave

    /// Positions in the inventory, in the order of vmids.
    var qemu: [Int]
    var lxc: [Int]

    /// The subscription's letter; empty without one.
    var level: String { subscription?.level.rawValue ?? "" }
}
