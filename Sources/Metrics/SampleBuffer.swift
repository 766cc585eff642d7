/// The samples of one part of a source (a node, a card, a server), gathered without a lock.
///
/// A label set is rendered once and then shared by all samples that carry it. A sample is sixteen bytes; adding one allocates
/// nothing once the buffer has grown. `removeSamples()` keeps the rendered label sets, for sources whose inventory stays.
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

    package init(part: String, reservingSamples capacity: Int = 0) {
        self.part = part
        samples.reserveCapacity(capacity)
    }

    package var count: Int { samples.count }

    /// Renders a label set: one value for each name of the schema. Values past the schema are left out, missing ones are empty.
    package mutating func labels(_ schema: LabelSchema, _ values: String...) -> LabelSet { labels(schema, values) }

    package mutating func labels(_ schema: LabelSchema, _ values: [String]) -> LabelSet {
        guard !schema.openings.isEmpty else { return .empty }
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
        copy(base)
        labelBytes.append(contentsOf: opening)
        labelBytes.append(labelValue: value)
        labelBytes.append(UInt8(ascii: "\""))
        return seal()
    }

    /// Renders the labels of `base`, which has some, and one more.
    package mutating func labels(extending base: LabelSet, by tail: LabelTail) -> LabelSet {
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
        distributions.append(distribution)
        append(metric, labels, Double(distributions.count - 1))
    }

    /// Forgets the samples and keeps the label sets.
    package mutating func removeSamples() {
        samples.removeAll(keepingCapacity: true)
        distributions.removeAll(keepingCapacity: true)
    }

    @usableFromInline
    package mutating func append(_ metric: Metric, _ labels: LabelSet, _ value: Double) {
        samples.append(Sample(value: value, labels: labels.index, metric: UInt16(truncatingIfNeeded: metric.index)))
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
