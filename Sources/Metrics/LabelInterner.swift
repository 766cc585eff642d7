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
        // Open addressing: a set's number plus one in the low half, 0 is free, and half of its hash in the high one. At most half full,
        // and a power of two so that a mask finds the slot.
        let slotCount = 1 << (Int.bitWidth - (max(8, count * 2) - 1).leadingZeroBitCount)
        var slots = [UInt64](repeating: 0, count: slotCount)
        var firstEqual: [UInt32] = []
        firstEqual.reserveCapacity(count)
        for (index, source) in sources.enumerated() {
            let base = bases[index]
            for (set, hash) in source.buffer.labelHashes.enumerated() {
                let number = UInt32(truncatingIfNeeded: base + set)
                let mark = UInt64(truncatingIfNeeded: hash) & 0xFFFF_FFFF_0000_0000
                var slot = hash & (slotCount - 1)
                var first = number
                while slots[slot] != 0 {
                    if slots[slot] & 0xFFFF_FFFF_0000_0000 == mark {
                        let other = Int(slots[slot] & 0xFFFF_FFFF) - 1
                        let (otherSource, otherSet) = Self.place(other, bases)
                        if sources[otherSource].buffer.hasEqualLabels(otherSet, source.buffer, set) {
                            first = UInt32(truncatingIfNeeded: other)
                            break
                        }
                    }
                    slot = (slot + 1) & (slotCount - 1)
                }
                if first == number { slots[slot] = mark | (UInt64(number) + 1) }
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
