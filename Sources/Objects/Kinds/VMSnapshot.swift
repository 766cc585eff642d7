/// A state of a machine that one can go back to.
package struct VMSnapshot: TypedResource {
    package static let kind = ResourceKind.vmSnapshot
    package static let finalizer = "snapshot.infra.virtrigaud.io/finalizer"
    package var object: APIObject
    package init(_ object: APIObject) { self.object = object }

    package enum Phase: String, ObjectWord {
        case pending = "Pending"
        case creating = "Creating"
        case ready = "Ready"
        /// Of one that makes others, and is none itself.
        case scheduled = "Scheduled"
        case deleting = "Deleting"
        case failed = "Failed"
        case expired = "Expired"
    }

    package enum Concurrency: String, ObjectWord {
        case allow = "Allow"
        case forbid = "Forbid"
        case replace = "Replace"
    }

    package struct Spec: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var vmRef: ObjectReference { self[view: "vmRef"] }
        /// Name on the hypervisor, when one is said.
        package var name: String? { value["snapshotConfig"]?["name"]?.text }
        package var description: String? { value["snapshotConfig"]?["description"]?.text }
        package var includesMemory: Bool { value["snapshotConfig"]?["includeMemory"]?.flag ?? false }
        package var retention: Retention { self[view: "retentionPolicy"] }
        /// Nil when none is said.
        package var schedule: Schedule? { self["schedule"] }
        package var isPinned: Bool { value["metadata"]?["pinned"]?.flag ?? false }
    }

    package struct Retention: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var maxAgeSeconds: Double? { seconds("maxAge") }
        package var maxCount: Int? { self["maxCount"] }
        package var deletesWithVM: Bool { self["deleteOnVMDelete"] ?? true }
        package var preservesPinned: Bool { self["preservePinned"] ?? true }
        package var gracePeriodSeconds: Double { seconds("gracePeriod") ?? 86_400 }
    }

    package struct Schedule: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var isEnabled: Bool { self["enabled"] ?? false }
        /// As `CronText` reads it.
        package var cron: String? { self["cronSpec"] }
        package var isSuspended: Bool { self["suspend"] ?? false }
        package var concurrency: Concurrency { self["concurrencyPolicy"] ?? .forbid }
        package var goodOnesKept: Int { self["successfulJobsHistoryLimit"] ?? 3 }
        package var failedOnesKept: Int { self["failedJobsHistoryLimit"] ?? 1 }
    }

    package struct Status: ConditionedStatus {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        /// What the provider calls it; an empty one is none.
        package var snapshotID: String? {
            get { self["snapshotID"].flatMap { (id: String) in id.isEmpty ? nil : id } }
            set { self["snapshotID"] = newValue }
        }
        package var phase: Phase? {
            get { self["phase"] }
            set { self["phase"] = newValue }
        }
        /// RFC 3339, as are the other times.
        package var creationTime: String? {
            get { self["creationTime"] }
            set { self["creationTime"] = newValue }
        }
        package var completionTime: String? {
            get { self["completionTime"] }
            set { self["completionTime"] = newValue }
        }
        package var expiryTime: String? {
            get { self["expiryTime"] }
            set { self["expiryTime"] = newValue }
        }
        package var lastScheduleTime: String? {
            get { self["lastScheduleTime"] }
            set { self["lastScheduleTime"] = newValue }
        }
        package var nextScheduleTime: String? {
            get { self["nextScheduleTime"] }
            set { self["nextScheduleTime"] = newValue }
        }
        package var taskRef: String? {
            get { self["taskRef"] }
            set { self["taskRef"] = newValue }
        }
        /// Name of the VMOperation that was begun last.
        package var lastOperation: String? {
            get { self["lastOperation"] }
            set { self["lastOperation"] = newValue }
        }
    }
}
