/// One change on a hypervisor, from before it is asked for until its end is known.
package struct VMOperation: TypedResource {
    package static let kind = ResourceKind.vmOperation
    package var object: APIObject
    package init(_ object: APIObject) { self.object = object }

    package enum Operation: String, ObjectWord {
        case create = "Create"
        case delete = "Delete"
        case power = "Power"
        case reconfigure = "Reconfigure"
        case snapshotCreate = "SnapshotCreate"
        case snapshotDelete = "SnapshotDelete"
        case snapshotRevert = "SnapshotRevert"
        case clone = "Clone"
        case imagePrepare = "ImagePrepare"
    }

    package enum Phase: String, ObjectWord {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        /// Nobody waits for its end any more, which is not known.
        case abandoned = "Abandoned"

        /// Whether it has come to its end.
        package var isTerminal: Bool { self != .pending && self != .running }
    }

    package enum Outcome: String, ObjectWord {
        case success
        /// The hypervisor said no, or its task failed.
        case failure
        /// The end is not known.
        case error
    }

    package struct Spec: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var operation: Operation? {
            get { self["operation"] }
            set { self["operation"] = newValue }
        }
        package var target: Target {
            get { self[view: "targetRef"] }
            set { self[view: "targetRef"] = newValue }
        }
        package var providerRef: ObjectReference {
            get { self[view: "providerRef"] }
            set { self[view: "providerRef"] = newValue }
        }
        package var providerType: String? {
            get { self["providerType"] }
            set { self["providerType"] = newValue }
        }
        /// What is needed to ask again; no secret.
        package var parameters: ObjectValue? {
            get { self["parameters"] }
            set { self["parameters"] = newValue }
        }
        package var requestDigest: String? {
            get { self["requestDigest"] }
            set { self["requestDigest"] = newValue }
        }
        /// RFC 3339 with microseconds.
        package var startedAt: String? {
            get { self["startedAt"] }
            set { self["startedAt"] = newValue }
        }
        /// Of a clone: whether disks are to be shared.
        package var isLinked: Bool? {
            get { self["linked"] }
            set { self["linked"] = newValue }
        }
    }

    /// The object that it is for.
    package struct Target: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package init(_ object: APIObject) {
            self.init()
            self["kind"] = object.kind.kind
            self["namespace"] = object.metadata.namespace.isEmpty ? nil : object.metadata.namespace
            self["name"] = object.metadata.name
            self["uid"] = object.metadata.uid
        }

        package var kind: String { self["kind"] ?? "" }
        package var namespace: String { self["namespace"] ?? "" }
        package var name: String { self["name"] ?? "" }
        package var uid: String { self["uid"] ?? "" }
    }

    package struct Status: ConditionedStatus {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        /// Pending as long as nothing is said.
        package var phase: Phase {
            get { self["phase"] ?? .pending }
            set { self["phase"] = newValue }
        }
        package var taskID: String? {
            get { self["taskID"] }
            set { self["taskID"] = newValue }
        }
        package var attempts: Int {
            get { self["attempts"] ?? 0 }
            set { self["attempts"] = newValue }
        }
        package var result: Result {
            get { self[view: "result"] }
            set { self[view: "result"] = newValue }
        }
        package var outcome: Outcome? {
            get { self["outcome"] }
            set { self["outcome"] = newValue }
        }
        /// As gRPC lists its codes: `INVALID_ARGUMENT`.
        package var code: String? {
            get { self["code"] }
            set { self["code"] = newValue }
        }
        /// RFC 3339 with microseconds.
        package var completedAt: String? {
            get { self["completedAt"] }
            set { self["completedAt"] = newValue }
        }
    }

    /// What was made.
    package struct Result: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var id: String? {
            get { self["id"] }
            set { self["id"] = newValue }
        }
        package var path: String? {
            get { self["path"] }
            set { self["path"] = newValue }
        }
        /// Of a clone: whether disks are shared.
        package var isLinked: Bool? {
            get { self["linked"] }
            set { self["linked"] = newValue }
        }
    }
}
