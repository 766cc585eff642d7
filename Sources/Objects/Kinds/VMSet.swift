import Primitives

/// So many machines of one template.
package struct VMSet: TypedResource {
    package static let kind = ResourceKind.vmSet
    package static let finalizer = "vmset.infra.virtrigaud.io/finalizer"
    package var object: APIObject
    package init(_ object: APIObject) { self.object = object }

    package enum Strategy: String, ObjectWord {
        case rollingUpdate = "RollingUpdate"
        case onDelete = "OnDelete"
        case recreate = "Recreate"
    }

    package enum Order: String, ObjectWord {
        case orderedReady = "OrderedReady"
        case parallel = "Parallel"
    }

    package struct Spec: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var replicas: Int {
            get { self["replicas"] ?? 1 }
            set { self["replicas"] = newValue }
        }
        /// Nil for one that chooses everything or cannot be read, of an object that has problems.
        package var selector: LabelSelector? {
            var problems: [FieldProblem] = []
            let selector = LabelSelector(value["selector"] ?? .null, "spec.selector", &problems)
            return problems.isEmpty && !selector.requirements.isEmpty ? selector : nil
        }
        package var templateLabels: [String: String] { texts(value["template"]?["metadata"]?["labels"]) }
        package var templateAnnotations: [String: String] { texts(value["template"]?["metadata"]?["annotations"]) }
        package var templateSpec: VirtualMachine.Spec { VirtualMachine.Spec(value["template"]?["spec"] ?? .members(ObjectMembers())) }
        package var strategy: Strategy { value["updateStrategy"]?["type"].flatMap { Strategy(objectValue: $0) } ?? .rollingUpdate }
        package var partition: Int { rollingUpdate?["partition"]?.whole.map { Int($0) } ?? 0 }
        package var order: Order { rollingUpdate?["podManagementPolicy"].flatMap { Order(objectValue: $0) } ?? .orderedReady }
        package var minReadySeconds: Int { self["minReadySeconds"] ?? 0 }
        /// The first number.
        package var firstOrdinal: Int { value["ordinals"]?["start"]?.whole.map { Int($0) } ?? 0 }

        /// How many may be away during an update: a share is rounded down, and is one at least.
        package var maxUnavailable: Int {
            let said = rollingUpdate?["maxUnavailable"] ?? "25%"
            if let whole = said.whole { return max(1, Int(whole)) }
            let share = said.text.flatMap { text in Int(text.prefix { $0 != "%" }) } ?? 25
            return max(1, replicas.clamped(to: 0...1000) * share.clamped(to: 0...100) / 100)
        }

        private var rollingUpdate: ObjectValue? { value["updateStrategy"]?["rollingUpdate"] }

        private func texts(_ value: ObjectValue?) -> [String: String] {
            var texts: [String: String] = [:]
            for member in value?.members ?? ObjectMembers() { texts[member.name] = member.value.text }
            return texts
        }
    }

    package struct Status: ConditionedStatus {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var replicas: Int? {
            get { self["replicas"] }
            set { self["replicas"] = newValue }
        }
        package var readyReplicas: Int? {
            get { self["readyReplicas"] }
            set { self["readyReplicas"] = newValue }
        }
        package var availableReplicas: Int? {
            get { self["availableReplicas"] }
            set { self["availableReplicas"] = newValue }
        }
        package var currentReplicas: Int? {
            get { self["currentReplicas"] }
            set { self["currentReplicas"] = newValue }
        }
        package var updatedReplicas: Int? {
            get { self["updatedReplicas"] }
            set { self["updatedReplicas"] = newValue }
        }
        package var currentRevision: String? {
            get { self["currentRevision"] }
            set { self["currentRevision"] = newValue }
        }
        package var updateRevision: String? {
            get { self["updateRevision"] }
            set { self["updateRevision"] = newValue }
        }
        /// `spec.template` as it was when all machines were of it.
        package var currentTemplate: ObjectValue? {
            get { self["currentTemplate"] }
            set { self["currentTemplate"] = newValue }
        }
        /// As text, for `kubectl scale`.
        package var selector: String? {
            get { self["selector"] }
            set { self["selector"] = newValue }
        }
    }
}
