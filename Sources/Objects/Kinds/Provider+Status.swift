extension Provider {
    package enum RuntimePhase: String, ObjectWord {
        case pending = "Pending"
        case starting = "Starting"
        case running = "Running"
        case stopping = "Stopping"
        case failed = "Failed"
    }

    package struct Status: ConditionedStatus {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var isHealthy: Bool? {
            get { self["healthy"] }
            set { self["healthy"] = newValue }
        }
        /// RFC 3339.
        package var lastHealthCheck: String? {
            get { self["lastHealthCheck"] }
            set { self["lastHealthCheck"] = newValue }
        }
        package var runtime: Runtime {
            get { self[view: "runtime"] }
            set { self[view: "runtime"] = newValue }
        }
        package var capabilities: [String] {
            get { self[list: "capabilities"] }
            set { self[list: "capabilities"] = newValue }
        }
        /// Nil until the provider has told.
        package var reportedCapabilities: Capabilities? {
            get { self["reportedCapabilities"] }
            set { self["reportedCapabilities"] = newValue }
        }
        package var connectedVMs: Int? {
            get { self["connectedVMs"] }
            set { self["connectedVMs"] = newValue }
        }
    }

    package struct Runtime: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var endpoint: String? {
            get { self["endpoint"] }
            set { self["endpoint"] = newValue }
        }
        package var phase: RuntimePhase? {
            get { self["phase"] }
            set { self["phase"] = newValue }
        }
    }

    /// What the provider says that it can do; a flag that it did not tell is nil.
    package struct Capabilities: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        /// - Parameter name: as the contract has it, `supportsSnapshots`.
        package func supports(_ name: String) -> Bool? { self[name] }

        package var supportsSnapshots: Bool? { self["supportsSnapshots"] }
        package var supportsMemorySnapshots: Bool? { self["supportsMemorySnapshots"] }
        package var supportsLinkedClones: Bool? { self["supportsLinkedClones"] }
        package var supportsImageImport: Bool? { self["supportsImageImport"] }
        package var supportsReconfigureOnline: Bool? { self["supportsReconfigureOnline"] }
        package var supportsDiskExpansionOnline: Bool? { self["supportsDiskExpansionOnline"] }
    }
}
