package import Protobuf

/// What is done to a machine's power.
package enum PowerOp: ProtobufEnum {
    case unspecified
    case on
    /// At once, as when the plug is pulled.
    case off
    case reboot
    /// The guest is asked to end by itself.
    case shutdownGraceful
    /// A number that this version has no name for.
    case other(Int32)

    package init(rawValue: Int32) {
        self =
            switch rawValue {
            case 0: .unspecified
            case 1: .on
            case 2: .off
            case 3: .reboot
            case 4: .shutdownGraceful
            default: .other(rawValue)
            }
    }

    package var rawValue: Int32 {
        switch self {
        case .unspecified: 0
        case .on: 1
        case .off: 2
        case .reboot: 3
        case .shutdownGraceful: 4
        case .other(let number): number
        }
    }
}

/// A machine to be switched on, off or over.
package struct PowerRequest: ProtobufMessage {
    package var id = ""
    package var op: PowerOp = .unspecified
    /// How long the guest may take to end by itself, in seconds; the provider's own measure when it is 0.
    package var gracefulTimeoutSeconds: Int32 = 0
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    /// Whose the machine must be, for providers of several hosts.
    package var owner: ObjectIdentity?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = "", op: PowerOp = .unspecified, gracefulTimeoutSeconds: Int32 = 0, targetHostID: String = "",
        owner: ObjectIdentity? = nil
    ) {
        self.id = id
        self.op = op
        self.gracefulTimeoutSeconds = gracefulTimeoutSeconds
        self.targetHostID = targetHostID
        self.owner = owner
    }

    package static let fields = FieldTable<PowerRequest>(
        "provider.v1.PowerRequest",
        [
            .field(1, "id", .string, \.id),
            .field(2, "op", .enumeration, \.op),
            .field(3, "graceful_timeout_seconds", .int32, \.gracefulTimeoutSeconds),
            .field(4, "target_host_id", .string, \.targetHostID),
            .optional(5, "owner", .message, \.owner),
        ])
}
