import Metrics

/// Families that are fields of a record, a row each: what is written of them needs no code of its own.
struct FieldTable<Field: Hashable & Sendable>: Sendable {
    private struct Row: Sendable {
        let field: Field
        let metric: Metric
        let scale: Double
    }

    private var rows: [Row] = []
    private let labels: LabelSchema
    private let detail: Detail
    private let prefix: String

    /// - Parameter prefix: what all names begin with.
    init(_ prefix: String, labels: LabelSchema, detail: Detail = .guest) {
        self.prefix = prefix
        self.labels = labels
        self.detail = detail
    }

    /// - Parameter scale: one of libvirt's units in ours: 1024 for KiB, 1e-9 for nanoseconds.
    mutating func gauge(
        _ catalogue: inout Catalogue, _ name: String, _ help: String, _ field: Field, scale: Double = 1, source: String
    ) {
        let metric = catalogue.gauge(prefix + name, help, labels: labels, detail: detail, source: source)
        rows.append(Row(field: field, metric: metric, scale: scale))
    }

    mutating func counter(
        _ catalogue: inout Catalogue, _ name: String, _ help: String, _ field: Field, scale: Double = 1, source: String
    ) {
        let metric = catalogue.counter(prefix + name, help, labels: labels, detail: detail, source: source)
        rows.append(Row(field: field, metric: metric, scale: scale))
    }

    func write(_ fields: [Field: Double], _ labels: LabelSet, into buffer: inout SampleBuffer) {
        for row in rows { buffer.add(row.metric, labels, fields[row.field].map { $0 * row.scale }) }
    }
}
