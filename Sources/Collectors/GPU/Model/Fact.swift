/// One number of a card, in base units, by the name that it has between helper and exporter.
struct Fact: Hashable, Sendable {
    let name: String

    init(_ name: String) { self.name = name }

    // Work and memory
    static let utilization = Fact("utilization")
    static let memoryUtilization = Fact("memory_utilization")
    static let encoder = Fact("encoder")
    static let decoder = Fact("decoder")
    static let jpeg = Fact("jpeg")
    static let ofa = Fact("ofa")
    static let encoderSessions = Fact("encoder_sessions")
    static let memoryUsed = Fact("memory_used")
    static let memoryTotal = Fact("memory_total")
    static let memoryFree = Fact("memory_free")
    static let memoryReserved = Fact("memory_reserved")
    static let computeProcesses = Fact("processes_compute")
    static let graphicsProcesses = Fact("processes_graphics")

    // Power and heat
    static let temperature = Fact("temperature")
    static let memoryTemperature = Fact("temperature_memory")
    /// Degrees to the limit that the card keeps below.
    static let temperatureMargin = Fact("temperature_margin")
    /// The margin at which a limit is reached.
    static func limitMargin(_ kind: TemperatureLimit) -> Fact { Fact("limit_margin_\(kind.rawValue)") }
    static let power = Fact("power")
    static let energy = Fact("energy")
    static let fan = Fact("fan")
    static let performanceState = Fact("performance_state")
    static func temperatureLimit(_ kind: TemperatureLimit) -> Fact { Fact("temperature_limit_\(kind.rawValue)") }
    static func powerLimit(_ kind: PowerLimit) -> Fact { Fact("power_limit_\(kind.rawValue)") }
    static func clock(_ domain: ClockDomain) -> Fact { Fact("clock_\(domain.rawValue)") }
    static func clockMax(_ domain: ClockDomain) -> Fact { Fact("clock_max_\(domain.rawValue)") }
    static func throttle(_ reason: ThrottleReason) -> Fact { Fact("throttle_\(reason.rawValue)") }
    static func held(_ reason: HeldReason) -> Fact { Fact("held_\(reason.rawValue)") }

    // Errors
    static let eccMode = Fact("ecc_mode")
    static func ecc(_ kind: ECCKind, _ counter: ECCCounter, _ location: ECCLocation) -> Fact {
        Fact("ecc_\(kind.rawValue)_\(counter.rawValue)_\(location.rawValue)")
    }
    static let retiredSingleBit = Fact("retired_single_bit")
    static let retiredDoubleBit = Fact("retired_double_bit")
    static let retirementPending = Fact("retirement_pending")
    static let remappedCorrectable = Fact("remapped_correctable")
    static let remappedUncorrectable = Fact("remapped_uncorrectable")
    static let remapPending = Fact("remap_pending")
    static let remapFailed = Fact("remap_failed")
    static let recoveryAction = Fact("recovery_action")
    /// 1 while the event thread listens to the card, 0 when it has tried and may not.
    static let listensForXIDs = Fact("listens_for_xids")

    // Links
    static let pcieTransmitted = Fact("pcie_transmitted")
    static let pcieReceived = Fact("pcie_received")
    static let pcieTransmitRate = Fact("pcie_transmit_rate")
    static let pcieReceiveRate = Fact("pcie_receive_rate")
    static let pcieReplays = Fact("pcie_replays")
    static let pcieGeneration = Fact("pcie_generation")
    static let pcieWidth = Fact("pcie_width")
    static let pcieGenerationMax = Fact("pcie_generation_max")
    static let pcieWidthMax = Fact("pcie_width_max")
    static let nvlinkTransmitted = Fact("nvlink_transmitted")
    static let nvlinkReceived = Fact("nvlink_received")
    static let nvlinkActive = Fact("nvlink_active")
    static func nvlinkErrors(_ kind: NVLinkError) -> Fact { Fact("nvlink_\(kind.rawValue)") }

    static let migEnabled = Fact("mig_enabled")
    /// vGPUs that run.
    static let vgpus = Fact("vgpus")
}

enum TemperatureLimit: String, Sendable, CaseIterable {
    case shutdown, slowdown, memory, operating
}

enum PowerLimit: String, Sendable, CaseIterable {
    case enforced, configured
    case standard = "default"
    case min, max
}

enum ClockDomain: String, Sendable, CaseIterable {
    case graphics, sm, memory, video
}

/// What may hold clocks back now.
enum ThrottleReason: String, Sendable, CaseIterable {
    case idle
    case applicationClocks = "application_clocks"
    case powerCap = "sw_power_cap"
    case hardwareSlowdown = "hw_slowdown"
    case syncBoost = "sync_boost"
    case softwareThermal = "sw_thermal"
    case hardwareThermal = "hw_thermal"
    case powerBrake = "hw_power_brake"
    case displayClocks = "display_clocks"
}

/// What NVML counts the time of.
enum HeldReason: String, Sendable, CaseIterable {
    case powerCap = "sw_power_cap"
    case syncBoost = "sync_boost"
    case boardLimit = "board_limit"
    case lowUtilization = "low_utilization"
    case reliability
    case softwareThermal = "sw_thermal"
    case hardwareThermal = "hw_thermal"
    case powerBrake = "hw_power_brake"
    /// Of drivers that do not tell software from hardware.
    case thermal
}

enum ECCKind: String, Sendable, CaseIterable {
    case corrected, uncorrected
}

enum ECCCounter: String, Sendable, CaseIterable {
    case aggregate, volatile
}

enum ECCLocation: String, Sendable, CaseIterable {
    case l1, l2, dram, registers, texture
    case textureShared = "texture_shared"
    case cbu, sram
    /// What NVML's total has beyond the locations that it tells.
    case other
}

enum NVLinkError: String, Sendable, CaseIterable {
    case crcFlit = "crc_flit"
    case crcData = "crc_data"
    case replay, recovery
}
