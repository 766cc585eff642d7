package import Protobuf

/// All machines that the provider sees.
package struct ListVMsRequest: ProtobufMessage {
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<ListVMsRequest>("provider.v1.ListVMsRequest", [])
}

/// All machines that the provider sees.
package struct ListVMsResponse: ProtobufMessage {
    package var vms: [VMInfo] = []
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        vms: [VMInfo] = []
    ) {
        self.vms = vms
    }

    package static let fields = FieldTable<ListVMsResponse>(
        "provider.v1.ListVMsResponse",
        [
            .repeated(1, "vms", .message, \.vms)
        ])
}

/// A machine in a list.
package struct VMInfo: ProtobufMessage {
    package var id = ""
    package var name = ""
    package var powerState = ""
    package var ips: [String] = []
    /// Virtual processors.
    package var cpu: Int32 = 0
    package var memoryMiB: Int64 = 0
    package var disks: [DiskInfo] = []
    package var networks: [NetworkInfo] = []
    package var providerRaw: [String: String] = [:]
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = "", name: String = "", powerState: String = "", ips: [String] = [], cpu: Int32 = 0, memoryMiB: Int64 = 0,
        disks: [DiskInfo] = [], networks: [NetworkInfo] = [], providerRaw: [String: String] = [:]
    ) {
        self.id = id
        self.name = name
        self.powerState = powerState
        self.ips = ips
        self.cpu = cpu
        self.memoryMiB = memoryMiB
        self.disks = disks
        self.networks = networks
        self.providerRaw = providerRaw
    }

    package static let fields = FieldTable<VMInfo>(
        "provider.v1.VMInfo",
        [
            .field(1, "id", .string, \.id),
            .field(2, "name", .string, \.name),
            .field(3, "power_state", .string, \.powerState),
            .repeated(4, "ips", .string, \.ips),
            .field(5, "cpu", .int32, \.cpu),
            .field(6, "memory_mib", .int64, \.memoryMiB),
            .repeated(7, "disks", .message, \.disks),
            .repeated(8, "networks", .message, \.networks),
            .map(9, "provider_raw", .string, .string, \.providerRaw),
        ])
}

/// A disk of a machine in a list.
package struct DiskInfo: ProtobufMessage {
    package var id = ""
    package var path = ""
    package var sizeGiB: Int32 = 0
    /// qcow2, vmdk, raw.
    package var format = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = "", path: String = "", sizeGiB: Int32 = 0, format: String = ""
    ) {
        self.id = id
        self.path = path
        self.sizeGiB = sizeGiB
        self.format = format
    }

    package static let fields = FieldTable<DiskInfo>(
        "provider.v1.DiskInfo",
        [
            .field(1, "id", .string, \.id),
            .field(2, "path", .string, \.path),
            .field(3, "size_gib", .int32, \.sizeGiB),
            .field(4, "format", .string, \.format),
        ])
}

/// A network card of a machine in a list.
package struct NetworkInfo: ProtobufMessage {
    /// Of the network.
    package var name = ""
    package var mac = ""
    /// When it is given by hand.
    package var ipAddress = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        name: String = "", mac: String = "", ipAddress: String = ""
    ) {
        self.name = name
        self.mac = mac
        self.ipAddress = ipAddress
    }

    package static let fields = FieldTable<NetworkInfo>(
        "provider.v1.NetworkInfo",
        [
            .field(1, "name", .string, \.name),
            .field(2, "mac", .string, \.mac),
            .field(3, "ip_address", .string, \.ipAddress),
        ])
}
