import JSON
package import RPC

/// What a machine is made of: `class_json`. What is absent is left as the hypervisor has it.
///
/// Two spellings are read: that of upstream's structure (`CPU`, `MemoryMiB`), which Create and Reconfigure carry, and that of its resource (`cpu`,
/// `memory: 4Gi`), which Clone carries.
package struct VMClass: Sendable, Equatable {
    package enum Firmware: String, Sendable, CaseIterable {
        case bios = "BIOS"
        case uefi = "UEFI"
        /// Another word for `uefi`; reading gives that one.
        case efi = "EFI"
    }

    package struct DiskDefaults: Sendable, Equatable {
        package var type: String?
        package var sizeGiB: Int?

        package init(type: String? = nil, sizeGiB: Int? = nil) {
            self.type = type
            self.sizeGiB = sizeGiB
        }
    }

    package struct PerformanceProfile: Sendable, Equatable {
        package var latencySensitivity: String?
        package var cpuHotAddEnabled: Bool?
        package var memoryHotAddEnabled: Bool?
        package var virtualizationBasedSecurity: Bool?
        package var nestedVirtualization: Bool?
        package var hyperThreadingPolicy: String?
    }

    package struct SecurityProfile: Sendable, Equatable {
        package var secureBoot: Bool?
        package var tpmEnabled: Bool?
        package var tpmVersion: String?
        package var vtdEnabled: Bool?
        package var encryptionEnabled: Bool?
        package var keyProvider: String?
        package var requireEncryption: Bool?
    }

    package struct ResourceLimits: Sendable, Equatable {
        /// Megahertz.
        package var cpuLimit: Int?
        /// Megahertz.
        package var cpuReservation: Int?
        package var memoryLimitMiB: Int?
        package var memoryReservationMiB: Int?
        package var cpuShares: Int?
    }

    /// Virtual CPUs.
    package var cpu: Int?
    package var memoryMiB: Int?
    package var firmware: Firmware?
    package var diskDefaults: DiskDefaults?
    package var guestToolsPolicy: String?
    package var extraConfig: [String: String] = [:]
    package var performanceProfile: PerformanceProfile?
    package var securityProfile: SecurityProfile?
    package var resourceLimits: ResourceLimits?

    package init(cpu: Int? = nil, memoryMiB: Int? = nil, firmware: Firmware? = nil, diskDefaults: DiskDefaults? = nil) {
        self.cpu = cpu
        self.memoryMiB = memoryMiB
        self.firmware = firmware
        self.diskDefaults = diskDefaults
    }

    /// Nil for an empty text. Errors: `invalidArgument`, with the place.
    package static func read(_ json: String, field: String = "class_json") throws(RPCError) -> VMClass? {
        guard let value = try SpecificationValue.parse(json, field) else { return nil }
        return try VMClass(SpecificationObject(value))
    }

    /// More than any hypervisor gives to one machine.
    private static let mostCPUs = 4096
    /// 64 TiB.
    private static let mostMemoryMiB = 64 << 20

    init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        cpu = try object.whole("cpu", upTo: Self.mostCPUs)
        memoryMiB = try Self.memory(&object, "memoryMiB", "memory")
        firmware = try object.choice("firmware", Firmware.self).map { $0 == .efi ? .uefi : $0 }
        if var defaults = try object.object("diskDefaults") {
            diskDefaults = DiskDefaults(
                type: try defaults.text("type"), sizeGiB: try Self.gibibytes(&defaults, "sizeGiB", "size"))
            _ = defaults.take("iops")
            _ = defaults.take("storageClass")
            try defaults.end()
        }
        guestToolsPolicy = try object.text("guestToolsPolicy")
        extraConfig = try object.map("extraConfig")
        if let profile = try object.object("performanceProfile") { performanceProfile = try PerformanceProfile(profile) }
        if let profile = try object.object("securityProfile") { securityProfile = try SecurityProfile(profile) }
        if let limits = try object.object("resourceLimits") { resourceLimits = try ResourceLimits(limits) }
        try object.end()
    }

    /// Of a number of mebibytes, or of a quantity; they must agree where both are said.
    fileprivate static func memory(_ object: inout SpecificationObject, _ number: String, _ quantity: String) throws(RPCError) -> Int? {
        let said = try object.whole(number, upTo: mostMemoryMiB)
        guard let value = object.take(quantity) else { return said }
        guard let bytes = try Quantity.bytes(value) else { return said }
        let mebibytes = Int((bytes + (1 << 20) - 1) >> 20)
        guard mebibytes <= mostMemoryMiB else {
            throw RPCError(.invalidArgument, "\(value.place): more than \(mostMemoryMiB) MiB")
        }
        guard said == nil || said == mebibytes else {
            throw RPCError(.invalidArgument, "\(value.place): says \(mebibytes) MiB and \(number) something else; leave one")
        }
        return mebibytes
    }

    private static func gibibytes(_ object: inout SpecificationObject, _ number: String, _ quantity: String) throws(RPCError) -> Int? {
        let said = try object.whole(number, upTo: DiskSpec.mostGiB)
        guard let value = object.take(quantity), let bytes = try Quantity.bytes(value) else { return said }
        return Int((bytes + (1 << 30) - 1) >> 30)
    }

    /// As upstream's manager writes it in Create and Reconfigure.
    package var json: String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    func write(_ writer: inout JSONWriter) {
        writer.object { writer in
            if let cpu { writer.member("CPU", cpu) }
            if let memoryMiB { writer.member("MemoryMiB", memoryMiB) }
            if let firmware { writer.member("Firmware", firmware.rawValue) }
            if let diskDefaults {
                writer.key("DiskDefaults")
                writer.object { writer in
                    if let type = diskDefaults.type { writer.member("Type", type) }
                    if let size = diskDefaults.sizeGiB { writer.member("SizeGiB", size) }
                }
            }
            if let guestToolsPolicy { writer.member("GuestToolsPolicy", guestToolsPolicy) }
            if !extraConfig.isEmpty {
                writer.key("ExtraConfig")
                writer.object { writer in
                    for (name, value) in extraConfig.sorted(by: { $0.key < $1.key }) {
                        writer.key(text: name)
                        writer.string(value)
                    }
                }
            }
        }
    }
}

extension VMClass.PerformanceProfile {
    fileprivate init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        latencySensitivity = try object.text("latencySensitivity")
        cpuHotAddEnabled = try object.flag("cpuHotAddEnabled")
        memoryHotAddEnabled = try object.flag("memoryHotAddEnabled")
        virtualizationBasedSecurity = try object.flag("virtualizationBasedSecurity")
        nestedVirtualization = try object.flag("nestedVirtualization")
        hyperThreadingPolicy = try object.text("hyperThreadingPolicy")
        try object.end()
    }
}

extension VMClass.SecurityProfile {
    fileprivate init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        secureBoot = try object.flag("secureBoot")
        tpmEnabled = try object.flag("tpmEnabled")
        tpmVersion = try object.text("tpmVersion")
        vtdEnabled = try object.flag("vtdEnabled")
        encryptionEnabled = try object.flag("encryptionEnabled")
        keyProvider = try object.text("keyProvider")
        requireEncryption = try object.flag("requireEncryption")
        // The resource's shape of the three above.
        if var policy = try object.object("encryptionPolicy") {
            encryptionEnabled = try policy.flag("enabled") ?? encryptionEnabled
            keyProvider = try policy.text("keyProvider") ?? keyProvider
            requireEncryption = try policy.flag("requireEncryption") ?? requireEncryption
            try policy.end()
        }
        try object.end()
    }
}

extension VMClass.ResourceLimits {
    fileprivate init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        cpuLimit = try object.whole("cpuLimit")
        cpuReservation = try object.whole("cpuReservation")
        memoryLimitMiB = try VMClass.memory(&object, "memoryLimitMiB", "memoryLimit")
        memoryReservationMiB = try VMClass.memory(&object, "memoryReservationMiB", "memoryReservation")
        cpuShares = try object.whole("cpuShares")
        try object.end()
    }
}
