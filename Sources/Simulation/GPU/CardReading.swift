/// What a card shows at a moment. What it cannot tell is nil or empty.
struct CardReading: Sendable {
    struct Process: Sendable {
        let pid: Int
        let name: String
        let tenant: Tenant
        var memoryBytes: Int
        let draws: Bool
        /// Per cent of the card.
        let processors: Int
        let memory: Int
        let encoder: Int
        let decoder: Int
        let gpuInstance: Int?
    }

    struct Instance: Sendable {
        let name: String
        let uuid: String
        let gpuInstance: Int
        let computeInstance = 0
        let plan: CardPlan.Instance
        let totalBytes: Int
        let usedBytes: Int
        /// Per cent of its own processors, and the integral over seconds.
        let activity: [Activity]
    }

    struct Activity: Sendable {
        /// As NVML numbers it.
        let metric: Int
        let percent: Double
        let area: Double
    }

    struct VGPU: Sendable {
        let id: Int
        let vmid: Int
        let vmName: String
        let vmUUID: String
        let uuid: String
        let mdevUUID: String?
        let guestDriver: String
        let guestBusID: String
        let framebufferUsedBytes: Int
        let isLicensed: Bool
        let licenseState: Int
        let frameRateLimit: Int
        let encoderSessions: Int
        /// Whether the guest has a driver, without which nothing is measured.
        let isActive: Bool
        /// Per cent of the card.
        let processors: Int
        let memory: Int
        let encoder: Int
        let decoder: Int
    }

    /// A code in place of every answer: the card is lost, or wants to be reset.
    enum Condition: Int, Sendable { case well = 0, lost = 15, resetRequired = 16 }

    let plan: CardPlan
    let condition: Condition
    let hangs: Bool

    let processorsPercent: Int
    let memoryPercent: Int
    let encoderPercent: Int
    let decoderPercent: Int
    let usedBytes: Int
    let bar1UsedBytes: Int
    let powerMilliwatts: Int
    let energyMillijoules: Int
    let celsius: Int
    let memoryCelsius: Int?
    /// SM, memory, video, in MHz.
    let clocks: (processors: Int, memory: Int, video: Int)
    /// Bits, as NVML has them.
    let reasons: Int
    let heldNanoseconds: HeldTimes
    let performanceState: Int
    let fanPercent: Int?

    /// Errors of memory since the driver was loaded.
    let correctedErrors: Int
    let uncorrectedErrors: Int
    let remappedUncorrectable: Int
    let isRemapPending: Bool
    let recoveryAction: Int

    let sentBytes: Int
    let receivedBytes: Int
    let sentKilobytesPerSecond: Int
    let receivedKilobytesPerSecond: Int
    let busReplays: Int
    /// Of all links.
    let linkKibibytes: Int
    let linkReplays: Int

    let encoderSessions: Int
    let processes: [Process]
    let instances: [Instance]
    /// Of the whole card, where it can tell.
    let activity: [Activity]
    let vgpus: [VGPU]

    /// For how long clocks were held back since the driver was loaded, by what.
    struct HeldTimes: Sendable {
        var powerCap = 0
        var software = 0
        var hardware = 0
        var powerBrake = 0
    }

    /// How long the driver has been counting.
    let sinceLoadedSeconds: Double

    /// Whether errors of memory are looked for, as they are but on desks.
    var hasECC: Bool { !plan.make.hasFans }
    var freeBytes: Int { plan.make.memoryBytes - plan.make.reservedBytes - usedBytes }
}
