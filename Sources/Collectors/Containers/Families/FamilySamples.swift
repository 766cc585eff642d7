import Metrics

/// Samples on their way into a buffer, counted by family, so that of too many whole families are left out.
struct FamilySamples {
    var buffer: SampleBuffer
    private var samples: [(metric: Metric, labels: LabelSet, value: Double)] = []
    private let detail: Detail
    private let catalogue: Catalogue

    init(_ buffer: consuming SampleBuffer, _ catalogue: Catalogue, _ detail: Detail) {
        self.buffer = buffer
        self.catalogue = catalogue
        self.detail = detail
    }

    mutating func add(_ metric: Metric, _ labels: LabelSet, _ value: Double?) {
        guard let value, catalogue.descriptors[metric.index].detail <= detail else { return }
        samples.append((metric, labels, value))
    }

    /// Adds a series for each state that is known and for the present one.
    mutating func add(_ metric: Metric, extending base: LabelSet, _ schema: LabelSchema, _ states: [String], _ present: String) {
        for state in states { add(metric, buffer.labels(schema, extending: base, state), state == present ? 1 : 0) }
        if !present.isEmpty, !states.contains(present) { add(metric, buffer.labels(schema, extending: base, present), 1) }
    }

    /// Puts into the buffer what there is room for, the first families of the catalogue first. Returns how many series of which family were
    /// left out.
    consuming func finish(limit: Int) -> (buffer: SampleBuffer, dropped: [(family: String, count: Int)]) {
        var counts = [Int](repeating: 0, count: catalogue.descriptors.count)
        for sample in samples { counts[sample.metric.index] += 1 }
        var room = limit
        var isOver = false
        var dropped: [(family: String, count: Int)] = []
        var isKept = [Bool](repeating: true, count: counts.count)
        for (index, count) in counts.enumerated() where count > 0 {
            // What comes behind the first that is left out goes too: it is what matters less.
            isOver = isOver || count > room
            room -= isOver ? 0 : count
            isKept[index] = !isOver
            if isOver { dropped.append((catalogue.descriptors[index].name, count)) }
        }
        for sample in samples where isKept[sample.metric.index] { buffer.add(sample.metric, sample.labels, sample.value) }
        return (buffer, dropped)
    }
}
