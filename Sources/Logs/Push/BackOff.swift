/// How long the sender waits after a push that was not stored: each time twice as long, up to a limit, and never exactly as long as others do.
struct BackOff: Sendable {
    private(set) var failures = 0
    private let random: @Sendable () -> Double

    static let firstSeconds = 0.5
    static let limitSeconds = 60.0
    /// Where only a person can help.
    static let personSeconds = 60.0
    /// What Loki says is believed up to here.
    static let toldLimitSeconds = 600.0

    /// - Parameter random: from 0 to 1.
    init(random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }) { self.random = random }

    mutating func succeed() { failures = 0 }

    /// - Parameter told: what Loki asked for.
    mutating func pause(_ kind: PushOutcome.Obstacle.Kind, told: Double?) -> Double {
        let step = min(Self.limitSeconds, Self.firstSeconds * Double(1 << min(failures, 10)))
        failures += 1
        // Between half and whole: those who failed together do not come back together.
        let own = kind.wantsPerson && failures > 1 ? Self.personSeconds * (0.75 + random() / 2) : step * (0.5 + random() / 2)
        guard let told else { return own }
        return max(own, min(told, Self.toldLimitSeconds) + random() * Self.firstSeconds)
    }
}
