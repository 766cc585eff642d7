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

        var best: Capability? {
            guard let byExposition, let byQuestion else { return byExposition ?? byQuestion }
            return byExposition == .native || byQuestion == .native ? .native : .derived
        }
    }

    /// What a server has told since it has its version, and what somebody measures of it. A family may appear with the first request only.
    struct Seen: Sendable {
        let byExposition: Set<ServingFamily>
        let byQuestion: Set<ServingFamily>
        /// Names behind `llm_monitor_llm_`.
        let measured: Set<String>
    }

    /// Of a server as it is: what it tells, not what its kind could.
    static func present(_ family: ServingFamily, _ told: [Told], _ seen: Seen, hasNativeMetrics: Bool?) -> Capability {
        let kind = told[family.rawValue]
        if hasNativeMetrics != false, seen.byExposition.contains(family) { return kind.byExposition ?? .native }
        if seen.byQuestion.contains(family) { return kind.byQuestion ?? .native }
        if let other = derivedFrom[family], hasNativeMetrics != false, seen.byExposition.contains(other) { return .derived }
        return seen.measured.contains(family.shape.name) ? .probe : Capability.none
    }

    /// Families that recording rules make of another, where a server does not tell them.
    private static let derivedFrom: [ServingFamily: ServingFamily] = [.interTokenLatency: .timePerOutputToken]

    /// Of each kind.
    static let ofKinds: [String: [Told]] = Dictionary(
        ServerKinds.all.map { kind in (kind.name, ServingFamily.allCases.map { told($0, kind) }) }, uniquingKeysWith: { first, _ in first })

    private static func told(_ family: ServingFamily, _ kind: any ServerKind.Type) -> Told {
        func rows(_ family: ServingFamily) -> [NativeFamily] { kind.table.rows.filter { $0.ours == family && !$0.isProposed } }
        let own = kind.table.tellsStart || family != .startTime ? rows(family) : []
        let questions = kind.told.filter { $0.family == family }
        let isDerivable = derivedFrom[family].map { !rows($0).isEmpty } ?? false
        return Told(
            byExposition: own.isEmpty ? isDerivable ? .derived : nil : own.contains(where: \.isDirect) ? .native : .derived,
            byQuestion: questions.isEmpty ? nil : questions.contains { !$0.isDerived } ? .native : .derived)
    }
}
