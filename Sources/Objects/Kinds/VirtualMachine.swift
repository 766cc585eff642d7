/// A virtual machine.
package struct VirtualMachine: TypedResource {
    package static let kind = ResourceKind.virtualMachine
    package static let finalizer = "virtualmachine.infra.virtrigaud.io/finalizer"
    package var object: APIObject
    package init(_ object: APIObject) { self.object = object }

    /// What is wanted of it.
    package enum PowerState: String, ObjectWord {
        case on = "On"
        case off = "Off"
        /// Off, by asking the guest.
        case offGraceful = "OffGraceful"
    }

    package enum Phase: String, ObjectWord {
        case pending = "Pending"
        case provisioning = "Provisioning"
        case running = "Running"
        case stopped = "Stopped"
        case reconfiguring = "Reconfiguring"
        case deleting = "Deleting"
        case failed = "Failed"
    }

    package struct Spec: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var providerRef: ObjectReference { self[view: "providerRef"] }
        package var classRef: ObjectReference { self[view: "classRef"] }
        package var imageRef: ObjectReference? { self["imageRef"] }
        package var importedDisk: ImportedDisk? { self["importedDisk"] }
        package var networks: [Network] { self[list: "networks"] }
        /// Nil when nothing is said of disks, which is not the same as none.
        package var disks: [Disk]? { value["disks"]?.list.map { $0.compactMap { Disk(objectValue: $0) } } }
        package var userData: UserData? { self["userData"] }
        /// cloud-init's.
        package var metaData: GuestData? { value["metaData"]?["cloudInit"].flatMap { GuestData(objectValue: $0) } }
        package var placement: Placement { self[view: "placement"] }
        package var powerState: PowerState {
            get { self["powerState"] ?? .on }
            set { self["powerState"] = newValue }
        }
        package var tags: [String] { self[list: "tags"] }
        /// Number of processors that is not the class's.
        package var cpu: Int? { value["resources"]?["cpu"]?.whole.map { Int($0) } }
        /// Memory that is not the class's.
        package var memoryMiB: Int? { value["resources"]?["memoryMiB"]?.whole.map { Int($0) } }
        package var revertToRef: ObjectReference? { value["snapshot"]?["revertToRef"].flatMap { ObjectReference(objectValue: $0) } }
        package var gracefulShutdownTimeoutSeconds: Double { DurationText.seconds(value["lifecycle"]?["gracefulShutdownTimeout"]) ?? 60 }
    }

    package struct ImportedDisk: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var diskID: String { self["diskID"] ?? "" }
        package var path: String? { self["path"] }
        package var format: String { self["format"] ?? "qcow2" }
        package var sizeGiB: Int? { self["sizeGiB"] }
    }

    /// A network card.
    package struct Network: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var name: String { self["name"] ?? "" }
        package var networkRef: ObjectReference? { self["networkRef"] }
        package var ipAddress: String? { self["ipAddress"] }
        package var prefix: Int? { self["prefix"] }
        package var gateway: String? { self["gateway"] }
        package var nameServers: [String] { value["dns"]?.text.map { IPText.list($0) } ?? [] }
        package var macAddress: String? { self["macAddress"] }
    }

    package struct Disk: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var name: String { self["name"] ?? "" }
        /// 0 for what is no size.
        package var sizeGiB: Int { self["sizeGiB"] ?? 0 }
        package var type: String { self["type"] ?? "thin" }
    }

    package struct UserData: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var cloudInit: GuestData? { self["cloudInit"] }
        package var ignition: GuestData? { self["ignition"] }
    }

    /// A text for the guest, here or in a Secret.
    package struct GuestData: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var inline: String? { self["inline"] }
        package var secretRef: ObjectReference? { self["secretRef"] }
    }
}

/// Where a machine is to be.
package struct Placement: ObjectView {
    package var value: ObjectValue
    package init(_ value: ObjectValue) { self.value = value }

    package var cluster: String? { self["cluster"] }
    package var host: String? { self["host"] }
    package var datastore: String? { self["datastore"] }
    package var storagePod: String? { self["storagePod"] }
    package var folder: String? { self["folder"] }
    package var resourcePool: String? { self["resourcePool"] }
}
