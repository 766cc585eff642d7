/// A ZFS pool of a node at a moment.
struct StoragePool: Sendable {
    /// What is going on in it.
    enum Condition: Sendable { case healthy, degraded, scrubbing, resilvering, bereft, faulted }

    let name: String
    let condition: Condition
    let sizeBytes: Int
    let allocatedBytes: Int
    /// Percent.
    let fragmentation: Int
    /// What `zpool status` says after `scan:`, its lines joined by spaces as the API does.
    let scan: String
    /// What the last disk returned wrongly so far, and in how many files nobody can mend it.
    var checksumErrors = 0
    var dataErrors = 0

    var freeBytes: Int { sizeBytes - allocatedBytes }
    var health: String {
        switch condition {
        case .healthy, .scrubbing: "ONLINE"
        case .degraded, .resilvering, .bereft: "DEGRADED"
        case .faulted: "FAULTED"
        }
    }
}

extension World {
    private static let weekSeconds = 7 * LocalTime.daySeconds

    /// The pools of a node: one that it starts from, and one for data. Of every fourth node the second one has lost a disk, of the next
    /// it is being scrubbed, of the one after that a disk is being replaced.
    func storagePools(of node: Node, at moment: Double) -> [StoragePool] {
        let now = Int(timeline.epoch + moment)
        let conditions: [StoragePool.Condition] = [.healthy, .degraded, .scrubbing, .resilvering]
        let isFaulted = has(.zfsFaulted, node, at: moment)
        let condition = isFaulted ? .faulted : conditions[node.index % conditions.count]
        let isFull = has(.zfsFull, node, at: moment)
        let size = 7_988_639_170_560
        let allocated = isFull ? size / 100 * 96 : 5_900_000_000_000 - node.index % 16 * 250_000_000_000
        let overdue = trouble(.scrubOverdue, node: node.index, at: moment)
        // Nobody has scrubbed since.
        let scrubbed = overdue.map { Int(timeline.epoch + $0.start) - 60 * LocalTime.daySeconds } ?? now
        return [
            StoragePool(
                name: "rpool", condition: has(.zfsDegraded, node, at: moment) ? .bereft : .healthy, sizeBytes: node.poolBytes,
                allocatedBytes: poolUsedBytes(of: node, at: statisticsMoment(of: moment)), fragmentation: 12,
                scan: scrub(scrubbed, seconds: 3723, repaired: "0B", errors: 0, size: node.poolBytes, isOver: overdue != nil),
                checksumErrors: Int(seconds(of: .zfsErrors, node, from: 0, to: moment) / 10),
                dataErrors: has(.zfsErrors, node, at: moment) ? 3 : 0),
            StoragePool(
                name: "tank", condition: condition, sizeBytes: size, allocatedBytes: allocated, fragmentation: isFull ? 72 : 41,
                scan: scan(condition, now, size: allocated), dataErrors: condition == .degraded ? 2 : 0),
        ]
    }

    private func scan(_ condition: StoragePool.Condition, _ now: Int, size: Int) -> String {
        switch condition {
        case .healthy, .bereft, .faulted: return scrub(now, seconds: 32_445, repaired: "0B", errors: 0, size: size)
        case .degraded: return scrub(now, seconds: 14_706, repaired: "12K", errors: 2, size: size)
        case .scrubbing, .resilvering:
            // As soon as one is over the next begins.
            let length = condition == .scrubbing ? 172_800 : 93_600
            let start = now / length * length + 1
            return running(condition == .scrubbing ? "scrub" : "resilver", now: max(start, now), start: start, length: length, size: size)
        }
    }

    /// Every fourth Sunday at 00:24:01, as Debian's timer does about.
    ///
    /// - Parameter isOver: also the one that was under way then.
    private func scrub(_ now: Int, seconds: Int, repaired: String, errors: Int, size: Int, isOver: Bool = false) -> String {
        // The first Sunday was the third day of 1970.
        let first = LocalTime.unixSeconds(day: 3, second: 1441)
        let start = first + (now - first) / (4 * Self.weekSeconds) * (4 * Self.weekSeconds)
        guard isOver || now - start >= seconds else {
            return running("scrub", now: max(start, now), start: start, length: seconds, size: size)
        }
        return "scrub repaired \(repaired) in \(clockText(seconds)) with \(errors) errors on "
            + LocalTime(unixSeconds: start + seconds).longText
    }

    private func running(_ kind: String, now: Int, start: Int, length: Int, size: Int) -> String {
        let hundredths = (now - start) * 10_000 / length
        // What is read is read faster than it is worked on.
        let (issued, scanned) = (size / 10_000 * hundredths, min(size, size / 10_000 * hundredths / 2 * 3))
        let left = length - (now - start)
        let remaining =
            hundredths < 100
            ? "no estimated completion time"
            : "\(left >= 86_400 ? "\(left / 86_400) days " : "")\(clockText(left % 86_400)) to go"
        let done = kind == "scrub" ? "0B repaired" : "\(Self.sizeText(issued / 3)) resilvered"
        return "\(kind) in progress since \(LocalTime(unixSeconds: start).longText) "
            + "\(Self.sizeText(scanned)) / \(Self.sizeText(size)) scanned at 1.19G/s, "
            + "\(Self.sizeText(issued)) / \(Self.sizeText(size)) issued at 790M/s "
            + "\(done), \(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)% done, \(remaining)"
    }

    /// `1.23T`, as ZFS writes sizes: three digits.
    static func sizeText(_ bytes: Int) -> String {
        let units = ["B", "K", "M", "G", "T", "P"]
        var (unit, divisor) = (0, 1)
        while bytes / divisor >= 1024, unit + 1 < units.count {
            divisor <<= 10
            unit += 1
        }
        let whole = bytes / divisor
        guard unit > 0, whole < 100 else { return "\(whole)\(units[unit])" }
        let hundredths = bytes % divisor * 100 / divisor
        if whole >= 10 { return "\(whole).\(hundredths / 10)\(units[unit])" }
        return "\(whole).\(hundredths < 10 ? "0" : "")\(hundredths)\(units[unit])"
    }
}
