import Metrics

/// A row of a kind's table: a family as servers write it, and which of ours it feeds.
struct NativeFamily: Sendable {
    /// Where a label of ours comes from.
    enum Label: Sendable {
        /// Always the same.
        case fixed(String)
        /// The value of a label of the server's.
        case of(String)
        /// The same, by a list of words; words that are not in it become the last.
        case translated(String, [String: String], otherwise: String)
        /// `2xx` of `200` or `2xx`.
        case statusClass(String)

        var name: String? {
            switch self {
            case .fixed: nil
            case .of(let name), .translated(let name, _, _), .statusClass(let name): name
            }
        }
    }

    /// What is taken of a sample, or of a histogram's series.
    enum Taking: Sendable {
        case value
        /// 1 of 0 and 0 of 1.
        case opposite
        /// The product of the numbers in these labels.
        case labelProduct([String])
        /// Of a histogram, all that it observed.
        case sum
        /// Of a histogram, how often it observed.
        case count
        /// 1 for the state of that number, in the last label of ours, and 0 for the others.
        case states([String])
    }

    /// Series that do not count.
    struct Filter: Sendable {
        let label: String
        let values: [String]
        /// Whether these count, or all but these.
        let isWanted: Bool
    }

    /// As samples are named, with `_total` where a counter has it; of a histogram the family.
    let name: String
    /// What other versions call it, the newest first. Where a server writes several of them, the first counts.
    let aliases: [String]
    /// As the TYPE line has it: another type is another thing.
    let kind: FamilyKind
    let ours: ServingFamily
    /// What the server's number is multiplied with.
    let factor: Double
    let taking: Taking
    let labels: [Label]
    let filters: [Filter]
    /// The first and the last version that has the name, as far as they are known.
    let since: String
    let until: String
    /// Whether ours means something else than the server's, and is made of it.
    private let isMade: Bool

    init(
        _ kind: FamilyKind, _ name: String, _ ours: ServingFamily, aliases: [String] = [], factor: Double = 1, taking: Taking = .value,
        labels: [Label] = [], filters: [Filter] = [], isMade: Bool = false, since: String = "", until: String = ""
    ) {
        (self.kind, self.name, self.ours, self.aliases, self.factor, self.taking) = (kind, name, ours, aliases, factor, taking)
        (self.labels, self.filters, self.since, self.until, self.isMade) = (labels, filters, since, until, isMade)
    }

    /// All that it may be called, the best first.
    var names: [String] { [name] + aliases }

    /// No release has it yet.
    var isProposed: Bool { since == "proposed" }

    /// Whether the server's own number is shown, or one that is made of it.
    var isDirect: Bool {
        switch taking {
        case .value, .states, .opposite: !isMade
        case .labelProduct, .sum, .count: false
        }
    }

    /// A division where the factor is a fraction: thousandths of 100 are 0.1, and not nearly.
    func converted(_ value: Double) -> Double {
        if factor == 1 { return value }
        return factor < 1 ? value / (1 / factor).rounded() : value * factor
    }
}

/// What a kind of server writes.
struct NativeTable: Sendable {
    /// Names of families, or what they begin with (with a `*` at the end), that are left out on purpose.
    struct Ignored: Sendable {
        package let pattern: String
        package let why: String

        init(_ pattern: String, _ why: String) { (self.pattern, self.why) = (pattern, why) }
    }

    var families: [NativeFamily]
    var ignored: [Ignored] = []
    /// Labels that name the model; the first that is there counts.
    var modelLabels: [String] = []
    /// Labels of engines, ranks and the like over which values are put together. Others are left out and counted.
    var mergedLabels: [String] = []
    /// Whether releases are known to write when their process began; it is read of all.
    var tellsStart = false

    /// Rows of the kind, and those that every kind has.
    var rows: [NativeFamily] { families + [NativeFamily(.gauge, "process_start_time_seconds", .startTime)] }

    /// What every program may write of itself.
    static let ignoredOfAll = [
        Ignored("python_*", "the interpreter's own"), Ignored("process_*", "the process' own, but for its start"),
        Ignored("go_*", "the runtime's own"), Ignored("http_request*", "the web framework's own, but for what the table has"),
        Ignored("http_response*", "the web framework's own, but for what the table has"),
        Ignored("promhttp_*", "the library's own"), Ignored("*_created", "when a counter began, which Prometheus finds out itself"),
    ]
}
