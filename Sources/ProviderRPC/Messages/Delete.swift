package import Protobuf

/// A machine to be removed with what belongs to it.
package struct DeleteRequest: ProtobufMessage {
    package var id = ""
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    /// Whose the machine must be, for providers of several hosts.
    package var owner: ObjectIdentity?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = "", targetHostID: String = "", owner: ObjectIdentity? = nil
    ) {
        self.id = id
        self.targetHostID = targetHostID
        self.owner = owner
    }

    package static let fields = FieldTable<DeleteRequest>(
        "provider.v1.DeleteRequest",
        [
            .field(1, "id", .string, \.id),
            .field(2, "target_host_id", .string, \.targetHostID),
            .optional(3, "owner", .message, \.owner),
        ])
}
