extension VirtualMachine {
    package struct Status: ConditionedStatus {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        /// What the provider calls the machine; nil while there is none. An empty one is none.
        package var id: String? {
            get { self["id"].flatMap { (id: String) in id.isEmpty ? nil : id } }
            set { self["id"] = newValue }
        }
        /// As the hypervisor says it, which knows more than what can be wanted: On, Off, Paused, …
        package var powerState: String? {
            get { self["powerState"] }
            set { self["powerState"] = newValue }
        }
        package var phase: Phase? {
            get { self["phase"] }
            set { self["phase"] = newValue }
        }
        package var ips: [String] {
            get { self[list: "ips"] }
            set { self[list: "ips"] = newValue }
        }
        package var consoleURL: String? {
            get { self["consoleURL"] }
            set { self["consoleURL"] = newValue }
        }
        package var lastTaskRef: String? {
            get { self["lastTaskRef"] }
            set { self["lastTaskRef"] = newValue }
        }
        package var reconfigureTaskRef: String? {
            get { self["reconfigureTaskRef"] }
            set { self["reconfigureTaskRef"] = newValue }
        }
        /// `namespace/name` of the provider that has the machine.
        package var placedOn: String? {
            get { self["placedOn"] }
            set { self["placedOn"] = newValue }
        }
        /// A sum of what was last applied of what can be changed.
        package var applied: String? {
            get { self["appliedConfiguration"] }
            set { self["appliedConfiguration"] = newValue }
        }
        /// The wish to go back to a snapshot that was last fulfilled.
        package var reverted: String? {
            get { self["revertedTo"] }
            set { self["revertedTo"] = newValue }
        }
        /// Name of the VMOperation whose end `reverted` has.
        package var revertOperation: String? {
            get { self["revertOperation"] }
            set { self["revertOperation"] = newValue }
        }
        /// RFC 3339.
        package var lastReconfigureTime: String? {
            get { self["lastReconfigureTime"] }
            set { self["lastReconfigureTime"] = newValue }
        }
        package var currentResources: Resources {
            get { self[view: "currentResources"] }
            set { self[view: "currentResources"] = newValue }
        }
        package var snapshots: [Snapshot] {
            get { self[list: "snapshots"] }
            set { self[list: "snapshots"] = newValue }
        }
        /// What the provider says beside this.
        package var provider: [String: String] {
            get { self[map: "provider"] }
            set { self[map: "provider"] = newValue }
        }
        /// Name of the VMOperation that switched it on and whose time to an address is known.
        package var addressOperation: String? {
            get { self["addressOperation"] }
            set { self["addressOperation"] = newValue }
        }
        /// Name of the VMOperation that was begun last.
        package var lastOperation: String? {
            get { self["lastOperation"] }
            set { self["lastOperation"] = newValue }
        }
    }

    package struct Resources: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var cpu: Int? {
            get { self["cpu"] }
            set { self["cpu"] = newValue }
        }
        package var memoryMiB: Int? {
            get { self["memoryMiB"] }
            set { self["memoryMiB"] = newValue }
        }
    }

    package struct Snapshot: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var id: String {
            get { self["id"] ?? "" }
            set { self["id"] = newValue }
        }
        package var name: String {
            get { self["name"] ?? "" }
            set { self["name"] = newValue }
        }
        /// RFC 3339.
        package var creationTime: String? {
            get { self["creationTime"] }
            set { self["creationTime"] = newValue }
        }
        package var description: String? {
            get { self["description"] }
            set { self["description"] = newValue }
        }
        package var sizeBytes: Int? {
            get { self["sizeBytes"] }
            set { self["sizeBytes"] = newValue }
        }
        package var hasMemory: Bool? {
            get { self["hasMemory"] }
            set { self["hasMemory"] = newValue }
        }
    }
}
