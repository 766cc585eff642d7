/// Finds the label sets that are equal, over all sources of an exposition.
struct LabelInterner {
    /// For each source, the position of its first set in `firstEqual`.
    let bases: [Int]
    /// For each set, the first set of all sources that has the same text: itself, if it is that one.
    let firstEqual: [UInt32]

    init(_ sources: [Exposition.Source]) {
        var bases: [Int] = []
        var count = 0
        for source in sources {
            bases.append(count)
            count += source.buffer.labelEnds.count
        }
        self.bases = bases
        // Open addressing: a set's number plus one, 0 is free. At most half full, and a power of two so that a mask finds the slot.
        let slotCount = 1 << (Int.bitWidth - (max(8, count * 2) - 1).leadingZeroBitCount)
        var slots = [UInt32](repeating: 0, count: slotCount)
        var firstEqual: [UInt32] = []
        firstEqual.reserveCapacity(count)
        for (index, source) in sources.enumerated() {
            let base = bases[index]
            for (set, hash) in source.buffer.labelHashes.enumerated() {
                let number = UInt32(truncatingIfNeeded: base + set)
                var slot = hash & (slotCount - 1)
                var first = number
                while slots[slot] != 0 {
                    let other = Int(slots[slot]) - 1
                    let (otherSource, otherSet) = Self.place(other, bases)
                    if sources[otherSource].buffer.hasEqualLabels(otherSet, source.buffer, set) {
                        first = UInt32(truncatingIfNeeded: other)
                        break
                    }
                    slot = (slot + 1) & (slotCount - 1)
                }
                if first == number { slots[slot] = number + 1 }
                firstEqual.append(first)
            }
        }
        self.firstEqual = firstEqual
    }

    /// The source and the set of a number.
    private static func place(_ number: Int, _ bases: [Int]) -> (Int, Int) {
        var low = 0
        var high = bases.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if bases[middle] <= number { low = middle } else { high = middle }
        }
        return (low, number - bases[low])
    }
}
