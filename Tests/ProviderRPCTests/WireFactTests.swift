import AwkwardMessages
import Protobuf
import ProviderRPC
import Testing

/// What other managers and providers have on the wire.
@Suite struct WireFactTests {
    /// Facts of Virtrigaud's proto/provider/v1/provider.proto, read there and not taken from ours: names, numbers and types of all fields of the
    /// messages that its eighteen methods need.
    static let facts: [(any ProtobufMessage.Type, String)] = [
        (TaskRef.self, "1 string id"),
        (TaskResponse.self, "1 TaskRef task"),
        (ObjectIdentity.self, "1 string uid, 2 string namespace, 3 string name"),
        (ValidateRequest.self, ""),
        (ValidateResponse.self, "1 bool ok, 2 string message"),
        (
            CreateRequest.self,
            "1 string name, 2 bytes user_data, 9 bytes meta_data, 3 string class_json, 4 string image_json, 5 string networks_json, "
                + "6 string disks_json, 7 string placement_json, 8 repeated string tags, 10 string target_host_id, 11 ObjectIdentity owner"
        ),
        (CreateResponse.self, "1 string id, 2 TaskRef task"),
        (DeleteRequest.self, "1 string id, 2 string target_host_id, 3 ObjectIdentity owner"),
        (
            PowerRequest.self,
            "1 string id, 2 PowerOp op, 3 int32 graceful_timeout_seconds, 4 string target_host_id, 5 ObjectIdentity owner"
        ),
        (ReconfigureRequest.self, "1 string id, 2 string desired_json, 3 string target_host_id, 4 ObjectIdentity owner"),
        (HardwareUpgradeRequest.self, "1 string id, 2 int32 target_version, 3 string target_host_id"),
        (DescribeRequest.self, "1 string id, 2 string target_host_id, 3 ObjectIdentity owner"),
        (
            DescribeResponse.self,
            "1 bool exists, 2 string power_state, 3 repeated string ips, 4 string console_url, 5 string provider_raw_json"
        ),
        (TaskStatusRequest.self, "1 TaskRef task"),
        (TaskStatusResponse.self, "1 bool done, 2 string error"),
        (
            SnapshotCreateRequest.self,
            "1 string vm_id, 2 string name_hint, 3 bool include_memory, 4 string description, 5 string target_host_id"
        ),
        (SnapshotCreateResponse.self, "1 string snapshot_id, 2 TaskRef task"),
        (SnapshotDeleteRequest.self, "1 string vm_id, 2 string snapshot_id, 3 string target_host_id"),
        (SnapshotRevertRequest.self, "1 string vm_id, 2 string snapshot_id, 3 string target_host_id"),
        (
            CloneRequest.self,
            "1 string source_vm_id, 2 string target_name, 3 bool linked, 4 string class_json, 5 string placement_json, "
                + "6 string customize_json, 7 string source_host_id, 8 ObjectIdentity target_vm"
        ),
        (CloneResponse.self, "1 string target_vm_id, 2 TaskRef task"),
        (ImagePrepareRequest.self, "1 string image_json, 2 string target_name, 3 string storage_hint"),
        (ImagePrepareResponse.self, "1 TaskRef task, 2 string prepared_image_id, 3 string prepared_image_path"),
        (GetCapabilitiesRequest.self, ""),
        (
            GetCapabilitiesResponse.self,
            "1 bool supports_reconfigure_online, 2 bool supports_disk_expansion_online, 3 bool supports_snapshots, "
                + "4 bool supports_memory_snapshots, 5 bool supports_linked_clones, 6 bool supports_image_import, "
                + "7 repeated string supported_disk_types, 8 repeated string supported_network_types, 9 bool supports_disk_export, "
                + "10 bool supports_disk_import, 11 repeated string supported_export_formats, 12 repeated string supported_import_formats, "
                + "13 bool supports_export_compression, 14 repeated string supported_export_backends, "
                + "15 repeated string supported_import_backends, 16 repeated string supported_transfer_modes, 17 bool supports_clustering"
        ),
        (
            ExportDiskRequest.self,
            "1 string vm_id, 2 string disk_id, 3 string snapshot_id, 4 string destination_url, 5 string format, 6 bool compress, "
                + "7 map<string, string> credentials, 8 string backend_type, 9 string transfer_mode, 10 string storage_options_json, "
                + "11 string target_host_id"
        ),
        (ExportDiskResponse.self, "1 string export_id, 2 TaskRef task, 3 int64 estimated_size_bytes, 4 string checksum"),
        (
            ImportDiskRequest.self,
            "1 string source_url, 2 string storage_hint, 3 string format, 4 string target_name, 5 bool verify_checksum, "
                + "6 string expected_checksum, 7 map<string, string> credentials, 8 string backend_type, 9 string transfer_mode, "
                + "10 string storage_options_json, 11 ObjectIdentity target_vm"
        ),
        (ImportDiskResponse.self, "1 string disk_id, 2 string path, 3 TaskRef task, 4 int64 actual_size_bytes, 5 string checksum"),
        (GetDiskInfoRequest.self, "1 string vm_id, 2 string disk_id, 3 string snapshot_id, 4 string target_host_id"),
        (
            GetDiskInfoResponse.self,
            "1 string disk_id, 2 string format, 3 int64 virtual_size_bytes, 4 int64 actual_size_bytes, 5 string path, 6 bool is_bootable, "
                + "7 repeated string snapshots, 8 string backing_file, 9 map<string, string> metadata"
        ),
        (ListVMsRequest.self, ""),
        (ListVMsResponse.self, "1 repeated VMInfo vms"),
        (
            VMInfo.self,
            "1 string id, 2 string name, 3 string power_state, 4 repeated string ips, 5 int32 cpu, 6 int64 memory_mib, "
                + "7 repeated DiskInfo disks, 8 repeated NetworkInfo networks, 9 map<string, string> provider_raw"
        ),
        (DiskInfo.self, "1 string id, 2 string path, 3 int32 size_gib, 4 string format"),
        (NetworkInfo.self, "1 string name, 2 string mac, 3 string ip_address"),
    ]

    /// `8 repeated string tags` for each field of a table, messages and enumerations without their names.
    private static func table<Message: ProtobufMessage>(of type: Message.Type) -> Set<String> {
        Set(type.fields.inOrder.map { "\($0.number) \($0.type) \($0.name)" })
    }

    private static let scalars: Set<String> = ["string", "bytes", "bool", "int32", "int64"]

    /// The same of a list of facts.
    private static func fields(_ facts: String) -> Set<String> {
        Set(
            facts.split(separator: ", ").reduce(into: [String]()) { fields, piece in
                // The comma of a map's type is none between fields.
                if piece.first?.isNumber == true { fields.append(String(piece)) } else { fields[fields.count - 1] += ", \(piece)" }
            }.map { field in
                var words = field.split(separator: " ").map(String.init)
                let place = words.count - 2
                if words[place] == "PowerOp" {
                    words[place] = "enum"
                } else if !scalars.contains(words[place]), !field.contains("map<") {
                    words[place] = words[1] == "repeated" ? "message" : "optional message"
                }
                return words.joined(separator: " ")
            })
    }

    @Test func `Fields have the numbers, types and names that others have`() {
        for (type, facts) in Self.facts { #expect(Self.table(of: type) == Self.fields(facts), "\(type)") }
        let known = Set(knownMessages.map { $0.protobufName }.filter { $0.hasPrefix("provider.v1.") })
        #expect(Set(Self.facts.map { $0.0.protobufName }) == known, "there is a fact for each message, and a message for each")
    }

    @Test func `Numbers of what is done to power`() {
        let numbers: [(PowerOp, Int32)] = [(.unspecified, 0), (.on, 1), (.off, 2), (.reboot, 3), (.shutdownGraceful, 4), (.other(5), 5)]
        for (op, number) in numbers {
            #expect(op.rawValue == number)
            #expect(PowerOp(rawValue: number) == op)
        }
    }

    @Test func `Paths of methods`() {
        let paths = [
            "/provider.v1.Provider/Validate", "/provider.v1.Provider/Create", "/provider.v1.Provider/Delete", "/provider.v1.Provider/Power",
            "/provider.v1.Provider/Reconfigure", "/provider.v1.Provider/HardwareUpgrade", "/provider.v1.Provider/Describe",
            "/provider.v1.Provider/TaskStatus", "/provider.v1.Provider/SnapshotCreate", "/provider.v1.Provider/SnapshotDelete",
            "/provider.v1.Provider/SnapshotRevert", "/provider.v1.Provider/Clone", "/provider.v1.Provider/ImagePrepare",
            "/provider.v1.Provider/GetCapabilities", "/provider.v1.Provider/ExportDisk", "/provider.v1.Provider/ImportDisk",
            "/provider.v1.Provider/GetDiskInfo", "/provider.v1.Provider/ListVMs",
        ]
        #expect(ProviderMethod.allCases.map(\.path) == paths)
        #expect(
            ProviderTaskMethod.allCases.map(\.path)
                == ["/martlet.tasks.v1.Tasks/List", "/martlet.tasks.v1.Tasks/Get", "/martlet.tasks.v1.Tasks/Cancel"])
    }
}
