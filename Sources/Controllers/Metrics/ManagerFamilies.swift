import Metrics
import Objects
import Primitives
import ProviderRPC
import RPC

/// The families of the manager, by the names and labels that Virtrigaud's operators know; docs/manager-metrics.md says what differs.
struct ManagerFamilies: Sendable {
    private let build, leader: Metric
    private let operations, durations, reconfigures, snapshots, clones, images, addresses: Metric
    private let requests, latency, inflight, errors: Metric
    private let breaker, breakerFailures, healthy, oldest, machines, notReady, hypervisorMachines: Metric

    private static let version = LabelSchema("version", "git_sha", "go_version", "component")
    private static let operation = LabelSchema("operation", "provider_type", "provider", "outcome")
    private static let duration = LabelSchema("operation", "provider_type", "provider")
    private static let outcome = LabelSchema("provider_type", "outcome")
    private static let snapshot = LabelSchema("action", "provider_type", "outcome")
    private static let clone = LabelSchema("linked", "provider_type", "outcome")
    private static let type = LabelSchema("provider_type")
    private static let call = LabelSchema("provider_type", "method", "code")
    private static let method = LabelSchema("provider_type", "method")
    private static let provider = LabelSchema("provider_type", "provider")
    private static let error = LabelSchema("reason", "component")
    private static let phase = LabelSchema("provider", "phase")
    private static let reason = LabelSchema("provider", "reason")

    /// Why machines are not ready; every other word is Other.
    private static let reasons = [
        "Creating", "Updating", "TaskInProgress", "WaitingForDependencies", "ProviderError", "ValidationError", "MachineGone", "Other",
    ]

    init(_ catalogue: inout Catalogue) {
        let (journal, calls, object) = ("VMOperation objects", "calls of providers", "Provider.status")
        build = catalogue.info(
            "virtrigaud_build_info", "Which program this is; go_version has the Swift it was built with, as swift6.3.",
            labels: Self.version,
            source: "martlet-manager")
        leader = catalogue.gauge(
            "virtrigaud_leader", "1 if this manager leads and its controllers work, 0 if it waits.", source: "the lock or Lease")
        operations = catalogue.counter(
            "virtrigaud_vm_operations_total",
            "Operations that ended, each once, over restarts too: success; failure when the hypervisor said no; error when nobody knows.",
            labels: Self.operation, source: journal)
        durations = catalogue.histogram(
            "virtrigaud_vm_operations_duration_seconds", "Time from an operation's beginning to its end, over restarts too.",
            labels: Self.duration, source: journal)
        reconfigures = catalogue.counter(
            "virtrigaud_vm_reconfigure_total", "Changes of machines that ended.", labels: Self.outcome, source: journal)
        snapshots = catalogue.counter(
            "virtrigaud_vm_snapshot_total", "Snapshots that were made, deleted or reverted to, and ends of attempts.",
            labels: Self.snapshot,
            source: journal)
        clones = catalogue.counter(
            "virtrigaud_vm_clone_total", "Clones that ended; linked is what was done.", labels: Self.clone, source: journal)
        images = catalogue.counter(
            "virtrigaud_vm_image_prepare_total", "Preparations of images that ended.", labels: Self.outcome, source: journal)
        addresses = catalogue.histogram(
            "virtrigaud_ip_discovery_duration_seconds",
            "Time from the end of the operation that switched a machine on to the first look that found an address.", labels: Self.type,
            source: "VMOperation and Describe")
        requests = catalogue.counter(
            "virtrigaud_provider_rpc_requests_total", "Calls of providers, also those that an open breaker kept back, by how they ended.",
            labels: Self.call, source: calls)
        latency = catalogue.histogram(
            "virtrigaud_provider_rpc_latency_seconds", "How long calls of providers took; those that a breaker kept back are not in it.",
            labels: Self.method, source: calls)
        inflight = catalogue.gauge(
            "virtrigaud_provider_tasks_inflight", "Operations that were begun and are not over.", labels: Self.provider, source: journal)
        errors = catalogue.counter(
            "virtrigaud_errors_total", "Calls and operations that failed, by a short list of reasons.", labels: Self.error, source: calls)
        breaker = catalogue.gauge(
            "virtrigaud_circuit_breaker_state", "Whether a provider is asked: 0 closed, 1 half open, 2 open.", labels: Self.provider,
            source: calls)
        breakerFailures = catalogue.counter(
            "virtrigaud_circuit_breaker_failures_total", "Calls that nobody answered.", labels: Self.provider, source: calls)
        healthy = catalogue.gauge(
            "virtrigaud_provider_healthy", "1 if the provider answers and its hypervisor can be worked with, else 0.",
            labels: Self.provider,
            source: object)
        oldest = catalogue.gauge(
            "virtrigaud_provider_oldest_operation_timestamp_seconds",
            "When the oldest operation that is not over was begun, in seconds since 1970; absent without one.", labels: Self.provider,
            source: journal)
        notReady = catalogue.gauge(
            "virtrigaud_vms_not_ready", "VirtualMachines that are not as they are wanted, by the reason of their condition Ready.",
            labels: Self.reason, source: "VirtualMachine.status.conditions")
        machines = catalogue.gauge(
            "virtrigaud_vms", "VirtualMachines by their phase.", labels: Self.phase, source: "VirtualMachine.status.phase")
        hypervisorMachines = catalogue.gauge(
            "virtrigaud_hypervisor_vms", "Machines that the provider lists, whoever made them.", labels: Self.provider, source: "ListVMs")
    }

    func writeProgram(_ version: Version, isLeading: Bool, _ buffer: inout SampleBuffer) {
        buffer.add(build, buffer.labels(Self.version, version.number, version.revision, "swift\(version.swift)", "manager"), 1)
        buffer.add(leader, .empty, isLeading ? 1 : 0)
    }

    // MARK: operations

    func writeOperations(_ journal: OperationJournal, _ buffer: inout SampleBuffer) {
        let sums = journal.sums
        for (provider, entry) in sums.sorted(by: { $0.key < $1.key }) {
            for method in OperationSums.methods {
                for outcome in Operation.Outcome.allCases {
                    let labels = buffer.labels(Self.operation, method.rawValue, entry.type, provider, outcome.rawValue)
                    buffer.add(operations, labels, Double(entry.sums.count(method, outcome)))
                }
                let labels = buffer.labels(Self.duration, method.rawValue, entry.type, provider)
                buffer.add(durations, labels, Self.distribution(entry.sums.durations(method)))
            }
        }
        let open = journal.openByProvider
        for (provider, entry) in sums.sorted(by: { $0.key < $1.key }) {
            let labels = buffer.labels(Self.provider, entry.type, provider)
            buffer.add(inflight, labels, Double(open[provider]?.count ?? 0))
            buffer.add(oldest, labels, open[provider]?.since)
        }
        let types = Dictionary(grouping: sums.values, by: \.type).mapValues { $0.map(\.sums) }
        for (type, sums) in types.sorted(by: { $0.key < $1.key }) { writeKinds(type, sums, &buffer) }
    }

    private func writeKinds(_ type: String, _ sums: [OperationSums], _ buffer: inout SampleBuffer) {
        func count(_ method: ProviderMethod, _ outcome: Operation.Outcome, isLinked: Bool? = nil) -> Double {
            Double(sums.reduce(0) { $0 + $1.count(method, outcome, isLinked: isLinked) })
        }
        for outcome in Operation.Outcome.allCases {
            let labels = buffer.labels(Self.outcome, type, outcome.rawValue)
            buffer.add(reconfigures, labels, count(.reconfigure, outcome))
            buffer.add(images, labels, count(.imagePrepare, outcome))
            for (method, action) in [(ProviderMethod.snapshotCreate, "create"), (.snapshotDelete, "delete"), (.snapshotRevert, "revert")] {
                buffer.add(snapshots, buffer.labels(Self.snapshot, action, type, outcome.rawValue), count(method, outcome))
            }
            for isLinked in [true, false] {
                let labels = buffer.labels(Self.clone, isLinked ? "true" : "false", type, outcome.rawValue)
                buffer.add(clones, labels, count(.clone, outcome, isLinked: isLinked))
            }
        }
    }

    /// - Parameter counts: of each bucket alone.
    private static func distribution(_ durations: (counts: [Int], seconds: Double)) -> Distribution {
        var sum = 0
        let buckets = zip(OperationSums.bounds + [.infinity], durations.counts).map { bound, count in
            sum += count
            return Distribution.Bucket(bound: bound, count: Double(sum))
        }
        return Distribution(cumulative: buckets, sum: durations.seconds) ?? Distribution(bounds: OperationSums.bounds)
    }

    func writeAddresses(_ durations: AddressDurations, _ buffer: inout SampleBuffer) {
        for (type, distribution) in durations.contents.sorted(by: { $0.key < $1.key }) {
            buffer.add(addresses, buffer.labels(Self.type, type), distribution)
        }
    }

    // MARK: providers

    func writeCalls(_ counts: CallCounts.Contents, _ buffer: inout SampleBuffer) {
        func rank(_ key: CallCounts.Contents.Key) -> (String, String, Int32) { (key.type, key.method.rawValue, key.code.rawValue) }
        for (key, count) in counts.calls.sorted(by: { rank($0.key) < rank($1.key) }) {
            buffer.add(requests, buffer.labels(Self.call, key.type, key.method.rawValue, key.code.name), Double(count))
        }
        for (key, distribution) in counts.durations.sorted(by: {
            ($0.key.type, $0.key.method.rawValue) < ($1.key.type, $1.key.method.rawValue)
        }) {
            buffer.add(latency, buffer.labels(Self.method, key.type, key.method.rawValue), distribution)
        }
        for reason in ErrorReason.allCases {
            buffer.add(errors, buffer.labels(Self.error, reason.rawValue, "manager"), Double(counts.errors[reason] ?? 0))
        }
    }

    func writeLinks(_ links: [ProviderConnection], _ providers: [Provider], _ buffer: inout SampleBuffer) {
        let sorted = links.sorted { $0.link.name < $1.link.name }
        for connection in sorted {
            let labels = buffer.labels(Self.provider, connection.link.type, connection.link.name)
            buffer.add(breaker, labels, Double(connection.link.breakerState))
            buffer.add(breakerFailures, labels, Double(connection.link.breakerFailures))
            buffer.add(hypervisorMachines, labels, connection.machines.count.map { Double($0) })
        }
        for provider in providers.sorted(by: { $0.fullName < $1.fullName }) {
            guard let isHealthy = provider.status.isHealthy else { continue }
            buffer.add(healthy, buffer.labels(Self.provider, provider.spec.type, provider.fullName), isHealthy ? 1 : 0)
        }
    }

    func writeMachines(_ list: [VirtualMachine], _ providers: [Provider], _ buffer: inout SampleBuffer) {
        var counts: [String: [VirtualMachine.Phase: Int]] = [:]
        for provider in providers { counts[provider.fullName] = [:] }
        for machine in list { counts[machine.providerName, default: [:]][machine.status.phase ?? .pending, default: 0] += 1 }
        var reasons: [String: [String: Int]] = [:]
        for machine in list where !machine.status.conditions.isTrue("Ready") {
            let reason = machine.status.conditions["Ready"]?.reason ?? "Creating"
            reasons[machine.providerName, default: [:]][Self.reasons.contains(reason) ? reason : "Other", default: 0] += 1
        }
        for (provider, phases) in counts.sorted(by: { $0.key < $1.key }) {
            for phase in VirtualMachine.Phase.allCases {
                buffer.add(machines, buffer.labels(Self.phase, provider, phase.rawValue), Double(phases[phase] ?? 0))
            }
            for reason in Self.reasons {
                buffer.add(notReady, buffer.labels(Self.reason, provider, reason), Double(reasons[provider]?[reason] ?? 0))
            }
        }
    }
}
