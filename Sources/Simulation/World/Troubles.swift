/// When what was wrong with which node, or with the whole cluster, beside nodes that were off.
struct Troubles: Sendable {
    private struct Place: Hashable, Sendable {
        let scenario: Scenario
        let node: Int?
    }

    private var spans: [Place: [Span]] = [:]
    var isEmpty: Bool { spans.isEmpty }

    /// - Parameter node: nil for the whole cluster.
    mutating func add(_ scenario: Scenario, node: Int?, _ span: Span) {
        spans[Place(scenario: scenario, node: node), default: []].extend(with: span)
    }

    /// The stretch that a moment falls in; nil when all is well then.
    func span(_ scenario: Scenario, node: Int?, at moment: Double) -> Span? {
        // Most worlds never have any, and rows ask for every node.
        spans.isEmpty ? nil : spans[Place(scenario: scenario, node: node)]?.first { $0.contains(moment) }
    }

    /// All stretches, in the order of time.
    func all(_ scenario: Scenario, node: Int?) -> [Span] {
        spans.isEmpty ? [] : spans[Place(scenario: scenario, node: node)] ?? []
    }

    /// Whether it was so at any time between two moments.
    func touches(_ scenario: Scenario, node: Int?, from start: Double, to end: Double) -> Bool {
        spans[Place(scenario: scenario, node: node)]?.contains { $0.start < end && $0.end > start } ?? false
    }
}
