import Metrics
import ProxmoxAPI

/// Whether the node's subscription lasts.
struct SubscriptionSource: SlowSource {
    private static let infoLabels = NodeFamilies.labels.adding("level", "product")
    private static let statusLabels = NodeFamilies.labels.adding("status")
    private static let statuses = StateSet(statusLabels, ["new", "notfound", "active", "invalid", "expired", "suspended"])

    var profile = SlowProfile(name: "subscription", scope: .node, periodSeconds: 3600, endpoint: "/nodes/N/subscription")
    private let info: Metric
    private let status: Metric
    private let nextDue: Metric

    init(_ catalogue: inout Catalogue) {
        info = catalogue.info(
            "pve_subscription_info", "The level (c, b, s or p) and the product of the node's subscription, empty without one.",
            labels: Self.infoLabels, source: profile.endpoint + " level, productname")
        status = catalogue.gauge(
            "pve_subscription_status", "1 for the status that the node's subscription has, 0 for the others.", labels: Self.statusLabels,
            source: profile.endpoint + " status")
        nextDue = catalogue.gauge(
            "pve_subscription_next_due_timestamp_seconds",
            "When the day begins (UTC) on which the subscription is due, in seconds since 1970.", labels: NodeFamilies.labels,
            source: profile.endpoint + " nextduedate")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: Subscription?) async throws(ProxmoxError) -> Subscription {
        try await call.client.subscription(subject.node, http: call.http, by: call.deadline)
    }

    func write(_ subject: SlowSubject, _ subscription: Subscription, into page: inout SlowPage) {
        let labels = page.labels(ofNode: subject.node)
        // An answer that says nothing at all is not one without a subscription.
        if subscription.status != nil || subscription.level != nil || subscription.product != nil {
            let infoLabels = page.buffer.labels(
                Self.infoLabels, page.cluster, subject.node, subscription.level ?? "", subscription.product ?? "")
            page.buffer.add(info, infoLabels, true)
        }
        page.buffer.add(status, extending: labels, Self.statuses, subscription.status)
        page.buffer.add(nextDue, labels, subscription.nextDue)
    }
}
