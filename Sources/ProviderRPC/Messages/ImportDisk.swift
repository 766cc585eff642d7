package import Protobuf

/// A disk to be brought into the hypervisor.
package struct ImportDiskRequest: ProtobufMessage {
    package var sourceURL = ""
    /// The pool or datastore.
    package var storageHint = ""
    /// What it is now: qcow2, vmdk, raw.
    package var format = ""
    package var targetName = ""
    package var verifyChecksum = false
    /// SHA-256.
    package var expectedChecksum = ""
    /// Secrets of the source.
    package var credentials: [String: String] = [:]
    /// pvc, nfs, s3; pvc when it is empty.
    package var backendType = ""
    /// Who moves the bytes: relay, the provider; direct, the hypervisor; auto.
    package var transferMode = ""
    /// An object of what the backend wants to know.
    package var storageOptionsJSON = ""
    /// The machine that the disk is for; without a uid, as it is not there yet.
    package var targetVM: ObjectIdentity?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        sourceURL: String = "", storageHint: String = "", format: String = "", targetName: String = "", verifyChecksum: Bool = false,
        expectedChecksum: String = "", credentials: [String: String] = [:], backendType: String = "", transferMode: String = "",
        storageOptionsJSON: String = "", targetVM: ObjectIdentity? = nil
    ) {
        self.sourceURL = sourceURL
        self.storageHint = storageHint
        self.format = format
        self.targetName = targetName
        self.verifyChecksum = verifyChecksum
        self.expectedChecksum = expectedChecksum
        self.credentials = credentials
        self.backendType = backendType
        self.transferMode = transferMode
        self.storageOptionsJSON = storageOptionsJSON
        self.targetVM = targetVM
    }

    package static let fields = FieldTable<ImportDiskRequest>(
        "provider.v1.ImportDiskRequest",
        [
            .field(1, "source_url", .string, \.sourceURL),
            .field(2, "storage_hint", .string, \.storageHint),
            .field(3, "format", .string, \.format),
            .field(4, "target_name", .string, \.targetName),
            .field(5, "verify_checksum", .bool, \.verifyChecksum),
            .field(6, "expected_checksum", .string, \.expectedChecksum),
            .map(7, "credentials", .string, .string, \.credentials),
            .field(8, "backend_type", .string, \.backendType),
            .field(9, "transfer_mode", .string, \.transferMode),
            .field(10, "storage_options_json", .string, \.storageOptionsJSON),
            .optional(11, "target_vm", .message, \.targetVM),
        ])
}

/// A disk that is in, or will be when the task is done.
package struct ImportDiskResponse: ProtobufMessage {
    package var diskID = ""
    package var path = ""
    /// Absent when the disk is in.
    package var task: TaskRef?
    package var actualSizeBytes: Int64 = 0
    /// SHA-256.
    package var checksum = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        diskID: String = "", path: String = "", task: TaskRef? = nil, actualSizeBytes: Int64 = 0, checksum: String = ""
    ) {
        self.diskID = diskID
        self.path = path
        self.task = task
        self.actualSizeBytes = actualSizeBytes
        self.checksum = checksum
    }

    package static let fields = FieldTable<ImportDiskResponse>(
        "provider.v1.ImportDiskResponse",
        [
            .field(1, "disk_id", .string, \.diskID),
            .field(2, "path", .string, \.path),
            .optional(3, "task", .message, \.task),
            .field(4, "actual_size_bytes", .int64, \.actualSizeBytes),
            .field(5, "checksum", .string, \.checksum),
        ])
}
