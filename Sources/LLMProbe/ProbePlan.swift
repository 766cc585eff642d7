import Primitives

/// When a server may be asked. It is told the time and what is known of the server, and does nothing itself.
///
/// One question in each interval, spread by up to a tenth of it so that several servers are not asked at once; none beyond the budget of an
/// hour; and none while people wait: each time that the queue is found not empty, the next look comes after twice the time, up to eight
/// intervals.
package struct ProbePlan: Sendable {
    /// What is known of a server.
    package struct Situation: Sendable {
        /// It answers, and says that it is ready.
        package var isReady = true
        /// The model is in memory, so that a question loads nothing; nil where a server has its one model always.
        package var isLoaded: Bool?
        /// Requests in its queue; nil where it does not say.
        package var waitingRequests: Double?

        package init(isReady: Bool = true, isLoaded: Bool? = nil, waitingRequests: Double? = nil) {
            self.isReady = isReady
            self.isLoaded = isLoaded
            self.waitingRequests = waitingRequests
        }
    }

    package enum Decision: Sendable, Equatable {
        case ask
        /// The turn goes by.
        case skip(Reason)
        /// It is nobody's turn yet.
        case wait
    }

    /// Why a turn went by.
    package enum Reason: String, Sendable, CaseIterable {
        case notReady = "not_ready"
        case notLoaded = "not_loaded"
        case queue
        case budget
    }

    private static let backOffLimit = 8.0
    private static let hour = Duration.seconds(3600)

    private let intervalSeconds: Double
    private let budgetPerHour: Int
    private var next: ContinuousClock.Instant
    private var backOff = 1.0
    /// When it was asked within the last hour.
    private var asked: [ContinuousClock.Instant] = []

    /// - Parameter start: when it may be asked for the first time.
    package init(intervalSeconds: Double, budgetPerHour: Int, start: ContinuousClock.Instant) {
        self.intervalSeconds = max(intervalSeconds, 60)
        self.budgetPerHour = max(budgetPerHour, 0)
        next = start
    }

    /// The turn that is next, and later ones as well.
    package var nextTurn: ContinuousClock.Instant { next }

    /// - Parameter spread: from 0 to 1, at random.
    package mutating func decide(_ situation: Situation, now: ContinuousClock.Instant, spread: Double) -> Decision {
        guard now >= next else { return .wait }
        let decision = decision(situation, now)
        backOff = decision == .skip(.queue) ? min(backOff * 2, Self.backOffLimit) : 1
        if decision == .ask { asked.append(now) }
        next = now.advanced(by: .seconds(intervalSeconds * (backOff + 0.1 * spread.clamped(to: 0...1))))
        return decision
    }

    private mutating func decision(_ situation: Situation, _ now: ContinuousClock.Instant) -> Decision {
        guard situation.isReady else { return .skip(.notReady) }
        guard situation.isLoaded != false else { return .skip(.notLoaded) }
        if let waiting = situation.waitingRequests, waiting > 0 { return .skip(.queue) }
        asked.removeAll { now - $0 >= Self.hour }
        return asked.count < budgetPerHour ? .ask : .skip(.budget)
    }
}
