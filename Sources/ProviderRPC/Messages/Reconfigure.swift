package import Protobuf

/// A machine to be made as is said, while it runs where that is possible.
package struct ReconfigureRequest: ProtobufMessage {
    package var id = ""
    /// All of the machine as it is wanted, in the form of a CreateRequest's parts.
    package var desiredJSON = ""
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    /// Whose the machine must be, for providers of several hosts.
    package var owner: ObjectIdentity?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = "", desiredJSON: String = "", targetHostID: String = "", owner: ObjectIdentity? = nil
    ) {
        self.id = id
        self.desiredJSON = desiredJSON
        self.targetHostID = targetHostID
        self.owner = owner
    }

    package static let fields = FieldTable<ReconfigureRequest>(
        "provider.v1.ReconfigureRequest",
        [
            .field(1, "id", .string, \.id),
            .field(2, "desired_json", .string, \.desiredJSON),
            .field(3, "target_host_id", .string, \.targetHostID),
            .optional(4, "owner", .message, \.owner),
        ])
}

/// A machine whose virtual hardware shall be of a newer version.
package struct HardwareUpgradeRequest: ProtobufMessage {
    package var id = ""
    /// As the hypervisor counts them: 21.
    package var targetVersion: Int32 = 0
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = "", targetVersion: Int32 = 0, targetHostID: String = ""
    ) {
        self.id = id
        self.targetVersion = targetVersion
        self.targetHostID = targetHostID
    }

    package static let fields = FieldTable<HardwareUpgradeRequest>(
        "provider.v1.HardwareUpgradeRequest",
        [
            .field(1, "id", .string, \.id),
            .field(2, "target_version", .int32, \.targetVersion),
            .field(3, "target_host_id", .string, \.targetHostID),
        ])
}
