import Metrics
import ProxmoxAPI

/// Where slow sources write: a buffer for the cluster's own and one for each node with its guests, so that none grows with the cluster.
struct SlowPage: Sendable {
    /// A buffer, and the labels in it that many samples share.
    private struct Place: Sendable {
        var buffer: SampleBuffer
        var guestLabels: [Int: LabelSet] = [:]
        var nodeLabels: [String: LabelSet] = [:]
    }

    let picture: ClusterPicture
    /// Of the scrape; finer families are not written.
    let detail: Detail
    /// Seconds since 1970.
    let now: Double
    /// By the clock of the timers.
    let moment: Double
    /// The age of the oldest answer that is shown, by source and node.
    private(set) var ages: [SlowKey: Double] = [:]
    /// When the oldest of the last answers came, in seconds since 1970, whether it is shown or too old for that.
    private(set) var successes: [SlowKey: Double] = [:]
    private let begin: @Sendable (_ part: String) -> SampleBuffer
    /// The node that is written about; empty for the cluster.
    private var node = ""
    private var place: Place
    /// Those of all others.
    private var places: [String: Place] = [:]

    /// - Parameter begin: makes the buffer of a part.
    init(
        picture: ClusterPicture, detail: Detail, now: Double, moment: Double, begin: @escaping @Sendable (_ part: String) -> SampleBuffer
    ) {
        self.picture = picture
        self.detail = detail
        self.now = now
        self.moment = moment
        self.begin = begin
        place = Place(buffer: begin(picture.cluster + "/(slow)"))
    }

    var cluster: String { picture.cluster }

    /// What is written now: of the node that was turned to, else of the cluster.
    var buffer: SampleBuffer {
        get { place.buffer }
        _modify { yield &place.buffer }
    }

    /// From now on writes about a node and its guests, or with an empty name about the cluster.
    mutating func turn(to other: String) {
        guard other != node else { return }
        let next = places.removeValue(forKey: other) ?? Place(buffer: begin("\(cluster)/\(other)/(slow)"))
        places[node] = place
        place = next
        node = other
    }

    /// All that was written.
    consuming func buffers() -> [SampleBuffer] { [place.buffer] + places.values.map(\.buffer) }

    /// `cluster`
    mutating func labelsOfCluster() -> LabelSet { labels(ofNode: nil) }

    /// `cluster`, `node`
    mutating func labels(ofNode node: String) -> LabelSet { labels(ofNode: Optional(node)) }

    private mutating func labels(ofNode node: String?) -> LabelSet {
        if let labels = place.nodeLabels[node ?? ""] { return labels }
        let labels = node.map { buffer.labels(NodeFamilies.labels, cluster, $0) } ?? buffer.labels(ClusterFamilies.labels, cluster)
        place.nodeLabels[node ?? ""] = labels
        return labels
    }

    /// `cluster`, `node`, `vmid`, `name`, `type` of a guest that may have values; nil of others.
    mutating func labels(ofGuest vmid: Int) -> LabelSet? {
        guard let guest = picture.guest(vmid) else { return nil }
        return labels(of: guest)
    }

    /// The same of any guest, when it is its node that is written about.
    mutating func labels(of guest: ClusterPicture.Guest) -> LabelSet {
        if let labels = place.guestLabels[guest.vmid] { return labels }
        let labels = buffer.labels(
            GuestFamilies.labels, cluster, guest.node, String(guest.vmid), guest.identity.name, guest.kind.rawValue)
        place.guestLabels[guest.vmid] = labels
        return labels
    }

    mutating func note(_ source: String, _ subject: SlowSubject, ageSeconds: Double) {
        let key = SlowKey(source: source, node: subject.node)
        ages[key] = max(ages[key] ?? 0, ageSeconds)
    }

    mutating func noteSuccess(_ source: String, _ subject: SlowSubject, at unixSeconds: Double) {
        let key = SlowKey(source: source, node: subject.node)
        successes[key] = min(successes[key] ?? .infinity, unixSeconds)
    }
}

/// What a source said about a node and its guests, or about the cluster.
struct SlowKey: Sendable, Hashable, Comparable {
    let source: String
    let node: String

    static func < (left: SlowKey, right: SlowKey) -> Bool { (left.source, left.node) < (right.source, right.node) }
}
