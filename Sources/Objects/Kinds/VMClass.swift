/// How large a machine is, and how it is built.
package struct VMClass: TypedResource {
    package static let kind = ResourceKind.vmClass
    package var object: APIObject
    package init(_ object: APIObject) { self.object = object }

    package enum Firmware: String, ObjectWord {
        case bios = "BIOS"
        case uefi = "UEFI"
        /// The same as UEFI.
        case efi = "EFI"
    }

    package struct Spec: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        /// Nil for what is no number, of an object that has problems.
        package var cpu: Int? { self["cpu"] }
        /// Nil for what is no size, of an object that has problems.
        package var memoryMiB: Int? { Quantity.mebibytes(value["memory"]) }
        package var firmware: Firmware { self["firmware"] ?? .bios }
        /// Nil when nothing is said of the first disk.
        package var diskDefaults: DiskDefaults? { self["diskDefaults"] }
        package var guestToolsPolicy: String? { self["guestToolsPolicy"] }
        package var extraConfig: [String: String] { self[map: "extraConfig"] }
        package var resourceLimits: ResourceLimits? { self["resourceLimits"] }
        package var performanceProfile: PerformanceProfile? { self["performanceProfile"] }
        package var securityProfile: SecurityProfile? { self["securityProfile"] }
    }

    package struct DiskDefaults: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var type: String { self["type"] ?? "thin" }
        /// Whole GiB, rounded up.
        package var sizeGiB: Int { Quantity.mebibytes(value["size"]).map { ($0 + 1023) / 1024 } ?? 40 }
    }

    package struct ResourceLimits: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        /// MHz.
        package var cpuLimit: Int? { self["cpuLimit"] }
        /// MHz.
        package var cpuReservation: Int? { self["cpuReservation"] }
        package var memoryLimitMiB: Int? { Quantity.mebibytes(value["memoryLimit"]) }
        package var memoryReservationMiB: Int? { Quantity.mebibytes(value["memoryReservation"]) }
        package var cpuShares: Int? { self["cpuShares"] }
    }

    /// What is not said is nil, and not what the schema's default is, so that a provider sees what was said.
    package struct PerformanceProfile: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var latencySensitivity: String? { self["latencySensitivity"] }
        package var cpuHotAddEnabled: Bool? { self["cpuHotAddEnabled"] }
        package var memoryHotAddEnabled: Bool? { self["memoryHotAddEnabled"] }
        package var virtualizationBasedSecurity: Bool? { self["virtualizationBasedSecurity"] }
        package var nestedVirtualization: Bool? { self["nestedVirtualization"] }
        package var hyperThreadingPolicy: String? { self["hyperThreadingPolicy"] }
    }

    /// What is not said is nil.
    package struct SecurityProfile: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var secureBoot: Bool? { self["secureBoot"] }
        package var tpmEnabled: Bool? { self["tpmEnabled"] }
        package var tpmVersion: String? { self["tpmVersion"] }
        package var vtdEnabled: Bool? { self["vtdEnabled"] }
        package var encryptionEnabled: Bool? { value["encryptionPolicy"]?["enabled"]?.flag }
        package var keyProvider: String? { value["encryptionPolicy"]?["keyProvider"]?.text }
        package var requiresEncryption: Bool? { value["encryptionPolicy"]?["requireEncryption"]?.flag }
    }

    package struct Status: ConditionedStatus {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }
    }
}
