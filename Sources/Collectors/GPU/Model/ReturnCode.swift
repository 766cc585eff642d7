/// What a call of NVML returned.
struct ReturnCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    let rawValue: Int32

    init(rawValue: Int32) { self.rawValue = rawValue }
    init(_ rawValue: Int32) { self.rawValue = rawValue }

    static let success = ReturnCode(0)
    static let uninitialized = ReturnCode(1)
    static let invalidArgument = ReturnCode(2)
    static let notSupported = ReturnCode(3)
    static let noPermission = ReturnCode(4)
    static let notFound = ReturnCode(6)
    static let insufficientSize = ReturnCode(7)
    static let driverNotLoaded = ReturnCode(9)
    static let timeout = ReturnCode(10)
    static let libraryNotFound = ReturnCode(12)
    static let functionNotFound = ReturnCode(13)
    static let gpuIsLost = ReturnCode(15)
    static let resetRequired = ReturnCode(16)
    static let operatingSystem = ReturnCode(17)
    static let versionMismatch = ReturnCode(18)
    static let noData = ReturnCode(21)
    static let argumentVersionMismatch = ReturnCode(25)
    static let deprecated = ReturnCode(26)
    static let unknown = ReturnCode(999)

    /// What follows from it.
    enum Meaning: Sendable {
        case value
        /// This card or this driver has no such thing: not asked again for an hour.
        case absent
        case forbidden
        case lost, resetRequired
        /// The library must be loaded anew.
        case stale
        /// It may work next time.
        case failed
    }

    var meaning: Meaning {
        switch self {
        case .success: .value
        case .notSupported, .functionNotFound, .notFound, .noData, .deprecated, .argumentVersionMismatch: .absent
        case .noPermission, .operatingSystem: .forbidden
        case .gpuIsLost: .lost
        case .resetRequired: .resetRequired
        case .driverNotLoaded, .versionMismatch, .uninitialized: .stale
        default: .failed
        }
    }

    private static let names: [Int32: String] = [
        0: "SUCCESS", 1: "UNINITIALIZED", 2: "INVALID_ARGUMENT", 3: "NOT_SUPPORTED", 4: "NO_PERMISSION", 5: "ALREADY_INITIALIZED",
        6: "NOT_FOUND", 7: "INSUFFICIENT_SIZE", 8: "INSUFFICIENT_POWER", 9: "DRIVER_NOT_LOADED", 10: "TIMEOUT", 11: "IRQ_ISSUE",
        12: "LIBRARY_NOT_FOUND", 13: "FUNCTION_NOT_FOUND", 14: "CORRUPTED_INFOROM", 15: "GPU_IS_LOST", 16: "RESET_REQUIRED",
        17: "OPERATING_SYSTEM", 18: "LIB_RM_VERSION_MISMATCH", 19: "IN_USE", 20: "MEMORY", 21: "NO_DATA", 22: "VGPU_ECC_NOT_SUPPORTED",
        23: "INSUFFICIENT_RESOURCES", 24: "FREQ_NOT_SUPPORTED", 25: "ARGUMENT_VERSION_MISMATCH", 26: "DEPRECATED", 27: "NOT_READY",
        28: "GPU_NOT_FOUND", 29: "INVALID_STATE", 30: "RESET_TYPE_NOT_SUPPORTED", 999: "UNKNOWN",
    ]

    /// `NOT_SUPPORTED`; the number of one that nobody has published.
    var description: String { Self.names[rawValue] ?? String(rawValue) }
}
