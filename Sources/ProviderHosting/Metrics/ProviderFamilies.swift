import Metrics
import Primitives
import ProviderRPC
import ProviderTasks
import RPC

/// The families of a provider: those that it shares with the manager, and its own; docs/manager-metrics.md says what differs from Virtrigaud's.
struct ProviderFamilies: Sendable {
    private let shared: VirtrigaudFamilies
    private let connections, domainsTotal, domains: Metric
    private let certificateEnd, certificateIsCurrent: Metric

    private static let host = LabelSchema("host")
    private static let domain = LabelSchema("host", "state")

    init(_ catalogue: inout Catalogue) {
        shared = VirtrigaudFamilies(
            &catalogue, component: "provider",
            .init(
                requests: "Calls that were answered, by the code that the client was told.",
                latency: "Time from a call's arrival to its answer.", inflight: "Operations that are accepted and not over.",
                operations:
                    "Operations that ended, each once, over restarts too: success; failure when it cannot be had; error when something broke; cancelled.",
                durations: "Time from an operation's acceptance to its end, over restarts too.",
                addresses:
                    "Time from a machine's being switched on to the first answer of Describe that has an address; not over restarts.",
                callSource: "gRPC", journalSource: "the journal of operations", addressSource: "operations and answers of Describe",
                errorSource: "codes of calls and operations"))
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
        shared.writeBuild(source.version, &buffer)
        guard let certificate = source.books.certificates.contents else { return }
        buffer.add(certificateEnd, .empty, certificate.expires)
        buffer.add(certificateIsCurrent, .empty, certificate.isCurrent)
    }

    func writeCalls(_ source: ProviderSource, _ buffer: inout SampleBuffer) {
        let calls = source.books.calls.contents
        for (key, count) in calls.calls.sorted(by: { ($0.key.method, $0.key.code.rawValue) < ($1.key.method, $1.key.code.rawValue) }) {
            shared.write(calls: count, of: key.method, key.code, type: source.type, &buffer)
        }
        for (method, distribution) in calls.durations.sorted(by: { $0.key < $1.key }) {
            shared.write(latency: distribution, of: method, type: source.type, &buffer)
        }
        shared.write(errors: calls.errors, &buffer)
        shared.write(addresses: source.books.addresses.durations, type: source.type, &buffer)
    }

    func writeOperations(_ source: ProviderSource, _ buffer: inout SampleBuffer) {
        let (type, provider) = (source.type, source.name)
        shared.write(inflight: source.hosted.tasks.liveCount, type: type, provider: provider, &buffer)
        let sums = OperationSums(source.hosted.tasks.tallies)
        for (kind, outcomes) in sums.byKind.sorted(by: { $0.key < $1.key }) {
            for outcome in OperationOutcome.allCases {
                shared.write(ended: outcomes[outcome] ?? 0, kind, outcome.rawValue, type: type, provider: provider, &buffer)
            }
        }
        for (kind, distribution) in sums.durations.sorted(by: { $0.key < $1.key }) {
            shared.write(durations: distribution, of: kind, type: type, provider: provider, &buffer)
        }
        shared.writeKinds(OperationOutcome.self, type: type, &buffer) { method, outcome, isLinked in
            isLinked.map { sums.clones[$0]?[outcome] ?? 0 } ?? sums.count(method, outcome)
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
