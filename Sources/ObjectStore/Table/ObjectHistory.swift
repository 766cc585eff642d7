import Objects

/// The last changes of a kind, in the order of their versions; older ones make room.
struct ObjectHistory: Sendable {
    /// How much is kept of a kind.
    struct Limits: Sendable {
        var changes = 5000
        /// Of the objects as JSON; in memory they take about five times as much, less what their states share.
        var bytes = 8 << 20
    }

    private let limits: Limits
    /// nil before `first`: what made room is let go of at once, its places from time to time.
    private var changes: [ObjectChange?] = []
    private var first = 0
    private var bytes = 0
    /// Changes up to this version are not known here.
    private(set) var lostVersion: Int64

    init(after version: Int64, limits: Limits) {
        lostVersion = version
        self.limits = limits
    }

    mutating func append(_ change: ObjectChange) {
        changes.append(change)
        bytes += change.kept.bytes
        while changes.count - first > limits.changes || bytes > limits.bytes, let oldest = changes[first] {
            lostVersion = oldest.kept.version
            bytes -= oldest.kept.bytes
            changes[first] = nil
            first += 1
            if first == changes.count { break }
        }
        if first > 64, first > changes.count / 2 {
            changes.removeFirst(first)
            first = 0
        }
    }

    /// The first change after the version that the namespace has, nil for any.
    func change(after version: Int64, in namespace: String?) -> ObjectChange? {
        var (low, high) = (first, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if let change = changes[middle], change.kept.version > version { high = middle } else { low = middle + 1 }
        }
        guard let namespace else { return low < changes.count ? changes[low] : nil }
        return changes[low...].lazy.compactMap(\.self).first { $0.kept.object.metadata.namespace == namespace }
    }
}
