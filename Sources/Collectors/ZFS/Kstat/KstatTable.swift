import Metrics

/// Which row of a kstat file is which family.
struct KstatTable: Sendable {
    private struct Row: Sendable {
        let position: Int
        let metric: Metric
        let isCounter: Bool
        let detail: Detail
        /// The family's labels; those past the file's own have these values.
        let labels: LabelSchema
        let values: [String]
        let factor: Double
    }

    /// The file, as the source of its families begins.
    let file: String
    /// Labels of all its families.
    let labels: LabelSchema
    private var rows: [String: Row] = [:]
    /// The coarsest level of its families: below it there is no need to read the file.
    private(set) var detail = Detail.all

    init(file: String, labels: LabelSchema = .none) {
        self.file = file
        self.labels = labels
    }

    // MARK: declaring

    mutating func gauge(
        _ catalogue: inout Catalogue, _ name: String, _ row: String, _ help: String, detail: Detail = .guest, factor: Double = 1
    ) {
        let metric = catalogue.gauge(name, help, labels: labels, detail: detail, source: "\(file) \(row)")
        add(row, metric, isCounter: false, detail, labels, [], factor)
    }

    mutating func counter(
        _ catalogue: inout Catalogue, _ name: String, _ row: String, _ help: String, detail: Detail = .guest, factor: Double = 1
    ) {
        let metric = catalogue.counter(name, help, labels: labels, detail: detail, source: "\(file) \(row)")
        add(row, metric, isCounter: true, detail, labels, [], factor)
    }

    /// A family of several rows, told apart by more labels.
    ///
    /// - Parameter source: the rows as the reference has them, with `*` for what differs.
    mutating func gauges(
        _ catalogue: inout Catalogue, _ name: String, by more: [String], _ rows: [(row: String, values: [String])], source: String,
        _ help: String, detail: Detail = .guest
    ) {
        let schema = LabelSchema(names: labels.names + more)
        let metric = catalogue.gauge(name, help, labels: schema, detail: detail, source: "\(file) \(source)")
        for (row, values) in rows { add(row, metric, isCounter: false, detail, schema, values, 1) }
    }

    mutating func counters(
        _ catalogue: inout Catalogue, _ name: String, by more: [String], _ rows: [(row: String, values: [String])], source: String,
        _ help: String, detail: Detail = .guest
    ) {
        let schema = LabelSchema(names: labels.names + more)
        let metric = catalogue.counter(name, help, labels: schema, detail: detail, source: "\(file) \(source)")
        for (row, values) in rows { add(row, metric, isCounter: true, detail, schema, values, 1) }
    }

    private mutating func add(
        _ row: String, _ metric: Metric, isCounter: Bool, _ detail: Detail, _ labels: LabelSchema, _ values: [String], _ factor: Double
    ) {
        rows[row] = Row(
            position: rows.count, metric: metric, isCounter: isCounter, detail: detail, labels: labels, values: values, factor: factor)
        self.detail = min(self.detail, detail)
    }

    // MARK: writing

    /// Writes what the file has and the level asks for, each row once.
    ///
    /// - Parameter values: of the file's own labels.
    func write(_ file: KstatFile, _ values: [String] = [], detail: Detail, into buffer: inout SampleBuffer) {
        var writer = Writer(table: self, values: values, detail: detail)
        file.forEachNumber { writer.write($0, $1, into: &buffer) }
    }

    func write(_ columns: [(name: String, value: Double)], _ values: [String], detail: Detail, into buffer: inout SampleBuffer) {
        var writer = Writer(table: self, values: values, detail: detail)
        for (name, value) in columns { writer.write(name, value, into: &buffer) }
    }

    private struct Writer {
        let table: KstatTable
        let values: [String]
        let detail: Detail
        private var written: [Bool]
        /// The labels of the file alone, once they are needed.
        private var base: LabelSet?

        init(table: KstatTable, values: [String], detail: Detail) {
            self.table = table
            self.values = values
            self.detail = detail
            written = [Bool](repeating: false, count: table.rows.count)
        }

        mutating func write(_ name: String, _ value: Double, into buffer: inout SampleBuffer) {
            guard let row = table.rows[name], row.detail <= detail, !written[row.position], !(row.isCounter && value < 0) else { return }
            written[row.position] = true
            buffer.add(row.metric, labels(of: row, in: &buffer), value * row.factor)
        }

        private mutating func labels(of row: Row, in buffer: inout SampleBuffer) -> LabelSet {
            guard row.values.isEmpty else { return buffer.labels(row.labels, values + row.values) }
            let labels = base ?? buffer.labels(row.labels, values)
            base = labels
            return labels
        }
    }
}
