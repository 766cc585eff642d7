package import Primitives

/// The times of an election, as client-go has them.
package struct ElectionTimes: Sendable {
    /// For how long after the last renewal that it saw another candidate holds still.
    package let leaseSeconds: Double
    /// For how long after the last renewal that it sent the leader acts as one. What is left to `leaseSeconds` is for its work to end.
    package let renewSeconds: Double
    /// Between two attempts.
    package let retrySeconds: Double

    package static let standard = ElectionTimes(lease: 15, renew: 10, retry: 2)

    private init(lease: Double, renew: Double, retry: Double) { (leaseSeconds, renewSeconds, retrySeconds) = (lease, renew, retry) }

    /// Errors: `configuration` for times with which two could lead, or nobody.
    package init(leaseSeconds: Double, renewSeconds: Double, retrySeconds: Double) throws(Failure) {
        // A Lease counts whole seconds.
        guard leaseSeconds >= 1, leaseSeconds <= 3600, leaseSeconds == leaseSeconds.rounded() else {
            throw Failure(.configuration, "the lease lasts \(leaseSeconds) s; write a whole number from 1 to 3600")
        }
        guard renewSeconds < leaseSeconds, retrySeconds > 0, renewSeconds > 1.2 * retrySeconds else {
            throw Failure(
                .configuration,
                "the lease lasts \(leaseSeconds) s, the leader renews within \(renewSeconds) s and tries every \(retrySeconds) s; each must be well above the next, as 15, 10 and 2 are"
            )
        }
        self.init(lease: leaseSeconds, renew: renewSeconds, retry: retrySeconds)
    }
}

/// The clocks of an election, as something a test can set.
package struct ElectionClock: Sendable {
    /// It goes on while the machine sleeps, and nobody sets it.
    let now: @Sendable () -> ContinuousClock.Instant
    let wall: WallClock
    /// Sooner when the task is cancelled.
    let sleep: @Sendable (ContinuousClock.Instant) async -> Void

    package init(
        now: @escaping @Sendable () -> ContinuousClock.Instant, wall: WallClock,
        sleep: @escaping @Sendable (ContinuousClock.Instant) async -> Void
    ) {
        self.now = now
        self.wall = wall
        self.sleep = sleep
    }

    package static let system = ElectionClock(
        now: { ContinuousClock.now }, wall: .system, sleep: { try? await Task.sleep(until: $0, clock: .continuous) })
}
