package import Protobuf

/// A machine whose state shall be kept.
package struct SnapshotCreateRequest: ProtobufMessage {
    package var vmID = ""
    /// The snapshot's name, unless the provider has reasons for another.
    package var nameHint = ""
    /// With what the guest has in memory, where the hypervisor can.
    package var includeMemory = false
    package var description = ""
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        vmID: String = "", nameHint: String = "", includeMemory: Bool = false, description: String = "", targetHostID: String = ""
    ) {
        self.vmID = vmID
        self.nameHint = nameHint
        self.includeMemory = includeMemory
        self.description = description
        self.targetHostID = targetHostID
    }

    package static let fields = FieldTable<SnapshotCreateRequest>(
        "provider.v1.SnapshotCreateRequest",
        [
            .field(1, "vm_id", .string, \.vmID),
            .field(2, "name_hint", .string, \.nameHint),
            .field(3, "include_memory", .bool, \.includeMemory),
            .field(4, "description", .string, \.description),
            .field(5, "target_host_id", .string, \.targetHostID),
        ])
}

/// A snapshot that is there, or will be when the task is done.
package struct SnapshotCreateResponse: ProtobufMessage {
    /// What it is deleted and reverted to by.
    package var snapshotID = ""
    /// Absent when the snapshot is there.
    package var task: TaskRef?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        snapshotID: String = "", task: TaskRef? = nil
    ) {
        self.snapshotID = snapshotID
        self.task = task
    }

    package static let fields = FieldTable<SnapshotCreateResponse>(
        "provider.v1.SnapshotCreateResponse",
        [
            .field(1, "snapshot_id", .string, \.snapshotID),
            .optional(2, "task", .message, \.task),
        ])
}

/// A snapshot to be removed; the machine stays as it is.
package struct SnapshotDeleteRequest: ProtobufMessage {
    package var vmID = ""
    package var snapshotID = ""
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        vmID: String = "", snapshotID: String = "", targetHostID: String = ""
    ) {
        self.vmID = vmID
        self.snapshotID = snapshotID
        self.targetHostID = targetHostID
    }

    package static let fields = FieldTable<SnapshotDeleteRequest>(
        "provider.v1.SnapshotDeleteRequest",
        [
            .field(1, "vm_id", .string, \.vmID),
            .field(2, "snapshot_id", .string, \.snapshotID),
            .field(3, "target_host_id", .string, \.targetHostID),
        ])
}

/// A machine to be made what it was at a snapshot.
package struct SnapshotRevertRequest: ProtobufMessage {
    package var vmID = ""
    package var snapshotID = ""
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        vmID: String = "", snapshotID: String = "", targetHostID: String = ""
    ) {
        self.vmID = vmID
        self.snapshotID = snapshotID
        self.targetHostID = targetHostID
    }

    package static let fields = FieldTable<SnapshotRevertRequest>(
        "provider.v1.SnapshotRevertRequest",
        [
            .field(1, "vm_id", .string, \.vmID),
            .field(2, "snapshot_id", .string, \.snapshotID),
            .field(3, "target_host_id", .string, \.targetHostID),
        ])
}
