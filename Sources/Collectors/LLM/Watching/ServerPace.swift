import Primitives

/// When a place was asked, and how that ended: what says how soon it may be asked again.
struct ServerPace: Sendable {
    /// Someone is being asked.
    struct Flight: Sendable {
        let isSlow: Bool
        let isFound: Bool
    }

    private var askedAt: ContinuousClock.Instant?
    private var flight: Flight?
    /// Rounds in a row that nothing came of in time.
    private var hangs = 0
    /// Whether the last round took all the time that it may take.
    private var isSlow = false

    /// Who hangs is asked after so many intervals at most.
    private static let mostIntervals = 3

    /// How long ago it was asked.
    func waited(_ now: ContinuousClock.Instant) -> Double { askedAt.map { (now - $0).seconds } ?? .infinity }

    func isDue(_ now: ContinuousClock.Instant, _ intervalSeconds: Double) -> Bool {
        flight == nil && waited(now) >= intervalSeconds * Double(min(1 + hangs, Self.mostIntervals))
    }

    /// Whether there is nothing to know of it any more.
    func isOver(_ now: ContinuousClock.Instant, _ seconds: Double) -> Bool { flight == nil && waited(now) >= seconds }

    mutating func begin(_ flight: Flight, _ now: ContinuousClock.Instant) { (self.flight, askedAt) = (flight, now) }

    mutating func end(_ poll: ServerPoll.Result) {
        flight = nil
        isSlow = poll.problem?.outcome == .timeout
        hangs = isSlow && poll.picture?.isUp != true ? hangs + 1 : 0
    }

    mutating func giveBack() { flight = nil }

    /// Who may be asked beside those who are being asked now.
    struct Room {
        private var all: Int
        private var ofSlow: Int
        private var ofFound: Int

        init(_ limit: Int, _ paces: some Collection<ServerPace>) {
            let flights = paces.compactMap(\.flight)
            all = limit - flights.count
            ofSlow = max(1, limit / 2) - flights.count(where: \.isSlow)
            ofFound = max(1, limit * 3 / 4) - flights.count(where: \.isFound)
        }

        /// nil where there is none for it.
        mutating func take(_ pace: ServerPace, isFound: Bool) -> Flight? {
            guard all > 0, !pace.isSlow || ofSlow > 0, !isFound || ofFound > 0 else { return nil }
            all -= 1
            if pace.isSlow { ofSlow -= 1 }
            if isFound { ofFound -= 1 }
            return Flight(isSlow: pace.isSlow, isFound: isFound)
        }
    }
}
