/// A machine that is made from another.
package struct VMClone: TypedResource {
    package static let kind = ResourceKind.vmClone
    package static let finalizer = "clone.infra.virtrigaud.io/finalizer"
    package var object: APIObject
    package init(_ object: APIObject) { self.object = object }

    package enum CloneType: String, ObjectWord {
        case full = "FullClone"
        case linked = "LinkedClone"
        case instant = "InstantClone"
    }

    package enum Phase: String, ObjectWord {
        case pending = "Pending"
        case preparing = "Preparing"
        case cloning = "Cloning"
        case customizing = "Customizing"
        case poweringOn = "Powering-On"
        case ready = "Ready"
        case failed = "Failed"
    }

    package struct Spec: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        /// The machine that it is made from; nil when it is to be made from something else.
        package var sourceVM: ObjectReference? { value["source"]?["vmRef"].flatMap { ObjectReference(objectValue: $0) } }
        /// Name of the source that is said: `vmRef`, `snapshotRef`, …
        package var sourceName: String? { value["source"]?.members?.first { !$0.value.isNull }?.name }
        package var target: Target { self[view: "target"] }
        package var options: Options { self[view: "options"] }
        /// Nil when nothing is to be different in the guest.
        package var customization: Customization? { self["customization"] }
    }

    package struct Target: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var name: String { self["name"] ?? "" }
        package var namespace: String? { self["namespace"] }
        package var providerRef: ObjectReference? { self["providerRef"] }
        package var classRef: ObjectReference? { self["classRef"] }
        /// Nil for the source's.
        package var networks: [VirtualMachine.Network]? { value["networks"].map { _ in self[list: "networks"] } }
        /// Nil for the source's.
        package var disks: [VirtualMachine.Disk]? { value["disks"].map { _ in self[list: "disks"] } }
        package var labels: [String: String] { self[map: "labels"] }
        package var annotations: [String: String] { self[map: "annotations"] }
    }

    package struct Options: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var type: CloneType { self["type"] ?? .full }
        package var powersOn: Bool { self["powerOn"] ?? false }
        package var timeoutSeconds: Double { seconds("timeout") ?? 1800 }
        /// Nil when nothing is said of tries.
        package var retry: Retry? { self["retryPolicy"] }
    }

    package struct Retry: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var maxRetries: Int { self["maxRetries"] ?? 3 }
        package var delaySeconds: Double { seconds("retryDelay") ?? 300 }
        package var multiplier: Int { self["backoffMultiplier"] ?? 2 }
    }

    package struct Customization: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var hostname: String? { self["hostname"] }
        package var domain: String? { self["domain"] }
        package var timeZone: String? { self["timeZone"] }
        package var networks: [Network] { self[list: "networks"] }
        package var userData: VirtualMachine.UserData? { self["userData"] }
        package var tags: [String] { self[list: "tags"] }
    }

    package struct Network: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var name: String { self["name"] ?? "" }
        package var ipAddress: String? { self["ipAddress"] }
        package var subnetMask: String? { self["subnetMask"] }
        package var gateway: String? { self["gateway"] }
        package var nameServers: [String] { self[list: "dns"] }
        package var macAddress: String? { self["macAddress"] }
        package var usesDHCP: Bool? { self["dhcp"] }
    }

    package struct Status: ConditionedStatus {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var targetRef: ObjectReference? {
            get { self["targetRef"] }
            set { self["targetRef"] = newValue }
        }
        /// What the provider calls the new machine; an empty one is none.
        package var targetID: String? {
            get { self["targetID"].flatMap { (id: String) in id.isEmpty ? nil : id } }
            set { self["targetID"] = newValue }
        }
        package var phase: Phase? {
            get { self["phase"] }
            set { self["phase"] = newValue }
        }
        package var taskRef: String? {
            get { self["taskRef"] }
            set { self["taskRef"] = newValue }
        }
        /// RFC 3339, as are the other times.
        package var startTime: String? {
            get { self["startTime"] }
            set { self["startTime"] = newValue }
        }
        package var completionTime: String? {
            get { self["completionTime"] }
            set { self["completionTime"] = newValue }
        }
        package var lastRetryTime: String? {
            get { self["lastRetryTime"] }
            set { self["lastRetryTime"] = newValue }
        }
        package var retryCount: Int? {
            get { self["retryCount"] }
            set { self["retryCount"] = newValue }
        }
        /// When it is to be tried again.
        package var nextRetryTime: String? {
            get { self["nextRetryTime"] }
            set { self["nextRetryTime"] = newValue }
        }
        package var actualCloneType: CloneType? {
            get { self["actualCloneType"] }
            set { self["actualCloneType"] = newValue }
        }
        /// Name of the VMOperation that was begun last.
        package var lastOperation: String? {
            get { self["lastOperation"] }
            set { self["lastOperation"] = newValue }
        }
        /// Name of the VMOperation whose clone is not waited for any more: it has failed, or took too long.
        package var formerOperation: String? {
            get { self["formerOperation"] }
            set { self["formerOperation"] = newValue }
        }
    }
}
