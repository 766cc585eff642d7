/// A card as it is built into a machine, with who works on it.
struct CardPlan: Sendable {
    /// A MIG device: a GPU instance with one compute instance.
    struct Instance: Sendable {
        let profile: String
        let gpuInstance: Int
        /// Sevenths of the processors and eighths of the memory.
        let slices: Int
        let memorySlices: Int
        let processors: Int
        let uuid: String
        /// Fraction of its own processors.
        let load: Wave
        let memoryShare: Double
    }

    let index: Int
    let make: CardClass
    let role: GPUProfile.Role
    let uuid: String
    let serial: String
    /// Bus number; the domain and the device are 0.
    let bus: Int
    /// Since when the driver counts, in seconds since the epoch (so below 0).
    let loadedAt: Double
    /// Fraction of the way from idle to the power limit, where neither instances nor virtual machines decide it.
    let load: Wave?
    /// Bytes a second over the bus in one direction; the other has a third of it.
    let traffic: Wave
    let processes: [CardProcess]
    let instances: [Instance]
    /// What was counted before the world began: corrected errors in memory, rows that were exchanged.
    let correctedErrors: Int
    let remappedRows: Int
    /// Bytes a second over links for a card that works as hard as it can.
    let linkBytesPerSecond: Double

    var busID: String { "0000" + legacyBusID }
    var legacyBusID: String { "0000:" + String(bus, radix: 16, uppercase: true) + ":00.0" }
}
