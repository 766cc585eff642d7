/// What first disks are made from.
package struct VMImage: TypedResource {
    package static let kind = ResourceKind.vmImage
    package var object: APIObject
    package init(_ object: APIObject) { self.object = object }

    package enum Phase: String, ObjectWord {
        case pending = "Pending"
        case downloading = "Downloading"
        case importing = "Importing"
        case converting = "Converting"
        case optimizing = "Optimizing"
        case ready = "Ready"
        case failed = "Failed"
    }

    package enum MissingAction: String, ObjectWord {
        case `import` = "Import"
        case fail = "Fail"
        case wait = "Wait"
    }

    package struct Spec: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var source: Source { self[view: "source"] }
        package var prepare: Prepare { self[view: "prepare"] }
    }

    package struct Source: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var libvirt: FileSource? { self["libvirt"] }
        package var http: FileSource? { self["http"] }
        package var vsphere: VSphereSource? { self["vsphere"] }
        package var proxmox: ProxmoxSource? { self["proxmox"] }
        /// Names of the sources that are said, in the order of their bytes.
        package var names: [String] { value.members?.filter { !$0.value.isNull }.map(\.name) ?? [] }
    }

    /// Of libvirt, or by HTTP for any.
    package struct FileSource: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var path: String? { self["path"] }
        package var url: String? { self["url"] }
        package var format: String? { self["format"] }
        package var headers: [String: String] { self[map: "headers"] }
        package var checksum: String? { self["checksum"] }
        package var checksumType: String? { self["checksumType"] }
        package var storagePool: String? { self["storagePool"] }
    }

    package struct VSphereSource: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var templateName: String? { self["templateName"] }
        package var ovaURL: String? { self["ovaURL"] }
        package var checksum: String? { self["checksum"] }
        package var checksumType: String? { self["checksumType"] }
        package var hasContentLibrary: Bool { value["contentLibrary"]?.members != nil }
    }

    package struct ProxmoxSource: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var templateID: Int? { self["templateID"] }
        package var templateName: String? { self["templateName"] }
        package var storage: String? { self["storage"] }
        package var node: String? { self["node"] }
        package var format: String? { self["format"] }
        package var isFullClone: Bool? { self["fullClone"] }
    }

    package struct Prepare: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var onMissing: MissingAction { self["onMissing"] ?? .import }
        package var validatesChecksum: Bool { self["validateChecksum"] ?? true }
        package var timeoutSeconds: Double { seconds("timeout") ?? 1800 }
        package var retries: Int { self["retries"] ?? 3 }
        package var isForced: Bool { self["force"] ?? false }
        /// Of libvirt.
        package var storagePool: String? { value["storage"]?["libvirt"]?["storagePool"]?.text }
        /// Of vSphere.
        package var datastore: String? { value["storage"]?["vsphere"]?["datastore"]?.text }
    }

    package struct Status: ConditionedStatus {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var isReady: Bool? {
            get { self["ready"] }
            set { self["ready"] = newValue }
        }
        package var phase: Phase? {
            get { self["phase"] }
            set { self["phase"] = newValue }
        }
        /// `namespace/name` of providers.
        package var availableOn: [String] {
            get { self[list: "availableOn"] }
            set { self[list: "availableOn"] = newValue }
        }
        /// RFC 3339.
        package var lastPrepareTime: String? {
            get { self["lastPrepareTime"] }
            set { self["lastPrepareTime"] = newValue }
        }
        /// By `namespace/name` of the provider.
        package var providerStatus: [String: ProviderStatus] {
            get { self[map: "providerStatus"] }
            set { self[map: "providerStatus"] = newValue }
        }
    }

    /// How it is with one provider.
    package struct ProviderStatus: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var isAvailable: Bool {
            get { self["available"] ?? false }
            set { self["available"] = newValue }
        }
        package var id: String? {
            get { self["id"] }
            set { self["id"] = newValue }
        }
        package var path: String? {
            get { self["path"] }
            set { self["path"] = newValue }
        }
        package var phase: Phase? {
            get { self["phase"] }
            set { self["phase"] = newValue }
        }
        /// Name of the VMOperation that brings it.
        package var operation: String? {
            get { self["operation"] }
            set { self["operation"] = newValue }
        }
        package var attempts: Int? {
            get { self["attempts"] }
            set { self["attempts"] = newValue }
        }
        /// Of the image that was brought.
        package var observedGeneration: Int64? {
            get { self["observedGeneration"] }
            set { self["observedGeneration"] = newValue }
        }
        /// RFC 3339.
        package var lastUpdated: String? {
            get { self["lastUpdated"] }
            set { self["lastUpdated"] = newValue }
        }
        package var message: String? {
            get { self["message"] }
            set { self["message"] = newValue }
        }
    }
}
