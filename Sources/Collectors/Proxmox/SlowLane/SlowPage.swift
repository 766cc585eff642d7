import Metrics
import ProxmoxAPI

/// Where slow sources write: one buffer of a cluster, with the labels that many of them share.
struct SlowPage: Sendable {
    let picture: ClusterPicture
    /// Of the scrape; finer families are not written.
    let detail: Detail
    /// Seconds since 1970.
    let now: Double
    /// By the clock of the timers.
    let moment: Double
    var buffer: SampleBuffer
    private var guestLabels: [Int: LabelSet] = [:]
    private var nodeLabels: [String: LabelSet] = [:]
    /// The age of the oldest answer that is shown, by source and node.
    private(set) var ages: [SlowAge: Double] = [:]

    init(picture: ClusterPicture, detail: Detail, now: Double, moment: Double, buffer: consuming SampleBuffer) {
        self.picture = picture
        self.detail = detail
        self.now = now
        self.moment = moment
        self.buffer = buffer
    }

    var cluster: String { picture.cluster }

    /// `cluster`
    mutating func labelsOfCluster() -> LabelSet { labels(ofNode: nil) }

    /// `cluster`, `node`
    mutating func labels(ofNode node: String) -> LabelSet { labels(ofNode: Optional(node)) }

    private mutating func labels(ofNode node: String?) -> LabelSet {
        if let labels = nodeLabels[node ?? ""] { return labels }
        let labels = node.map { buffer.labels(NodeFamilies.labels, cluster, $0) } ?? buffer.labels(ClusterFamilies.labels, cluster)
        nodeLabels[node ?? ""] = labels
        return labels
    }

    /// `cluster`, `node`, `vmid`, `name`, `type` of a guest that may have values; nil of others.
    mutating func labels(ofGuest vmid: Int) -> LabelSet? {
        if let labels = guestLabels[vmid] { return labels }
        guard let guest = picture.guest(vmid) else { return nil }
        let labels = buffer.labels(GuestFamilies.labels, cluster, guest.node, String(vmid), guest.identity.name, guest.kind.rawValue)
        guestLabels[vmid] = labels
        return labels
    }

    mutating func note(_ source: String, _ subject: SlowSubject, ageSeconds: Double) {
        let key = SlowAge(source: source, node: subject.node)
        ages[key] = max(ages[key] ?? 0, ageSeconds)
    }
}

/// Whose age: of what a source said about a node and its guests, or about the cluster.
struct SlowAge: Sendable, Hashable, Comparable {
    let source: String
    let node: String

    static func < (left: SlowAge, right: SlowAge) -> Bool { (left.source, left.node) < (right.source, right.node) }
}
