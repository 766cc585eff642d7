/// An error as libvirt tells it to its callers: `remote_error` on the wire, `virError` in C.
struct LibvirtError: Error, Sendable, Equatable {
    /// Of enum virErrorNumber.
    enum Code: Int32, Sendable {
        case internalError = 1
        case noSupport = 3
        case noConnect = 5
        case invalidArgument = 8
        case operationDenied = 29
        case rpc = 39
        case noDomain = 42
        case noNetwork = 43
        case noStoragePool = 49
        case noStorageVolume = 50
        case operationInvalid = 55
        case operationTimeout = 68
        case noDomainSnapshot = 72
        case argumentUnsupported = 74
        case noDomainMetadata = 80
        case operationUnsupported = 84
        case agentUnresponsive = 86

        /// What stands before the particulars.
        var prefix: String {
            switch self {
            case .internalError: "internal error: "
            case .noSupport: "this function is not supported by the connection driver: "
            case .noConnect: "no connection driver available for "
            case .invalidArgument: "invalid argument: "
            case .operationDenied: "operation forbidden: "
            case .rpc: ""
            case .noDomain: "Domain not found: "
            case .noNetwork: "Network not found: "
            case .noStoragePool: "Storage pool not found: "
            case .noStorageVolume: "Storage volume not found: "
            case .operationInvalid: "Requested operation is not valid: "
            case .operationTimeout: "Timed out during operation: "
            case .noDomainSnapshot: "Domain snapshot not found: "
            case .argumentUnsupported: "argument unsupported: "
            case .noDomainMetadata: "metadata not found: "
            case .operationUnsupported: "Operation not supported: "
            case .agentUnresponsive: "Guest agent is not responding: "
            }
        }
    }

    /// Of enum virErrorDomain: which part of libvirt complains.
    enum Origin: Int32, Sendable {
        case none = 0
        case rpc = 7
        case qemu = 10
        case storage = 18
        case network = 19
    }

    let code: Code
    let origin: Origin
    /// What is particular about this one.
    let detail: String

    init(_ code: Code, _ detail: String, origin: Origin = .qemu) {
        self.code = code
        self.origin = origin
        self.detail = detail
    }

    /// As a program prints it.
    var message: String { code.prefix + detail }

    /// `remote_error`: code, domain, message, level, no domain, three texts, two numbers, no network.
    var payload: [UInt8] {
        var writer = XDRWriter()
        writer.integer(code.rawValue)
        writer.integer(origin.rawValue)
        writer.optionalString(message)
        writer.integer(Self.levelOfErrors)
        writer.boolean(false)
        writer.optionalString(code.prefix + "%s")
        writer.optionalString(detail)
        writer.optionalString(nil)
        writer.integer(Int32(-1))
        writer.integer(Int32(-1))
        writer.boolean(false)
        return writer.bytes
    }

    private static let levelOfErrors: Int32 = 2

    static let undecodable = LibvirtError(.rpc, "Unable to decode message payload", origin: .rpc)
    static let notRunning = LibvirtError(.operationInvalid, "domain is not running")
}
