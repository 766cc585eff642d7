import Metrics
import Primitives
import ProviderRPC
import ProviderTasks
import RPC

/// The families of a provider. Names and labels are those that Virtrigaud's operators know; docs/manager-metrics.md says what differs.
struct ProviderFamilies: Sendable {
    private let build, requests, latency, inflight: Metric
    private let operations, durations, reconfigures, snapshots, clones, images: Metric
    private let addresses, errors: Metric
    private let connections, domainsTotal, domains: Metric
    private let certificateEnd, certificateIsCurrent: Metric

    private static let call = LabelSchema("provider_type", "method", "code")
    private static let method = LabelSchema("provider_type", "method")
    private static let provider = LabelSchema("provider_type", "provider")
    private static let operation = LabelSchema("operation", "provider_type", "provider", "outcome")
    private static let duration = LabelSchema("operation", "provider_type", "provider")
    private static let outcome = LabelSchema("provider_type", "outcome")
    private static let snapshot = LabelSchema("action", "provider_type", "outcome")
    private static let clone = LabelSchema("linked", "provider_type", "outcome")
    private static let error = LabelSchema("reason", "component")
    private static let host = LabelSchema("host")
    private static let domain = LabelSchema("host", "state")
    private static let version = LabelSchema("version", "git_sha", "go_version", "component")

    init(_ catalogue: inout Catalogue) {
        let journal = "the journal of operations"
        build = catalogue.info(
            "virtrigaud_build_info", "Which program this is; go_version has the Swift it was built with, as swift6.3.",
            labels: Self.version,
            source: "martlet-manager")
        requests = catalogue.counter(
            "virtrigaud_provider_rpc_requests_total", "Calls that were answered, by the code that the client was told.", labels: Self.call,
            source: "gRPC")
        latency = catalogue.histogram(
            "virtrigaud_provider_rpc_latency_seconds", "Time from a call's arrival to its answer.", labels: Self.method, source: "gRPC")
        inflight = catalogue.gauge(
            "virtrigaud_provider_tasks_inflight", "Operations that are accepted and not over.", labels: Self.provider, source: journal)
        operations = catalogue.counter(
            "virtrigaud_vm_operations_total",
            "Operations that ended, each once, over restarts too: success; failure when it cannot be had; error when something broke; cancelled.",
            labels: Self.operation, source: journal)
        durations = catalogue.histogram(
            "virtrigaud_vm_operations_duration_seconds", "Time from an operation's acceptance to its end, over restarts too.",
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
            "Time from a machine's being switched on to the first answer of Describe that has an address; not over restarts.",
            labels: LabelSchema("provider_type"), source: "operations and answers of Describe")
        errors = catalogue.counter(
            "virtrigaud_errors_total", "Calls and operations that failed, by a short list of reasons.", labels: Self.error,
            source: "codes of calls and operations")
        connections = catalogue.counter(
            "virtrigaud_libvirt_connections_total", "Connections to libvirt that were opened.", labels: Self.host,
            source: "virConnectOpenAuth")
        domainsTotal = catalogue.gauge(
            "virtrigaud_libvirt_domains_total", "Domains by libvirt's state; the name that dashboards know.", labels: Self.domain,
            source: "virConnectGetAllDomainStats")
        domains = catalogue.gauge(
            "virtrigaud_libvirt_domains", "Domains by libvirt's state.", labels: Self.domain, source: "virConnectGetAllDomainStats")
        certificateEnd = catalogue.gauge(
            "martlet_grpc_certificate_not_after_timestamp_seconds",
            "Until when the certificate of the gRPC listeners is valid, in seconds since 1970.", source: "grpc.tls.cert_file")
        certificateIsCurrent = catalogue.gauge(
            "martlet_grpc_certificate_up_to_date",
            "1 if the gRPC listeners show what grpc.tls names, 0 if that cannot be used and the one before stays in use.",
            source: "grpc.tls")
    }

    func writeBuild(_ source: ProviderSource, _ buffer: inout SampleBuffer) {
        let version = source.version
        let labels = buffer.labels(Self.version, version.number, version.revision, "swift\(version.swift)", "provider")
        buffer.add(build, labels, 1)
        guard let certificate = source.books.certificates.contents else { return }
        buffer.add(certificateEnd, .empty, certificate.expires)
        buffer.add(certificateIsCurrent, .empty, certificate.isCurrent)
    }

    func writeCalls(_ source: ProviderSource, _ buffer: inout SampleBuffer) {
        let calls = source.books.calls.contents
        for (key, count) in calls.calls.sorted(by: { ($0.key.method, $0.key.code.rawValue) < ($1.key.method, $1.key.code.rawValue) }) {
            buffer.add(requests, buffer.labels(Self.call, source.type, key.method, key.code.name), Double(count))
        }
        for (method, distribution) in calls.durations.sorted(by: { $0.key < $1.key }) {
            buffer.add(latency, buffer.labels(Self.method, source.type, method), distribution)
        }
        for reason in ErrorReason.allCases {
            buffer.add(errors, buffer.labels(Self.error, reason.rawValue, "provider"), Double(calls.errors[reason] ?? 0))
        }
        buffer.add(addresses, buffer.labels(LabelSchema("provider_type"), source.type), source.books.addresses.durations)
    }

    // MARK: operations

    func writeOperations(_ source: ProviderSource, _ buffer: inout SampleBuffer) {
        buffer.add(inflight, buffer.labels(Self.provider, source.type, source.name), Double(source.hosted.tasks.liveCount))
        let sums = OperationSums(source.hosted.tasks.tallies)
        for (kind, outcomes) in sums.byKind.sorted(by: { $0.key < $1.key }) {
            for outcome in OperationOutcome.allCases {
                let labels = buffer.labels(Self.operation, kind, source.type, source.name, outcome.rawValue)
                buffer.add(operations, labels, Double(outcomes[outcome] ?? 0))
            }
        }
        for (kind, distribution) in sums.durations.sorted(by: { $0.key < $1.key }) {
            buffer.add(durations, buffer.labels(Self.duration, kind, source.type, source.name), distribution)
        }
        for outcome in OperationOutcome.allCases {
            let labels = buffer.labels(Self.outcome, source.type, outcome.rawValue)
            buffer.add(reconfigures, labels, Double(sums.count(.reconfigure, outcome)))
            buffer.add(images, labels, Double(sums.count(.imagePrepare, outcome)))
            for (method, action) in [(ProviderMethod.snapshotCreate, "create"), (.snapshotDelete, "delete"), (.snapshotRevert, "revert")] {
                buffer.add(
                    snapshots, buffer.labels(Self.snapshot, action, source.type, outcome.rawValue), Double(sums.count(method, outcome)))
            }
            for linked in [true, false] {
                let count = sums.clones[linked]?[outcome] ?? 0
                buffer.add(clones, buffer.labels(Self.clone, linked ? "true" : "false", source.type, outcome.rawValue), Double(count))
            }
        }
    }

    // MARK: libvirt

    func writeConnections(_ source: ProviderSource, _ host: String, _ buffer: inout SampleBuffer) {
        guard let opened = source.hosted.libvirtConnections else { return }
        buffer.add(connections, buffer.labels(Self.host, host), Double(opened()))
    }

    func writeDomains(_ facts: HostedProvider.LibvirtFacts, _ buffer: inout SampleBuffer) {
        for (state, count) in facts.domains.sorted(by: { $0.key < $1.key }) {
            let labels = buffer.labels(Self.domain, facts.host, state)
            buffer.add(domainsTotal, labels, Double(count))
            buffer.add(domains, labels, Double(count))
        }
    }
}
