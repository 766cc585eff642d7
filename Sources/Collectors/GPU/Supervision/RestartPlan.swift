/// When a helper that has gone is followed by another, and when one is killed.
struct RestartPlan {
    /// Why a helper is there no more.
    enum End: Equatable {
        /// There is no library.
        case absent
        /// The library does not work, or the helper crashed.
        case failed
        /// It wants to be begun anew, or was killed because a call hung.
        case renewed
    }

    private var nextSeconds = RestartPlan.firstSeconds
    /// How often a helper was killed because of a card (or of no card: an empty text) since it answered last.
    private var kills: [String: Int] = [:]

    static let firstSeconds = 1.0
    static let lastSeconds = 60.0
    static let absentSeconds = 60.0
    /// A helper that has run so long did well.
    static let steadySeconds = 60.0

    /// Seconds until the next.
    mutating func pause(after end: End, ranSeconds: Double) -> Double {
        if ranSeconds >= Self.steadySeconds { nextSeconds = Self.firstSeconds }
        switch end {
        case .absent: return Self.absentSeconds
        case .renewed: return Self.firstSeconds
        case .failed:
            defer { nextSeconds = min(2 * nextSeconds, Self.lastSeconds) }
            return nextSeconds
        }
    }

    /// How long a call of this card may hang before the helper is killed: twice as long each time that it did not help, so that the other
    /// cards are read in peace.
    func patienceSeconds(_ uuid: String?, _ standard: Double) -> Double {
        standard * Double(1 << min(kills[uuid ?? ""] ?? 0, 4))
    }

    mutating func noteKill(_ uuid: String?) { kills[uuid ?? "", default: 0] = min((kills[uuid ?? ""] ?? 0) + 1, 16) }

    /// The card has answered, or the library has.
    mutating func noteAnswer(_ uuid: String?) { kills[uuid ?? ""] = nil }
}
