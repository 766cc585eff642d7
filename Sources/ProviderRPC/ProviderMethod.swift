/// The methods of `provider.v1.Provider`.
package enum ProviderMethod: String, CaseIterable, Sendable {
    case validate = "Validate"
    case create = "Create"
    case delete = "Delete"
    case power = "Power"
    case reconfigure = "Reconfigure"
    case hardwareUpgrade = "HardwareUpgrade"
    case describe = "Describe"
    case taskStatus = "TaskStatus"
    case snapshotCreate = "SnapshotCreate"
    case snapshotDelete = "SnapshotDelete"
    case snapshotRevert = "SnapshotRevert"
    case clone = "Clone"
    case imagePrepare = "ImagePrepare"
    case getCapabilities = "GetCapabilities"
    case exportDisk = "ExportDisk"
    case importDisk = "ImportDisk"
    case getDiskInfo = "GetDiskInfo"
    case listVMs = "ListVMs"

    /// Those that change something on a hypervisor: each call of one is an operation, which is written down, and counted from 0 on.
    package static let operations: [ProviderMethod] = [
        .create, .delete, .power, .reconfigure, .snapshotCreate, .snapshotDelete, .snapshotRevert, .clone, .imagePrepare,
    ]

    package static let serviceName = "provider.v1.Provider"

    /// As on the wire: `/provider.v1.Provider/Create`.
    package var path: String { "/\(Self.serviceName)/\(rawValue)" }

    /// How long a client waits when nobody says otherwise, in seconds; as the managers that there are do.
    package var defaultSeconds: Double {
        switch self {
        case .taskStatus: 10
        case .validate, .describe, .getCapabilities: 30
        case .delete, .power, .snapshotDelete, .listVMs: 120
        case .create, .reconfigure, .hardwareUpgrade, .snapshotCreate, .snapshotRevert, .clone, .imagePrepare: 300
        case .exportDisk, .importDisk, .getDiskInfo: 1800
        }
    }
}
