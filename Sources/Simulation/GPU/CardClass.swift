/// What all cards of one make have in common.
///
/// Sizes, limits and clocks are those that real cards showed; how warm they get, and what they need when they do nothing, is near to it.
struct CardClass: Sendable {
    let name: String
    let partNumber: String
    let firmware: String
    /// As NVML numbers them.
    let architecture: Int
    let brand: Int
    let capability: (major: Int, minor: Int)
    let processors: Int
    let deviceID: Int
    let subsystemID: Int

    let memoryBytes: Int
    /// What the driver keeps for itself.
    let reservedBytes: Int
    let bar1Bytes: Int

    // Watts.
    let powerLimit: Double
    let leastPowerLimit: Double
    let idlePower: Double

    // Degrees Celsius.
    let coldest: Double
    let degreesPerWatt: Double
    let operatingLimit: Int
    let slowdownLimit: Int
    let shutdownLimit: Int
    let memoryLimit: Int

    /// MHz: SM, memory, video.
    let clocks: (processors: Int, memory: Int, video: Int)
    let idleClocks: (processors: Int, memory: Int, video: Int)

    let pcieGeneration: Int
    let links: Int
    let hasInstances: Bool
    let hasActivity: Bool
    let hasMemoryTemperature: Bool
    let hasFans: Bool
    let hasEncoder: Bool

    static let h200 = CardClass(
        name: "NVIDIA H200", partNumber: "692-2G520-0280-000", firmware: "96.00.BC.00.01", architecture: 9, brand: 14, capability: (9, 0),
        processors: 132, deviceID: 0x2335_10DE, subsystemID: 0x18BE_10DE, memoryBytes: 150_754_820_096, reservedBytes: 640 << 20,
        bar1Bytes: 256 << 30, powerLimit: 700, leastPowerLimit: 200, idlePower: 76, coldest: 24, degreesPerWatt: 0.043, operatingLimit: 87,
        slowdownLimit: 89, shutdownLimit: 95, memoryLimit: 95, clocks: (1980, 3201, 1545), idleClocks: (345, 3201, 765), pcieGeneration: 5,
        links: 18, hasInstances: true, hasActivity: true, hasMemoryTemperature: true, hasFans: false, hasEncoder: false)

    static let l40s = CardClass(
        name: "NVIDIA L40S", partNumber: "900-2G133-0080-000", firmware: "95.02.66.00.02", architecture: 8, brand: 14, capability: (8, 9),
        processors: 142, deviceID: 0x26B9_10DE, subsystemID: 0x1851_10DE, memoryBytes: 48_305_799_168, reservedBytes: 602 << 20,
        bar1Bytes: 64 << 30, powerLimit: 350, leastPowerLimit: 100, idlePower: 37, coldest: 36, degreesPerWatt: 0.16, operatingLimit: 88,
        slowdownLimit: 93, shutdownLimit: 98, memoryLimit: 105, clocks: (2520, 9001, 1965), idleClocks: (210, 405, 1185), pcieGeneration: 4,
        links: 0, hasInstances: false, hasActivity: false, hasMemoryTemperature: false, hasFans: false, hasEncoder: true)

    static let workstation = CardClass(
        name: "NVIDIA RTX 6000 Ada Generation", partNumber: "900-5G133-2550-000", firmware: "95.02.65.00.0B", architecture: 8, brand: 12,
        capability: (8, 9), processors: 142, deviceID: 0x26B1_10DE, subsystemID: 0x16A1_10DE, memoryBytes: 51_527_024_640,
        reservedBytes: 421 << 20, bar1Bytes: 64 << 30, powerLimit: 300, leastPowerLimit: 100, idlePower: 24, coldest: 30,
        degreesPerWatt: 0.17, operatingLimit: 87, slowdownLimit: 90, shutdownLimit: 95, memoryLimit: 105, clocks: (3105, 10001, 2415),
        idleClocks: (210, 405, 1185), pcieGeneration: 4, links: 0, hasInstances: false, hasActivity: false, hasMemoryTemperature: false,
        hasFans: true, hasEncoder: true)
}
