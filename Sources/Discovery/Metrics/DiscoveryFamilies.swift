import Metrics
import ProxmoxAPI

/// `martlet_discovery_*`
struct DiscoveryFamilies: Sendable {
    let catalogue: Catalogue
    private let targets: Metric
    private let without: Metric
    private let state: Metric
    private let looks: Metric
    private let duration: Metric
    private let success: Metric
    private let calls: Metric
    private let answers: Metric
    private let unread: Metric
    private let due: Metric

    private static let typeLabels = LabelSchema("cluster", "type")
    private static let reasonLabels = LabelSchema("cluster", "type", "reason")
    private static let clusterLabels = LabelSchema("cluster")
    private static let resultLabels = LabelSchema("cluster", "result")
    private static let callLabels = LabelSchema("cluster", "endpoint", "code")
    private static let codeLabels = LabelSchema("code")
    private static let stateLabels = LabelSchema("cluster", "state")
    private static let states = StateSet(stateLabels, ClusterWatch.Condition.allCases.map(\.rawValue))

    init() {
        var catalogue = Catalogue()
        targets = catalogue.gauge(
            "martlet_discovery_targets", "Guests in which something runs, and nodes, that /targets offers where nothing is filtered.",
            labels: Self.typeLabels, source: "/cluster/resources, /cluster/status")
        without = catalogue.gauge(
            "martlet_discovery_targets_without_address",
            "Guests in which something runs, and nodes, that cannot be offered, by why nobody knows where they are.",
            labels: Self.reasonLabels,
            source: "/nodes/N/qemu/ID/agent/network-get-interfaces, /nodes/N/lxc/ID/interfaces, /nodes/N/qemu/ID/config")
        state = catalogue.gauge(
            "martlet_discovery_cluster_state",
            "1 for how far the cluster's targets are to be believed: cold before it was read, fresh, partial when some guests never told, kept while it does not answer, expired when its guests are gone.",
            labels: Self.stateLabels, source: "martlet")
        looks = catalogue.counter(
            "martlet_discovery_refreshes_total", "Times that the cluster was asked who is there, by whether it told.",
            labels: Self.resultLabels, source: "martlet")
        duration = catalogue.gauge(
            "martlet_discovery_refresh_duration_seconds", "How long the last question for who is there took.", labels: Self.clusterLabels,
            source: "martlet")
        success = catalogue.gauge(
            "martlet_discovery_last_success_timestamp_seconds", "When the cluster last told who is there, in seconds since 1970.",
            labels: Self.clusterLabels, source: "martlet")
        calls = catalogue.counter(
            "martlet_discovery_api_requests_total",
            "Calls of the Proxmox API for /targets by path, with * for names, and by the answer's status or why there was none.",
            labels: Self.callLabels, source: "martlet")
        unread = catalogue.gauge(
            "martlet_discovery_guests_unread", "Guests that are wanted and of which nothing was ever told.", labels: Self.clusterLabels,
            source: "martlet")
        due = catalogue.gauge(
            "martlet_discovery_guests_due", "Guests whose configuration or addresses are to be asked for and were not yet.",
            labels: Self.clusterLabels, source: "martlet")
        answers = catalogue.counter(
            "martlet_discovery_answers_total",
            "Answers of /targets that discovery made, by status code; what the doors turned away is in martlet_http_requests_denied_total.",
            labels: Self.codeLabels, source: "martlet")
        self.catalogue = catalogue
    }

    func write(_ watch: ClusterWatch, into buffer: inout SampleBuffer) {
        let cluster = watch.displayName
        let own = buffer.labels(Self.clusterLabels, cluster)
        let condition = watch.condition
        buffer.add(state, extending: own, known: Self.states, condition.rawValue)
        // Before the name is known there is nothing to count under.
        guard watch.name != nil else { return }
        let tally = watch.tally
        buffer.add(looks, buffer.labels(Self.resultLabels, cluster, "success"), Double(tally.successes))
        buffer.add(looks, buffer.labels(Self.resultLabels, cluster, "failure"), Double(tally.failures))
        buffer.add(duration, own, tally.lastSeconds)
        buffer.add(success, own, tally.lastSuccess)
        for (call, count) in watch.client.calls.sorted(by: { $0.key < $1.key }) {
            buffer.add(calls, buffer.labels(Self.callLabels, cluster, call.endpoint, call.code), Double(count))
        }
        // Of a cluster that was never read nobody knows how many there are.
        guard condition != .cold else { return }
        let backlog = watch.backlog
        buffer.add(unread, own, Double(backlog.unread))
        buffer.add(due, own, Double(backlog.due))
        let keepsNodes = watch.keepsNodes
        let offered = watch.entries.filter { $0.isActive && ($0.kind == .node ? keepsNodes : condition != .expired) }
        for kind in TargetEntry.Kind.allCases {
            let ofKind = offered.filter { $0.kind == kind }
            let count = ofKind.reduce(0) { $0 + ($1.target == nil ? 0 : 1) }
            buffer.add(targets, buffer.labels(Self.typeLabels, cluster, kind.rawValue), Double(count))
            for reason in GuestRecord.Silence.allCases {
                let silent = ofKind.reduce(0) { $0 + ($1.silence == reason ? 1 : 0) }
                buffer.add(without, buffer.labels(Self.reasonLabels, cluster, kind.rawValue, reason.rawValue), Double(silent))
            }
        }
    }

    /// - Parameter answers: by status.
    func write(answers counts: [Int: Int], into buffer: inout SampleBuffer) {
        // Those that one watches are there before the first of them.
        for status in Set(counts.keys).union([200, 503]).sorted() {
            buffer.add(answers, buffer.labels(Self.codeLabels, String(status)), Double(counts[status] ?? 0))
        }
    }
}
