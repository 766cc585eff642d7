import Metrics

/// How the collecting itself goes: what hangs, what was given up, how long it took.
struct WatchFamilies: Sendable {
    private static let labels = LibvirtFamilies.hypervisorLabels
    private static let domainLabels = LibvirtFamilies.domainLabels
    private static let callLabels = domainLabels.adding("call")
    private static let stateLabels = domainLabels.adding("state")

    private let interval, duration, last: Metric
    private let supported: Metric
    private let connections: Metric
    private let suspects, givenUp, givenUpLimit, givenUpTotal: Metric
    private let suspect, call, since, lastSuccess: Metric
    private let control, controlSeconds: Metric

    init(_ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ help: String, source: String = "martlet") -> Metric {
            catalogue.gauge("libvirt_" + name, help, labels: Self.labels, source: source)
        }
        func ofDomain(_ name: String, _ help: String, source: String = "martlet") -> Metric {
            catalogue.gauge("libvirt_domain_" + name, help, labels: Self.domainLabels, source: source)
        }
        interval = gauge("collection_interval_seconds", "Time between two rounds in which the hypervisor is asked.")
        duration = gauge("collection_duration_seconds", "How long the last round took.")
        last = gauge(
            "collection_last_success_timestamp_seconds", "When the hypervisor's domains were listed last, in seconds since 1970.")
        supported = gauge(
            "statistics_supported", "1 if the hypervisor's driver tells statistics of domains, 0 if it has no such call.",
            source: "virDomainListGetStats")
        connections = catalogue.counter(
            "libvirt_connections_opened_total", "Connections that were opened to the hypervisor.", labels: Self.labels,
            source: "virConnectOpenReadOnly")
        suspects = gauge("domains_suspect", "Domains whose QEMU does not answer.")
        givenUp = gauge("threads_hanging", "Threads of the exporter that hang in a call of libvirt and are waited for no more.")
        givenUpLimit = gauge("threads_hanging_limit", "Threads that may hang before no QEMU is asked any more.")
        givenUpTotal = catalogue.counter(
            "libvirt_threads_given_up_total", "Calls of libvirt that did not return in time.", labels: Self.labels, source: "martlet")
        suspect = ofDomain("suspect", "1 for a domain whose QEMU does not answer, 0 for an active one that does.")
        call = catalogue.info(
            "libvirt_domain_suspect_call_info", "The call of libvirt that did not return for a domain which is suspect.",
            labels: Self.callLabels,
            source: "martlet")
        since = ofDomain(
            "suspect_since_timestamp_seconds", "Since when a domain is suspect, in seconds since 1970.")
        lastSuccess = ofDomain(
            "last_success_timestamp_seconds",
            "When the domain's QEMU told its statistics last, in seconds since 1970; past three rounds they are shown no more.")
        control = catalogue.gauge(
            "libvirt_domain_control_state",
            "1 for the state of the domain's monitor, 0 for the others; occupied is one that has a command and no answer.",
            labels: Self.stateLabels, detail: .all, source: "virDomainGetControlInfo state")
        controlSeconds = ofDomain(
            "control_occupied_seconds", "For how long the domain's monitor has owed an answer to a command, 0 where it owes none.",
            source: "virDomainGetControlInfo stateTime")
    }

    private static let states = StateSet(stateLabels, DomainControl.State.allCases.map(\.rawValue))

    func write(_ view: HypervisorView, intervalSeconds: Double, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, view.uri)
        buffer.add(interval, labels, intervalSeconds)
        buffer.add(duration, labels, view.roundSeconds)
        buffer.add(last, labels, view.listedUnixSeconds)
        buffer.add(supported, labels, view.tellsStatistics)
        buffer.add(connections, labels, Double(view.connectionsOpened))
        if view.isListed { buffer.add(suspects, labels, Double(view.domains.count { $0.suspect != nil })) }
        buffer.add(givenUp, labels, Double(view.threads.hanging))
        buffer.add(givenUpLimit, labels, Double(view.threads.limit))
        buffer.add(givenUpTotal, labels, Double(view.threads.total))
    }

    /// - Parameter labels: those of the domain.
    func write(_ domain: DomainRecord, _ uri: String, detail: Detail, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        buffer.add(lastSuccess, labels, domain.toldUnixSeconds)
        guard domain.basics.isActive else { return }
        buffer.add(suspect, labels, domain.suspect != nil)
        if let found = domain.suspect {
            buffer.add(call, buffer.labels(Self.callLabels, uri, domain.basics.name, domain.basics.uuid, found.call), true)
            buffer.add(since, labels, found.sinceUnixSeconds)
        }
        guard let told = domain.basics.control else { return }
        buffer.add(controlSeconds, labels, told.state == .occupied ? told.seconds : 0)
        if detail >= .all { buffer.add(control, extending: labels, known: Self.states, told.state.rawValue) }
    }
}
