package import Protobuf

/// What the provider can do.
package struct GetCapabilitiesRequest: ProtobufMessage {
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<GetCapabilitiesRequest>("provider.v1.GetCapabilitiesRequest", [])
}

/// What the provider can do on its hypervisor.
package struct GetCapabilitiesResponse: ProtobufMessage {
    /// Processors and memory while the machine runs.
    package var supportsReconfigureOnline = false
    package var supportsDiskExpansionOnline = false
    package var supportsSnapshots = false
    package var supportsMemorySnapshots = false
    package var supportsLinkedClones = false
    package var supportsImageImport = false
    package var supportedDiskTypes: [String] = []
    package var supportedNetworkTypes: [String] = []
    package var supportsDiskExport = false
    package var supportsDiskImport = false
    /// qcow2, vmdk, raw.
    package var supportedExportFormats: [String] = []
    /// qcow2, vmdk, raw.
    package var supportedImportFormats: [String] = []
    package var supportsExportCompression = false
    /// pvc, nfs, s3; pvc alone when it is empty.
    package var supportedExportBackends: [String] = []
    /// pvc, nfs, s3; pvc alone when it is empty.
    package var supportedImportBackends: [String] = []
    /// relay, direct; relay alone when it is empty.
    package var supportedTransferModes: [String] = []
    /// Several hosts behind one provider, which target_host_id chooses from.
    package var supportsClustering = false
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        supportsReconfigureOnline: Bool = false, supportsDiskExpansionOnline: Bool = false, supportsSnapshots: Bool = false,
        supportsMemorySnapshots: Bool = false, supportsLinkedClones: Bool = false, supportsImageImport: Bool = false,
        supportedDiskTypes: [String] = [], supportedNetworkTypes: [String] = [], supportsDiskExport: Bool = false,
        supportsDiskImport: Bool = false, supportedExportFormats: [String] = [], supportedImportFormats: [String] = [],
        supportsExportCompression: Bool = false, supportedExportBackends: [String] = [], supportedImportBackends: [String] = [],
        supportedTransferModes: [String] = [], supportsClustering: Bool = false
    ) {
        self.supportsReconfigureOnline = supportsReconfigureOnline
        self.supportsDiskExpansionOnline = supportsDiskExpansionOnline
        self.supportsSnapshots = supportsSnapshots
        self.supportsMemorySnapshots = supportsMemorySnapshots
        self.supportsLinkedClones = supportsLinkedClones
        self.supportsImageImport = supportsImageImport
        self.supportedDiskTypes = supportedDiskTypes
        self.supportedNetworkTypes = supportedNetworkTypes
        self.supportsDiskExport = supportsDiskExport
        self.supportsDiskImport = supportsDiskImport
        self.supportedExportFormats = supportedExportFormats
        self.supportedImportFormats = supportedImportFormats
        self.supportsExportCompression = supportsExportCompression
        self.supportedExportBackends = supportedExportBackends
        self.supportedImportBackends = supportedImportBackends
        self.supportedTransferModes = supportedTransferModes
        self.supportsClustering = supportsClustering
    }

    package static let fields = FieldTable<GetCapabilitiesResponse>(
        "provider.v1.GetCapabilitiesResponse",
        [
            .field(1, "supports_reconfigure_online", .bool, \.supportsReconfigureOnline),
            .field(2, "supports_disk_expansion_online", .bool, \.supportsDiskExpansionOnline),
            .field(3, "supports_snapshots", .bool, \.supportsSnapshots),
            .field(4, "supports_memory_snapshots", .bool, \.supportsMemorySnapshots),
            .field(5, "supports_linked_clones", .bool, \.supportsLinkedClones),
            .field(6, "supports_image_import", .bool, \.supportsImageImport),
            .repeated(7, "supported_disk_types", .string, \.supportedDiskTypes),
            .repeated(8, "supported_network_types", .string, \.supportedNetworkTypes),
            .field(9, "supports_disk_export", .bool, \.supportsDiskExport),
            .field(10, "supports_disk_import", .bool, \.supportsDiskImport),
            .repeated(11, "supported_export_formats", .string, \.supportedExportFormats),
            .repeated(12, "supported_import_formats", .string, \.supportedImportFormats),
            .field(13, "supports_export_compression", .bool, \.supportsExportCompression),
            .repeated(14, "supported_export_backends", .string, \.supportedExportBackends),
            .repeated(15, "supported_import_backends", .string, \.supportedImportBackends),
            .repeated(16, "supported_transfer_modes", .string, \.supportedTransferModes),
            .field(17, "supports_clustering", .bool, \.supportsClustering),
        ])
}
