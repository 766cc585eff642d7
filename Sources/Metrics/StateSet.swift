/// The states that a thing may be in, with the label of each rendered once.
package struct StateSet: Sendable {
    let schema: LabelSchema
    let states: [(name: String, label: LabelTail)]

    /// - Parameter schema: its last name is that of the label which holds the state.
    package init(_ schema: LabelSchema, _ names: [String]) {
        self.schema = schema
        states = names.map { ($0, LabelTail(schema, $0)) }
    }

    package var count: Int { states.count }
}

extension SampleBuffer {
    /// Adds a series for each state: 1 for the present one, 0 for the others, which are all of them for nil. A present state that the set
    /// does not know is not shown.
    package mutating func add(_ metric: Metric, extending base: LabelSet, known states: StateSet, _ present: String?) {
        for (name, label) in states.states { add(metric, labels(extending: base, by: label), name == present) }
    }

    /// The same where a newer release of the source may have states that nobody knew: those are one more series. Nothing for nil.
    package mutating func add(_ metric: Metric, extending base: LabelSet, _ states: StateSet, _ present: String?) {
        guard let present else { return }
        add(metric, extending: base, known: states, present)
        guard !states.states.contains(where: { $0.name == present }) else { return }
        add(metric, labels(states.schema, extending: base, present), true)
    }
}
