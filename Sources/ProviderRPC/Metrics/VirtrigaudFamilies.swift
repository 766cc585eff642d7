package import Metrics
package import Primitives
package import RPC

/// The families that the manager and every provider have by the same names and labels, which are those that Virtrigaud's operators know.
///
/// Each of the two says in its own words what it counts, and writes what it has counted.
package struct VirtrigaudFamilies: Sendable {
    /// What differs between a manager's and a provider's: meanings, and where numbers come from.
    package struct Words: Sendable {
        package let requests, latency, inflight, operations, durations, addresses: String
        package let callSource, journalSource, addressSource, errorSource: String

        package init(
            requests: String, latency: String, inflight: String, operations: String, durations: String, addresses: String,
            callSource: String,
            journalSource: String, addressSource: String, errorSource: String
        ) {
            self.requests = requests
            self.latency = latency
            self.inflight = inflight
            self.operations = operations
            self.durations = durations
            self.addresses = addresses
            self.callSource = callSource
            self.journalSource = journalSource
            self.addressSource = addressSource
            self.errorSource = errorSource
        }
    }

    private let build, requests, latency, inflight: Metric
    private let operations, durations, reconfigures, snapshots, clones, images: Metric
    private let addresses, errors: Metric

    /// Of what one provider has.
    package static let provider = LabelSchema("provider_type", "provider")
    private static let version = LabelSchema("version", "git_sha", "go_version", "component")
    private static let call = LabelSchema("provider_type", "method", "code")
    private static let method = LabelSchema("provider_type", "method")
    private static let operation = LabelSchema("operation", "provider_type", "provider", "outcome")
    private static let duration = LabelSchema("operation", "provider_type", "provider")
    private static let outcome = LabelSchema("provider_type", "outcome")
    private static let snapshot = LabelSchema("action", "provider_type", "outcome")
    private static let clone = LabelSchema("linked", "provider_type", "outcome")
    private static let type = LabelSchema("provider_type")
    private static let error = LabelSchema("reason", "component")

    /// Upper bounds in seconds of how long calls take: a second by the contract, and exports of disks as long as they may.
    package static let callBounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

    /// `manager` or `provider`
    private let component: String

    package init(_ catalogue: inout Catalogue, component: String, _ words: Words) {
        self.component = component
        build = catalogue.info(
            "virtrigaud_build_info", "Which program this is; go_version has the Swift it was built with, as swift6.3.",
            labels: Self.version, source: "martlet-manager")
        requests = catalogue.counter(
            "virtrigaud_provider_rpc_requests_total", words.requests, labels: Self.call, source: words.callSource)
        latency = catalogue.histogram(
            "virtrigaud_provider_rpc_latency_seconds", words.latency, labels: Self.method, source: words.callSource)
        inflight = catalogue.gauge(
            "virtrigaud_provider_tasks_inflight", words.inflight, labels: Self.provider, source: words.journalSource)
        operations = catalogue.counter(
            "virtrigaud_vm_operations_total", words.operations, labels: Self.operation, source: words.journalSource)
        durations = catalogue.histogram(
            "virtrigaud_vm_operations_duration_seconds", words.durations, labels: Self.duration, source: words.journalSource)
        reconfigures = catalogue.counter(
            "virtrigaud_vm_reconfigure_total", "Changes of machines that ended.", labels: Self.outcome, source: words.journalSource)
        snapshots = catalogue.counter(
            "virtrigaud_vm_snapshot_total", "Snapshots that were made, deleted or reverted to, and ends of attempts.",
            labels: Self.snapshot, source: words.journalSource)
        clones = catalogue.counter(
            "virtrigaud_vm_clone_total", "Clones that ended; linked is what was done.", labels: Self.clone, source: words.journalSource)
        images = catalogue.counter(
            "virtrigaud_vm_image_prepare_total", "Preparations of images that ended.", labels: Self.outcome, source: words.journalSource)
        addresses = catalogue.histogram(
            "virtrigaud_ip_discovery_duration_seconds", words.addresses, labels: Self.type, source: words.addressSource)
        errors = catalogue.counter(
            "virtrigaud_errors_total", "Calls and operations that failed, by a short list of reasons.", labels: Self.error,
            source: words.errorSource)
    }

    package func writeBuild(_ version: Version, _ buffer: inout SampleBuffer) {
        buffer.add(build, buffer.labels(Self.version, version.number, version.revision, "swift\(version.swift)", component), 1)
    }

    // MARK: calls

    /// - Parameter type: of the provider, as in all that follow.
    package func write(calls count: Int, of method: String, _ code: RPCCode, type: String, _ buffer: inout SampleBuffer) {
        buffer.add(requests, buffer.labels(Self.call, type, method, code.name), Double(count))
    }

    package func write(latency distribution: Distribution, of method: String, type: String, _ buffer: inout SampleBuffer) {
        buffer.add(latency, buffer.labels(Self.method, type, method), distribution)
    }

    package func write(errors counts: [ErrorReason: Int], _ buffer: inout SampleBuffer) {
        for reason in ErrorReason.allCases {
            buffer.add(errors, buffer.labels(Self.error, reason.rawValue, component), Double(counts[reason] ?? 0))
        }
    }

    // MARK: operations

    package func write(inflight count: Int, type: String, provider: String, _ buffer: inout SampleBuffer) {
        buffer.add(inflight, buffer.labels(Self.provider, type, provider), Double(count))
    }

    /// - Parameter operation: `Create` and others.
    package func write(
        ended count: Int, _ operation: String, _ outcome: String, type: String, provider: String, _ buffer: inout SampleBuffer
    ) {
        buffer.add(operations, buffer.labels(Self.operation, operation, type, provider, outcome), Double(count))
    }

    package func write(
        durations distribution: Distribution, of operation: String, type: String, provider: String, _ buffer: inout SampleBuffer
    ) {
        buffer.add(durations, buffer.labels(Self.duration, operation, type, provider), distribution)
    }

    /// The families of one kind of operations each.
    ///
    /// - Parameter count: of those that ended so; of clones, of those that were linked, or were not.
    package func writeKinds<Outcome: RawRepresentable<String> & CaseIterable>(
        _ outcomes: Outcome.Type, type: String, _ buffer: inout SampleBuffer, count: (ProviderMethod, Outcome, _ isLinked: Bool?) -> Int
    ) {
        for outcome in Outcome.allCases {
            let labels = buffer.labels(Self.outcome, type, outcome.rawValue)
            buffer.add(reconfigures, labels, Double(count(.reconfigure, outcome, nil)))
            buffer.add(images, labels, Double(count(.imagePrepare, outcome, nil)))
            for (method, action) in [(ProviderMethod.snapshotCreate, "create"), (.snapshotDelete, "delete"), (.snapshotRevert, "revert")] {
                buffer.add(snapshots, buffer.labels(Self.snapshot, action, type, outcome.rawValue), Double(count(method, outcome, nil)))
            }
            for isLinked in [true, false] {
                let labels = buffer.labels(Self.clone, isLinked ? "true" : "false", type, outcome.rawValue)
                buffer.add(clones, labels, Double(count(.clone, outcome, isLinked)))
            }
        }
    }

    package func write(addresses distribution: Distribution, type: String, _ buffer: inout SampleBuffer) {
        buffer.add(addresses, buffer.labels(Self.type, type), distribution)
    }
}
