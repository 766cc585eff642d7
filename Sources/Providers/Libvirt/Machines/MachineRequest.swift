import ProviderRPC
import RPC

/// What a Create says, read and refused before anything is done.
struct MachineRequest: Sendable, Equatable {
    /// How the first disk comes from its image.
    enum RootKind: Sendable, Equatable {
        /// A qcow2 that stands upon the image, and holds what differs.
        case overlay
        case copy(format: String)
    }

    let name: String
    var vmClass: VMClass
    let image: VMImage?
    let networks: [NetworkAttachment]
    let disks: [DiskSpec]
    let pool: String
    let rootKind: RootKind
    let tags: [String]
    let owner: ObjectIdentity?
    let userData: [UInt8]
    let metaData: [UInt8]

    static let defaultMemoryMiB = 1024
    private static let cardModels: Set<String> = ["virtio", "e1000", "e1000e", "rtl8139", "vmxnet3", "igb"]

    /// Errors: `invalidArgument` with the field, `unimplemented` for what libvirt has not or this provider does not do.
    init(_ request: CreateRequest, _ settings: LibvirtProviderSettings) throws(RPCError) {
        try Names.checkMachine(request.name, field: "name")
        name = request.name
        vmClass = try VMClass.read(request.classJSON) ?? VMClass()
        image = try VMImage.read(request.imageJSON).flatMap { $0.isEmpty ? nil : $0 }
        networks = Self.placed(try NetworkAttachment.read(request.networksJSON), settings)
        disks = try DiskSpec.read(request.disksJSON)
        let placement = try Placement.read(request.placementJSON)
        pool = placement?.datastore ?? settings.pool
        tags = request.tags
        owner = request.owner.flatMap { $0.uid.isEmpty && $0.name.isEmpty ? nil : $0 }
        (userData, metaData) = (request.userData, request.metaData)
        rootKind = try Self.rootKind(vmClass.diskDefaults?.type)
        if let image { try ImageStore.check(image) }
        try Self.check(vmClass)
        for (number, network) in networks.enumerated() { try Self.check(network, "networks_json[\(number)]", settings) }
        for (number, disk) in disks.enumerated() { try Self.check(disk, "disks_json[\(number)]") }
        try Self.checkNames(disks, "disks_json")
        try NoCloudSeed(userData: userData, metaData: metaData, instanceID: "", hostName: "").check()
    }

    private static func rootKind(_ type: String?) throws(RPCError) -> RootKind {
        switch type?.lowercased() {
        case nil, "", "thin", "qcow2", "overlay", "linked": .overlay
        case "copy", "full": .copy(format: "qcow2")
        case "thick", "raw": .copy(format: "raw")
        case let type?:
            throw RPCError(
                .invalidArgument,
                "class_json.diskDefaults.type: \"\(type)\" is not known; thin stands upon the image, copy is a qcow2 of its own, raw a raw file"
            )
        }
    }

    static func check(_ disk: DiskSpec, _ place: String) throws(RPCError) {
        if let name = disk.name { try Names.check(name, of: "disk", field: "\(place).name") }
        _ = try format(disk, place)
        guard disk.sizeGiB > 0 else { throw RPCError(.invalidArgument, "\(place).sizeGiB: is 0; say how large the disk is") }
    }

    /// What a disk is called: a number, from one on, when the request gives it no name.
    static func name(_ disk: DiskSpec, _ number: Int) -> String { disk.name ?? String(number + 1) }

    /// Refuses two disks of one name, of which the second would be taken for the first.
    static func checkNames(_ disks: [DiskSpec], _ place: String) throws(RPCError) {
        var seen: Set<String> = []
        for (number, disk) in disks.enumerated() where !seen.insert(name(disk, number)).inserted {
            throw RPCError(
                .invalidArgument,
                "\(place)[\(number)]: another disk is called \(name(disk, number)), which one without a name is by its number; give each its own name"
            )
        }
    }

    /// Of a disk beside the first.
    static func format(_ disk: DiskSpec, _ place: String) throws(RPCError) -> String {
        switch disk.type?.lowercased() {
        case nil, "", "thin", "qcow2", "copy", "full", "overlay", "linked": "qcow2"
        case "thick", "raw": "raw"
        case let type?: throw RPCError(.invalidArgument, "\(place).type: \"\(type)\" is not known; say thin (qcow2) or raw")
        }
    }

    static func check(_ vmClass: VMClass) throws(RPCError) {
        if vmClass.cpu == 0 || vmClass.memoryMiB == 0 {
            throw RPCError(.invalidArgument, "class_json: a machine has at least one processor and 1 MiB")
        }
        if let security = vmClass.securityProfile {
            if security.encryptionEnabled == true || security.requireEncryption == true {
                throw RPCError(
                    .unimplemented, "class_json.securityProfile: encrypted disks are not made here; encrypt the pool's file system")
            }
            if security.secureBoot == true, vmClass.firmware != .uefi {
                throw RPCError(.invalidArgument, "class_json.securityProfile.secureBoot: wants firmware UEFI")
            }
            if let version = security.tpmVersion, security.tpmEnabled == true, version != "2.0" {
                throw RPCError(.unimplemented, "class_json.securityProfile.tpmVersion: \(version) is not made here; 2.0 is")
            }
        }
        let limits = vmClass.resourceLimits
        if limits?.cpuLimit != nil || limits?.cpuReservation != nil || limits?.memoryReservationMiB != nil || limits?.memoryLimitMiB != nil
        {
            throw RPCError(.unimplemented, "class_json.resourceLimits: of these only cpuShares is set here; leave the others out")
        }
    }

    /// With the network that cards have of which the request says none.
    private static func placed(_ networks: [NetworkAttachment], _ settings: LibvirtProviderSettings) -> [NetworkAttachment] {
        guard !settings.network.isEmpty else { return networks }
        guard !networks.isEmpty else { return [NetworkAttachment(networkName: settings.network)] }
        return networks.map { network in
            var network = network
            if network.bridge == nil, network.networkName == nil, network.portgroup == nil { network.networkName = settings.network }
            return network
        }
    }

    private static func check(_ network: NetworkAttachment, _ place: String, _ settings: LibvirtProviderSettings) throws(RPCError) {
        if let bridge = network.bridge, !settings.bridges.contains(bridge) {
            throw RPCError(
                .permissionDenied,
                "\(place).bridge: \(bridge) is no bridge that machines may be attached to; libvirt.bridges lists those, or name a network of libvirt"
            )
        }
        if let address = network.macAddress, !settings.macPrefixes.contains(where: { Self.begins(address, with: $0) }) {
            throw RPCError(
                .permissionDenied,
                "\(place).macAddress: \(address) does not begin as cards' addresses may (\(settings.macPrefixes.joined(separator: ", "))); leave it out, or add its beginning to libvirt.mac_prefixes"
            )
        }
        if network.vlan != nil {
            throw RPCError(
                .unimplemented,
                "\(place).vlan: a card has no VLAN of its own here; make a libvirt network or a bridge for it, and name that")
        }
        if let model = network.model, !cardModels.contains(model) {
            throw RPCError(
                .invalidArgument, "\(place).model: \"\(model)\" is not known; known are \(cardModels.sorted().joined(separator: ", "))")
        }
    }

    /// Whole bytes.
    private static func begins(_ address: String, with prefix: String) -> Bool {
        let prefix = prefix.lowercased().replacing("-", with: ":")
        return address == prefix || address.hasPrefix(prefix.hasSuffix(":") ? prefix : prefix + ":")
    }
}
