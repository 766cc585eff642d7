/// Keys that wait for their time, each once: of two times the nearer one counts.
struct DelayLine<Key: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        let instant: TimeSource.Instant
        /// Of equal instants, who came first is first.
        let sequence: Int
        let key: Key

        func isBefore(_ other: Entry) -> Bool { (instant, sequence) < (other.instant, other.sequence) }
    }

    /// The first at the top; also of keys that have got a nearer time since, until they are the first or most of it.
    private var heap: [Entry] = []
    private var entries: [Key: (instant: TimeSource.Instant, sequence: Int)] = [:]
    private var next = 0

    var count: Int { entries.count }
    /// Places taken, also by those that do not count any more.
    var kept: Int { heap.count }

    mutating func add(_ key: Key, until instant: TimeSource.Instant) {
        if let known = entries[key], known.instant <= instant { return }
        next += 1
        entries[key] = (instant, next)
        if heap.count > 64, heap.count > 2 * entries.count {
            // A sorted list is a heap.
            heap = heap.filter { entries[$0.key]?.sequence == $0.sequence }.sorted { $0.isBefore($1) }
        }
        push(Entry(instant: instant, sequence: next, key: key))
    }

    /// When the first of them is due.
    mutating func first() -> TimeSource.Instant? {
        while let entry = heap.first, entries[entry.key]?.sequence != entry.sequence { _ = pop() }
        return heap.first?.instant
    }

    /// The first whose time has come.
    mutating func popDue(at now: TimeSource.Instant) -> Key? {
        guard let instant = first(), instant <= now, let entry = pop() else { return nil }
        entries[entry.key] = nil
        return entry.key
    }

    mutating func removeAll() {
        heap = []
        entries = [:]
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var place = heap.count - 1
        while place > 0, heap[place].isBefore(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func pop() -> Entry? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let entry = heap.removeLast()
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child].isBefore(heap[least]) { least = child }
            guard least != place else { return entry }
            heap.swapAt(place, least)
            place = least
        }
    }
}
