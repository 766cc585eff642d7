/// The samples of one part of a source (a node, a card, a server), gathered without a lock.
///
/// A label set is rendered once and then shared by all samples that carry it. A sample is sixteen bytes; adding one allocates
/// nothing once the buffer has grown. `removeSamples()` keeps the rendered label sets, for sources whose inventory stays.
///
/// A buffer with a budget takes nothing more when that is used up. Then it is `isOverfull`, and no exposition shows any of it: of a
/// part that cannot be whole, nobody could tell what is missing.
package struct SampleBuffer: Sendable {
    /// One number of one series; of a histogram or summary, the place of its `Distribution` in the side table. Exemplar, created
    /// timestamp and native histogram will live beside it, reached through the two bytes that are free here; the plain sample does
    /// not pay for them.
    struct Sample: Sendable {
        var value: Double
        var labels: UInt32
        var metric: UInt16
    }

    /// Names the part among its siblings; parts are written in the order of their names.
    package let part: String
    private(set) var samples: [Sample] = []
    private(set) var distributions: [Distribution] = []
    /// All label sets, one after the other: `cluster="lab",node="pve1"cluster="lab",node="pve2"…`
    private(set) var labelBytes: [UInt8] = []
    /// Where each set ends; the first is the empty one.
    private(set) var labelEnds: [Int] = [0]
    /// The hash of each set. Swift's hasher has a random seed for each process: names that a guest's owner chooses cannot be made to
    /// collide.
    private(set) var labelHashes: [Int] = [0]
    /// Something was refused.
    package private(set) var isOverfull = false
    /// Where more room comes from; without one, only what the numbers of a sample can count is a limit.
    private let budget: SampleBudget?
    /// What was taken from the budget so far.
    private var room: SampleBudget.Room
    /// Series of histograms and summaries, past the one that each has as a sample.
    private var moreSeries = 0

    /// Bytes beside each label set: its end and its hash.
    private static let costOfSet = 16
    /// Room is taken in pieces of so much at least, as taking it costs a lock; small enough for some ten thousand parts side by side.
    private static let pieces = SampleBudget.Room(samples: 128, labelBytes: 1 << 13)

    package init(part: String, reservingSamples capacity: Int = 0, budget: SampleBudget? = nil) {
        self.part = part
        self.budget = budget
        room = budget == nil ? .init(samples: .max, labelBytes: .max) : .init(samples: 0, labelBytes: 0)
        samples.reserveCapacity(min(max(0, capacity), budget?.largestPart.samples ?? .max))
    }

    package var count: Int { samples.count }

    /// Renders a label set: one value for each name of the schema. Values past the schema are left out, missing ones are empty.
    package mutating func labels(_ schema: LabelSchema, _ values: String...) -> LabelSet { labels(schema, values) }

    package mutating func labels(_ schema: LabelSchema, _ values: [String]) -> LabelSet {
        guard !schema.openings.isEmpty, hasRoom(forLabelsOf: schema.openings, values) else { return .empty }
        for (position, opening) in schema.openings.enumerated() {
            labelBytes.append(contentsOf: opening)
            if position < values.count { labelBytes.append(labelValue: values[position]) }
            labelBytes.append(UInt8(ascii: "\""))
        }
        return seal()
    }

    /// Renders the labels of `base` and one more: the last of `schema`, whose other names are those of `base`.
    package mutating func labels(_ schema: LabelSchema, extending base: LabelSet, _ value: String) -> LabelSet {
        guard let opening = schema.openings.last else { return base }
        guard hasRoom(forLabelBytes: range(of: base.index).count + opening.count + value.utf8.count) else { return .empty }
        copy(base)
        labelBytes.append(contentsOf: opening)
        labelBytes.append(labelValue: value)
        labelBytes.append(UInt8(ascii: "\""))
        return seal()
    }

    /// Renders the labels of `base`, which has some, and one more.
    package mutating func labels(extending base: LabelSet, by tail: LabelTail) -> LabelSet {
        guard hasRoom(forLabelBytes: range(of: base.index).count + tail.bytes.count) else { return .empty }
        copy(base)
        labelBytes.append(contentsOf: tail.bytes)
        return seal()
    }

    /// Writes a set's bytes once more at the end.
    private mutating func copy(_ base: LabelSet) {
        let source = range(of: base.index)
        let end = labelBytes.count
        labelBytes.append(contentsOf: repeatElement(0, count: source.count))
        // Within the array: a slice of it would hold it, and appending would then copy all label sets for each new one.
        labelBytes.withUnsafeMutableBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: bytes[end...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[source]))
        }
    }

    /// Adds a sample; an absent value adds none.
    @inlinable
    package mutating func add(_ metric: Metric, _ labels: LabelSet, _ value: Double?) {
        if let value { append(metric, labels, value) }
    }

    /// Adds a sample of 1 or 0; an absent value adds none.
    package mutating func add(_ metric: Metric, _ labels: LabelSet, _ value: Bool?) {
        if let value { append(metric, labels, value ? 1 : 0) }
    }

    /// Adds a series of a histogram or summary.
    package mutating func add(_ metric: Metric, _ labels: LabelSet, _ distribution: Distribution) {
        // The most that it is written as: a bucket for each bound and one without, sum and count.
        guard hasRoom(forSamples: distribution.bounds.count + 3) else { return }
        moreSeries += distribution.bounds.count + 2
        distributions.append(distribution)
        append(metric, labels, Double(distributions.count - 1))
    }

    /// Forgets the samples and keeps the label sets.
    package mutating func removeSamples() {
        samples.removeAll(keepingCapacity: true)
        distributions.removeAll(keepingCapacity: true)
        moreSeries = 0
    }

    @usableFromInline
    package mutating func append(_ metric: Metric, _ labels: LabelSet, _ value: Double) {
        guard samples.count + moreSeries < room.samples || hasRoom(forSamples: 1) else { return }
        // A metric past what a sample can name is past every catalogue too.
        samples.append(Sample(value: value, labels: labels.index, metric: UInt16(clamping: metric.index)))
    }

    private mutating func seal() -> LabelSet {
        let start = labelEnds[labelEnds.count - 1]
        var hasher = Hasher()
        labelBytes.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[start...])) }
        labelHashes.append(hasher.finalize())
        labelEnds.append(labelBytes.count)
        return LabelSet(index: UInt32(truncatingIfNeeded: labelEnds.count - 1))
    }

    /// Whether a set of this buffer and a set of another have the same text.
    func hasEqualLabels(_ set: Int, _ other: SampleBuffer, _ otherSet: Int) -> Bool {
        labelHashes[set] == other.labelHashes[otherSet]
            && labelBytes[range(of: UInt32(set))] == other.labelBytes[other.range(of: UInt32(otherSet))]
    }

    func range(of set: UInt32) -> Range<Int> { set == 0 ? 0..<0 : labelEnds[Int(set) - 1]..<labelEnds[Int(set)] }
}

// MARK: limits

extension SampleBuffer {
    /// Gives back to the budget what the buffer has taken and does not use; all of it when the buffer is overfull and will be dropped.
    package mutating func settle() {
        guard let budget else { return }
        let used =
            isOverfull
            ? SampleBudget.Room(samples: 0, labelBytes: 0) : .init(samples: samples.count + moreSeries, labelBytes: labelCost)
        budget.giveBack(.init(samples: max(0, room.samples - used.samples), labelBytes: max(0, room.labelBytes - used.labelBytes)))
        room = used
    }

    private var labelCost: Int { labelBytes.count + Self.costOfSet * labelEnds.count }

    private mutating func hasRoom(forSamples count: Int) -> Bool {
        hasRoom(\.samples, used: samples.count + moreSeries, more: count)
    }

    /// As if no letter of the values had to be escaped: the next set pays for those that had to.
    private mutating func hasRoom(forLabelsOf openings: [[UInt8]], _ values: [String]) -> Bool {
        var bytes = 0
        for (position, opening) in openings.enumerated() {
            bytes += opening.count + 1
            if position < values.count { bytes += values[position].utf8.count }
        }
        return hasRoom(forLabelBytes: bytes)
    }

    private mutating func hasRoom(forLabelBytes bytes: Int) -> Bool {
        // A sample counts label sets with 32 bits.
        guard labelEnds.count < UInt32.max else {
            isOverfull = true
            return false
        }
        return hasRoom(\.labelBytes, used: labelCost, more: bytes + Self.costOfSet)
    }

    /// Asks the budget when what was taken does not do.
    private mutating func hasRoom(_ kind: WritableKeyPath<SampleBudget.Room, Int>, used: Int, more: Int) -> Bool {
        guard let budget, used + more > room[keyPath: kind] else { return true }
        // One that was refused takes nothing smaller either: it will not be shown.
        guard !isOverfull else { return false }
        let missing = used + more - room[keyPath: kind]
        let growth = max(missing, Self.pieces[keyPath: kind], used / 4)
        let most = budget.largestPart[keyPath: kind] - room[keyPath: kind]
        let granted = missing <= most ? budget.take(kind, missing...min(growth, most)) : 0
        isOverfull = granted == 0
        room[keyPath: kind] += granted
        return granted > 0
    }
}
