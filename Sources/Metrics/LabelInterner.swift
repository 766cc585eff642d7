/// Gives each distinct label set of several buffers a number.
struct LabelInterner {
    private struct Entry {
        let hash: Int
        let source: Int
        let set: UInt32
    }

    private let sources: [Exposition.Source]
    private var entries: [Entry] = []
    /// Positions in `entries` plus one, open addressing; 0 is free.
    private var slots: [UInt32]

    /// The number of distinct sets seen so far.
    var count: Int { entries.count }

    init(_ sources: [Exposition.Source]) {
        self.sources = sources
        let sets = sources.reduce(0) { $0 + $1.buffer.labelEnds.count }
        entries.reserveCapacity(sets)
        // At most half full, and a power of two so that a mask finds the slot.
        slots = [UInt32](repeating: 0, count: 1 << (Int.bitWidth - (max(8, sets * 2) - 1).leadingZeroBitCount))
    }

    /// For each label set of the source, its number.
    mutating func numbers(ofSource source: Int) -> [Int] {
        let buffer = sources[source].buffer
        return (0..<UInt32(buffer.labelEnds.count)).map { number(source, $0, buffer) }
    }

    private mutating func number(_ source: Int, _ set: UInt32, _ buffer: SampleBuffer) -> Int {
        // Swift's hasher has a random seed for each process: names chosen by a guest's owner cannot pile up in one slot.
        var hasher = Hasher()
        buffer.labelBytes.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[buffer.range(of: set)])) }
        let hash = hasher.finalize()
        var slot = hash & (slots.count - 1)
        while slots[slot] != 0 {
            let position = Int(slots[slot]) - 1
            if entries[position].hash == hash, isEqual(entries[position], source, set) { return position }
            slot = (slot + 1) & (slots.count - 1)
        }
        entries.append(Entry(hash: hash, source: source, set: set))
        slots[slot] = UInt32(entries.count)
        return entries.count - 1
    }

    private func isEqual(_ entry: Entry, _ source: Int, _ set: UInt32) -> Bool {
        let left = sources[entry.source].buffer
        let right = sources[source].buffer
        return left.labelBytes[left.range(of: entry.set)] == right.labelBytes[right.range(of: set)]
    }
}
