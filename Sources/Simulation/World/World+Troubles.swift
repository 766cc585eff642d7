/// When what was wrong: the rates at which it counts are the scenario's own, so that what was counted stays when it is over.
extension World {
    /// Since when something troubles a node, or with nil the whole cluster; nil when it does not.
    func trouble(_ scenario: Scenario, node: Int? = nil, at moment: Double) -> Span? {
        troubles.span(scenario, node: node, at: moment)
    }

    /// Whether something troubles a node.
    func has(_ scenario: Scenario, _ node: Node, at moment: Double) -> Bool { trouble(scenario, node: node.index, at: moment) != nil }

    /// When something troubled a node between two moments.
    func stretches(of scenario: Scenario, _ node: Node, from start: Double, to end: Double) -> [Span] {
        troubles.all(scenario, node: node.index).compactMap { $0.part(from: start, to: end) }
    }

    /// How long something troubled a node between two moments.
    func seconds(of scenario: Scenario, _ node: Node, from start: Double, to end: Double) -> Double {
        stretches(of: scenario, node, from: start, to: end).reduce(0) { $0 + $1.seconds }
    }

    /// When something troubled a guest: it is about those that were on the node as it began, wherever they go.
    private func spans(of scenario: Scenario, _ guest: Guest) -> [Span] {
        guard !troubles.isEmpty else { return [] }
        guard histories[guest.index] != nil else { return troubles.all(scenario, node: guest.node) }
        var spans: [Span] = []
        for node in dealt.nodes.indices {
            spans += troubles.all(scenario, node: node).filter { self.node(ofGuest: guest.index, at: $0.start) == node }
        }
        return spans
    }

    /// Since when something troubles a guest; nil when it does not.
    func trouble(_ scenario: Scenario, _ guest: Guest, at moment: Double) -> Span? {
        spans(of: scenario, guest).first { $0.contains(moment) }
    }

    /// Whether something troubles a guest.
    func has(_ scenario: Scenario, _ guest: Guest, at moment: Double) -> Bool { trouble(scenario, guest, at: moment) != nil }

    /// When something troubled a guest between two moments.
    func stretches(of scenario: Scenario, _ guest: Guest, from start: Double, to end: Double) -> [Span] {
        spans(of: scenario, guest).compactMap { $0.part(from: start, to: end) }
    }

    /// How long something troubled a guest between two moments.
    func seconds(of scenario: Scenario, _ guest: Guest, from start: Double, to end: Double) -> Double {
        stretches(of: scenario, guest, from: start, to: end).reduce(0) { $0 + $1.seconds }
    }
}
