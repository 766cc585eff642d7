/// A moment of the monotonic clock by which something must be done.
package struct Deadline: Sendable, Comparable {
    package let instant: ContinuousClock.Instant

    package init(_ instant: ContinuousClock.Instant) { self.instant = instant }

    /// So many seconds from now: 0 for less or for no number, thirty years for more, as times from outside may say anything.
    package static func after(seconds: Double) -> Deadline {
        Deadline(ContinuousClock.now.advanced(by: .seconds(seconds.clamped(to: 0...1e9))))
    }

    /// Seconds left, 0 when it has passed.
    package var remainingSeconds: Double { max(0, (instant - ContinuousClock.now).seconds) }

    package var hasPassed: Bool { ContinuousClock.now >= instant }

    /// The same deadline, `seconds` sooner.
    package func earlier(bySeconds seconds: Double) -> Deadline {
        Deadline(instant.advanced(by: .seconds((-seconds).clamped(to: -1e9...1e9))))
    }

    package static func < (left: Deadline, right: Deadline) -> Bool { left.instant < right.instant }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double {
        let (whole, atto) = components
        return Double(whole) + Double(atto) * 1e-18
    }
}
