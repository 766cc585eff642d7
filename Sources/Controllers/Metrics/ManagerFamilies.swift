import Metrics
import Objects
import Primitives
import ProviderRPC
import RPC

/// The families of the manager: those that it shares with providers, and its own.
struct ManagerFamilies: Sendable {
    private let shared: VirtrigaudFamilies
    private let leader: Metric
    private let breaker, breakerFailures, healthy, oldest, machines, notReady, hypervisorMachines: Metric

    private static let phase = LabelSchema("provider", "phase")
    private static let reason = LabelSchema("provider", "reason")

    /// Why machines are not ready; every other word is Other.
    private static let reasons = [
        "Creating", "Updating", "TaskInProgress", "WaitingForDependencies", "ProviderError", "ValidationError", "MachineGone", "Other",
    ]

    init(_ catalogue: inout Catalogue) {
        let (journal, calls, object) = ("VMOperation objects", "calls of providers", "Provider.status")
        shared = VirtrigaudFamilies(
            &catalogue, component: "manager",
            .init(
                requests: "Calls of providers, also those that an open breaker kept back, by how they ended.",
                latency: "How long calls of providers took; those that a breaker kept back are not in it.",
                inflight: "Operations that were begun and are not over.",
                operations:
                    "Operations that ended, each once, over restarts too: success; failure when the hypervisor said no; error when nobody knows.",
                durations: "Time from an operation's beginning to its end, over restarts too.",
                addresses: "Time from the end of the operation that switched a machine on to the first look that found an address.",
                callSource: calls, journalSource: journal, addressSource: "VMOperation and Describe", errorSource: calls))
        leader = catalogue.gauge(
            "virtrigaud_leader", "1 if this manager leads and its controllers work, 0 if it waits.", source: "the lock or Lease")
        breaker = catalogue.gauge(
            "virtrigaud_circuit_breaker_state", "Whether a provider is asked: 0 closed, 1 half open, 2 open.",
            labels: VirtrigaudFamilies.provider,
            source: calls)
        breakerFailures = catalogue.counter(
            "virtrigaud_circuit_breaker_failures_total", "Calls that nobody answered.", labels: VirtrigaudFamilies.provider, source: calls)
        healthy = catalogue.gauge(
            "virtrigaud_provider_healthy", "1 if the provider answers and its hypervisor can be worked with, else 0.",
            labels: VirtrigaudFamilies.provider,
            source: object)
        oldest = catalogue.gauge(
            "virtrigaud_provider_oldest_operation_timestamp_seconds",
            "When the oldest operation that is not over was begun, in seconds since 1970; absent without one.",
            labels: VirtrigaudFamilies.provider,
            source: journal)
        notReady = catalogue.gauge(
            "virtrigaud_vms_not_ready", "VirtualMachines that are not as they are wanted, by the reason of their condition Ready.",
            labels: Self.reason, source: "VirtualMachine.status.conditions")
        machines = catalogue.gauge(
            "virtrigaud_vms", "VirtualMachines by their phase.", labels: Self.phase, source: "VirtualMachine.status.phase")
        hypervisorMachines = catalogue.gauge(
            "virtrigaud_hypervisor_vms", "Machines that the provider lists, whoever made them.", labels: VirtrigaudFamilies.provider,
            source: "ListVMs")
    }

    func writeProgram(_ version: Version, isLeading: Bool, _ buffer: inout SampleBuffer) {
        shared.writeBuild(version, &buffer)
        buffer.add(leader, .empty, isLeading ? 1 : 0)
    }

    // MARK: operations

    func writeOperations(_ journal: OperationJournal, _ buffer: inout SampleBuffer) {
        let (sums, open) = (journal.sums, journal.openByProvider)
        for (provider, entry) in sums.sorted(by: { $0.key < $1.key }) {
            for method in ProviderMethod.operations {
                for outcome in Operation.Outcome.allCases {
                    let count = entry.sums.count(method, outcome)
                    shared.write(ended: count, method.rawValue, outcome.rawValue, type: entry.type, provider: provider, &buffer)
                }
                let durations = entry.sums.durations(method)
                // Twenty-one series for each method: from 0 on only of those that a rule tells a rate of.
                guard durations.count > 0 || method == .create else { continue }
                shared.write(durations: durations, of: method.rawValue, type: entry.type, provider: provider, &buffer)
            }
        }
        for (provider, entry) in sums.sorted(by: { $0.key < $1.key }) {
            shared.write(inflight: open[provider]?.count ?? 0, type: entry.type, provider: provider, &buffer)
            buffer.add(oldest, buffer.labels(VirtrigaudFamilies.provider, entry.type, provider), open[provider]?.since)
        }
        let types = Dictionary(grouping: sums.values, by: \.type).mapValues { $0.map(\.sums) }
        for (type, sums) in types.sorted(by: { $0.key < $1.key }) {
            shared.writeKinds(Operation.Outcome.self, type: type, &buffer) { method, outcome, isLinked in
                sums.reduce(0) { OperationSums.added($0, $1.count(method, outcome, isLinked: isLinked)) }
            }
        }
    }

    func writeAddresses(_ durations: AddressDurations, _ buffer: inout SampleBuffer) {
        for (type, distribution) in durations.contents.sorted(by: { $0.key < $1.key }) {
            shared.write(addresses: distribution, type: type, &buffer)
        }
    }

    // MARK: providers

    func writeCalls(_ counts: CallCounts.Contents, _ buffer: inout SampleBuffer) {
        func rank(_ key: CallCounts.Contents.Key) -> (String, String, Int32) { (key.type, key.method.rawValue, key.code.rawValue) }
        for (key, count) in counts.calls.sorted(by: { rank($0.key) < rank($1.key) }) {
            shared.write(calls: count, of: key.method.rawValue, key.code, type: key.type, &buffer)
        }
        for (key, distribution) in counts.durations.sorted(by: {
            ($0.key.type, $0.key.method.rawValue) < ($1.key.type, $1.key.method.rawValue)
        }) {
            shared.write(latency: distribution, of: key.method.rawValue, type: key.type, &buffer)
        }
        shared.write(errors: counts.errors, &buffer)
    }

    func writeLinks(_ links: [ProviderConnection], _ providers: [Provider], _ buffer: inout SampleBuffer) {
        let sorted = links.sorted { $0.link.name < $1.link.name }
        for connection in sorted {
            let labels = buffer.labels(VirtrigaudFamilies.provider, connection.link.type, connection.link.name)
            buffer.add(breaker, labels, Double(connection.link.breakerState))
            buffer.add(breakerFailures, labels, Double(connection.link.breakerFailures))
            buffer.add(
                hypervisorMachines, labels, connection.machines.count(every: connection.link.settings.listSeconds).map { Double($0) })
        }
        for provider in providers.sorted(by: { $0.fullName < $1.fullName }) {
            guard let isHealthy = provider.status.isHealthy else { continue }
            buffer.add(healthy, buffer.labels(VirtrigaudFamilies.provider, provider.spec.type, provider.fullName), isHealthy ? 1 : 0)
        }
    }

    func writeMachines(_ list: [VirtualMachine], _ providers: [Provider], _ buffer: inout SampleBuffer) {
        var counts: [String: [VirtualMachine.Phase: Int]] = [:]
        for provider in providers { counts[provider.fullName] = [:] }
        for machine in list { counts[machine.providerName, default: [:]][machine.status.phase ?? .pending, default: 0] += 1 }
        var reasons: [String: [String: Int]] = [:]
        for machine in list where !machine.status.conditions.isTrue(.ready) {
            let reason = machine.status.conditions[.ready]?.reason ?? "Creating"
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
