/// Where the numbers of a family come from, for one kind of server.
enum Capability: String, Sendable, CaseIterable {
    /// The server tells them.
    case native
    /// They are made of what the server tells.
    case derived
    /// Only somebody who asks the server something can measure them.
    case probe
    case none

    /// Families that a probe can measure.
    static let measurable: Set<ServingFamily> = [.timeToFirstToken, .interTokenLatency, .requestDuration]

    /// Of a family, by its number: what a kind tells of it by its exposition and by its answers.
    struct Told: Sendable {
        let byExposition: Capability?
        let byQuestion: Capability?

        /// Of the kind as such.
        func whole(_ family: ServingFamily) -> Capability {
            best ?? (measurable.contains(family) ? .probe : Capability.none)
        }

        /// Of a server as it is: with or without an exposition, and with or without somebody who measures it.
        func present(_ family: ServingFamily, hasNativeMetrics: Bool?, measured: Set<String>) -> Capability {
            (hasNativeMetrics == false ? byQuestion : best) ?? (measured.contains(family.shape.name) ? .probe : Capability.none)
        }

        private var best: Capability? {
            guard let byExposition, let byQuestion else { return byExposition ?? byQuestion }
            return byExposition == .native || byQuestion == .native ? .native : .derived
        }
    }

    /// Of each kind.
    static let ofKinds: [String: [Told]] = Dictionary(
        ServerKinds.all.map { kind in (kind.name, ServingFamily.allCases.map { told($0, kind) }) }, uniquingKeysWith: { first, _ in first })

    private static func told(_ family: ServingFamily, _ kind: any ServerKind.Type) -> Told {
        let rows = kind.table.rows.filter { $0.ours == family && !$0.isProposed }
        let questions = kind.told.filter { $0.family == family }
        return Told(
            byExposition: rows.isEmpty ? nil : rows.contains(where: \.isDirect) ? .native : .derived,
            byQuestion: questions.isEmpty ? nil : questions.contains { !$0.isDerived } ? .native : .derived)
    }
}
