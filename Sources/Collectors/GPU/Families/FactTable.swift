import Metrics

/// Families that are facts of a card, one row each: what is written of them needs no code of its own.
struct FactTable: Sendable {
    private struct Row: Sendable {
        let metric: Metric
        /// The label beyond the card's, or none, and the fact.
        let entries: [(tail: LabelTail?, fact: Fact)]
        let isCounter: Bool
    }

    static let labels = LabelSchema("gpu_uuid", "gpu_index")

    private var rows: [Row] = []

    mutating func gauge(_ catalogue: inout Catalogue, _ name: String, _ help: String, _ fact: Fact, source: String) {
        let metric = catalogue.gauge("llm_monitor_gpu_" + name, help, labels: Self.labels, source: source)
        rows.append(Row(metric: metric, entries: [(nil, fact)], isCounter: false))
    }

    mutating func counter(_ catalogue: inout Catalogue, _ name: String, _ help: String, _ fact: Fact, source: String) {
        let metric = catalogue.counter("llm_monitor_gpu_" + name, help, labels: Self.labels, source: source)
        rows.append(Row(metric: metric, entries: [(nil, fact)], isCounter: true))
    }

    mutating func gauge(
        _ catalogue: inout Catalogue, _ name: String, _ help: String, by label: String, _ entries: [(String, Fact)], source: String
    ) {
        let schema = Self.labels.adding(label)
        let metric = catalogue.gauge("llm_monitor_gpu_" + name, help, labels: schema, source: source)
        rows.append(Row(metric: metric, entries: entries.map { (LabelTail(schema, $0.0), $0.1) }, isCounter: false))
    }

    mutating func counter(
        _ catalogue: inout Catalogue, _ name: String, _ help: String, by label: String, _ entries: [(String, Fact)], source: String
    ) {
        let schema = Self.labels.adding(label)
        let metric = catalogue.counter("llm_monitor_gpu_" + name, help, labels: schema, source: source)
        rows.append(Row(metric: metric, entries: entries.map { (LabelTail(schema, $0.0), $0.1) }, isCounter: true))
    }

    /// - Parameter labels: those of the card.
    func write(_ facts: [Fact: Double], _ labels: LabelSet, into buffer: inout SampleBuffer) {
        for row in rows {
            for (tail, fact) in row.entries {
                guard let value = facts[fact], value.isFinite, value >= 0 || !row.isCounter else { continue }
                buffer.add(row.metric, tail.map { buffer.labels(extending: labels, by: $0) } ?? labels, value)
            }
        }
    }
}
