package import Protobuf

/// A disk to be brought out of the hypervisor.
package struct ExportDiskRequest: ProtobufMessage {
    package var vmID = ""
    /// The first disk when it is empty.
    package var diskID = ""
    /// The disk as it was then; as it is when it is empty.
    package var snapshotID = ""
    package var destinationURL = ""
    /// qcow2, vmdk, raw.
    package var format = ""
    package var compress = false
    /// Secrets of the destination.
    package var credentials: [String: String] = [:]
    /// pvc, nfs, s3; pvc when it is empty.
    package var backendType = ""
    /// Who moves the bytes: relay, the provider; direct, the hypervisor; auto.
    package var transferMode = ""
    /// An object of what the backend wants to know.
    package var storageOptionsJSON = ""
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        vmID: String = "", diskID: String = "", snapshotID: String = "", destinationURL: String = "", format: String = "",
        compress: Bool = false, credentials: [String: String] = [:], backendType: String = "", transferMode: String = "",
        storageOptionsJSON: String = "", targetHostID: String = ""
    ) {
        self.vmID = vmID
        self.diskID = diskID
        self.snapshotID = snapshotID
        self.destinationURL = destinationURL
        self.format = format
        self.compress = compress
        self.credentials = credentials
        self.backendType = backendType
        self.transferMode = transferMode
        self.storageOptionsJSON = storageOptionsJSON
        self.targetHostID = targetHostID
    }

    package static let fields = FieldTable<ExportDiskRequest>(
        "provider.v1.ExportDiskRequest",
        [
            .field(1, "vm_id", .string, \.vmID),
            .field(2, "disk_id", .string, \.diskID),
            .field(3, "snapshot_id", .string, \.snapshotID),
            .field(4, "destination_url", .string, \.destinationURL),
            .field(5, "format", .string, \.format),
            .field(6, "compress", .bool, \.compress),
            .map(7, "credentials", .string, .string, \.credentials),
            .field(8, "backend_type", .string, \.backendType),
            .field(9, "transfer_mode", .string, \.transferMode),
            .field(10, "storage_options_json", .string, \.storageOptionsJSON),
            .field(11, "target_host_id", .string, \.targetHostID),
        ])
}

/// A disk that is out, or will be when the task is done.
package struct ExportDiskResponse: ProtobufMessage {
    package var exportID = ""
    /// Absent when the disk is out.
    package var task: TaskRef?
    package var estimatedSizeBytes: Int64 = 0
    /// SHA-256.
    package var checksum = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        exportID: String = "", task: TaskRef? = nil, estimatedSizeBytes: Int64 = 0, checksum: String = ""
    ) {
        self.exportID = exportID
        self.task = task
        self.estimatedSizeBytes = estimatedSizeBytes
        self.checksum = checksum
    }

    package static let fields = FieldTable<ExportDiskResponse>(
        "provider.v1.ExportDiskResponse",
        [
            .field(1, "export_id", .string, \.exportID),
            .optional(2, "task", .message, \.task),
            .field(3, "estimated_size_bytes", .int64, \.estimatedSizeBytes),
            .field(4, "checksum", .string, \.checksum),
        ])
}
