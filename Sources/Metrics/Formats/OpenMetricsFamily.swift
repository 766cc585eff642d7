import Primitives

/// A family as OpenMetrics names it: the type's suffix belongs to the sample, not to the family.
struct OpenMetricsFamily: Sendable {
    enum Kind: String, Sendable {
        case gauge, counter, info, histogram, summary, unknown
    }

    /// What a sample may be, by its type.
    enum Values: Sendable {
        case any
        /// A counter's: neither negative nor NaN.
        case counts
        /// An info's.
        case one

        @inline(__always)
        func contain(_ value: Double) -> Bool {
            switch self {
            case .any: true
            case .counts: value >= 0
            case .one: value == 1
            }
        }
    }

    let name: String
    let kind: Kind
    /// Empty without one.
    let unit: String

    /// Samples keep the names that they have in the text format. So a counter whose name lacks `_total` cannot be one here and is of
    /// unknown type, and an info whose name lacks `_info` is a gauge.
    init(_ descriptor: MetricDescriptor) {
        let name = descriptor.name
        func stem(_ suffix: String) -> String? { name.hasSuffix(suffix) && name != suffix ? String(name.dropLast(suffix.count)) : nil }
        switch descriptor.kind {
        case .gauge: (self.name, kind) = (name, .gauge)
        case .counter: (self.name, kind) = stem("_total").map { ($0, .counter) } ?? (name, .unknown)
        case .info: (self.name, kind) = stem("_info").map { ($0, .info) } ?? (name, .gauge)
        case .histogram: (self.name, kind) = (name, .histogram)
        case .summary: (self.name, kind) = (name, .summary)
        }
        let unit = descriptor.unit.rawValue
        self.unit = kind != .info && !unit.isEmpty && self.name.hasSuffix("_\(unit)") ? unit : ""
    }

    var values: Values {
        switch kind {
        case .counter: .counts
        case .info: .one
        case .gauge, .histogram, .summary, .unknown: .any
        }
    }

    /// What the names of samples may have behind the family's name, whether we write such samples or not.
    private var suffixes: [String] {
        switch kind {
        case .gauge, .unknown: [""]
        case .counter: ["_total", "_created"]
        case .info: ["_info"]
        case .histogram: ["_count", "_sum", "_bucket", "_created"]
        case .summary: ["", "_count", "_sum", "_created"]
        }
    }

    /// Names that no other family may have or give to a sample: its own, and those of its samples.
    var claims: [String] { [name] + suffixes.filter { !$0.isEmpty }.map { name + $0 } }

    /// `# TYPE …\n# UNIT …\n# HELP …\n`
    func header(help: String) -> [UInt8] {
        var header: [UInt8] = []
        header.append(utf8: "# TYPE \(name) \(kind.rawValue)\n")
        if !unit.isEmpty { header.append(utf8: "# UNIT \(name) \(unit)\n") }
        header.append(utf8: "# HELP \(name) ")
        header.append(help: help, escapingQuotes: true)
        header.append(UInt8(ascii: "\n"))
        return header
    }
}
