package import Protobuf

/// A disk to be looked at.
package struct GetDiskInfoRequest: ProtobufMessage {
    package var vmID = ""
    /// The first disk when it is empty.
    package var diskID = ""
    /// The disk as it was then; as it is when it is empty.
    package var snapshotID = ""
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        vmID: String = "", diskID: String = "", snapshotID: String = "", targetHostID: String = ""
    ) {
        self.vmID = vmID
        self.diskID = diskID
        self.snapshotID = snapshotID
        self.targetHostID = targetHostID
    }

    package static let fields = FieldTable<GetDiskInfoRequest>(
        "provider.v1.GetDiskInfoRequest",
        [
            .field(1, "vm_id", .string, \.vmID),
            .field(2, "disk_id", .string, \.diskID),
            .field(3, "snapshot_id", .string, \.snapshotID),
            .field(4, "target_host_id", .string, \.targetHostID),
        ])
}

/// A disk as it is now.
package struct GetDiskInfoResponse: ProtobufMessage {
    package var diskID = ""
    /// qcow2, vmdk, raw.
    package var format = ""
    /// What the guest sees.
    package var virtualSizeBytes: Int64 = 0
    /// What is taken of the storage.
    package var actualSizeBytes: Int64 = 0
    package var path = ""
    package var isBootable = false
    package var snapshots: [String] = []
    /// What it stands upon, as a linked clone does.
    package var backingFile = ""
    package var metadata: [String: String] = [:]
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        diskID: String = "", format: String = "", virtualSizeBytes: Int64 = 0, actualSizeBytes: Int64 = 0, path: String = "",
        isBootable: Bool = false, snapshots: [String] = [], backingFile: String = "", metadata: [String: String] = [:]
    ) {
        self.diskID = diskID
        self.format = format
        self.virtualSizeBytes = virtualSizeBytes
        self.actualSizeBytes = actualSizeBytes
        self.path = path
        self.isBootable = isBootable
        self.snapshots = snapshots
        self.backingFile = backingFile
        self.metadata = metadata
    }

    package static let fields = FieldTable<GetDiskInfoResponse>(
        "provider.v1.GetDiskInfoResponse",
        [
            .field(1, "disk_id", .string, \.diskID),
            .field(2, "format", .string, \.format),
            .field(3, "virtual_size_bytes", .int64, \.virtualSizeBytes),
            .field(4, "actual_size_bytes", .int64, \.actualSizeBytes),
            .field(5, "path", .string, \.path),
            .field(6, "is_bootable", .bool, \.isBootable),
            .repeated(7, "snapshots", .string, \.snapshots),
            .field(8, "backing_file", .string, \.backingFile),
            .map(9, "metadata", .string, .string, \.metadata),
        ])
}
