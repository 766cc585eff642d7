/// The lines of one set of labels, by time.
struct LokiStream: Sendable {
    let labels: [LokiPush.Label]
    private(set) var entries: [LokiPush.Entry] = []
    /// Of those at the beginning of `entries`, how many are gone.
    private var gone = 0
    private(set) var bytes = 0
    var bucket: TokenBucket

    init(labels: [LokiPush.Label], bucket: TokenBucket) {
        self.labels = labels
        self.bucket = bucket
    }

    /// A line costs what it holds and its place in the list.
    static func cost(_ entry: LokiPush.Entry) -> Int { entry.bytes + 96 }

    var newest: Int64? { entries.last?.time }
    var oldest: Int64? { gone < entries.count ? entries[gone].time : nil }
    var count: Int { entries.count - gone }

    /// False for one that is there already, with this time and text.
    mutating func insert(_ entry: LokiPush.Entry) -> Bool {
        var place = entries.count
        while place > gone, entries[place - 1].time > entry.time { place -= 1 }
        var twin = place
        while twin > gone, entries[twin - 1].time == entry.time {
            if entries[twin - 1] == entry { return false }
            twin -= 1
        }
        entries.insert(entry, at: place)
        bytes += Self.cost(entry)
        return true
    }

    /// The oldest line goes.
    mutating func drop() -> Int {
        guard gone < entries.count else { return 0 }
        let cost = Self.cost(entries[gone])
        entries[gone] = LokiPush.Entry(time: entries[gone].time, line: [])
        gone += 1
        bytes -= cost
        if gone > 64, gone > entries.count / 2 {
            entries.removeFirst(gone)
            gone = 0
        }
        return cost
    }

    /// Those from `start` on and before `end`.
    func between(_ start: Int64, _ end: Int64) -> ArraySlice<LokiPush.Entry> {
        let first = place(of: start)
        let last = place(of: end)
        return first < last ? entries[first..<last] : []
    }

    /// The first that is not before that time.
    private func place(of time: Int64) -> Int {
        var (low, high) = (gone, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].time < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// `{job="journal", node="pve1"}`
    var text: String { Self.text(labels) }

    static func text(_ labels: [LokiPush.Label]) -> String {
        "{" + labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ", ") + "}"
    }
}
