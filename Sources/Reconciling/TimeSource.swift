import Primitives

/// The monotonic clock that queues, informers and controllers go by, as something a test can set.
package struct TimeSource: Sendable {
    package typealias Instant = ContinuousClock.Instant

    private let read: @Sendable () -> Instant
    private let set: @Sendable (Instant, @escaping @Sendable () -> Void) -> @Sendable () -> Void

    /// - Parameter ring: calls once when the instant has come, not before it has returned; what it returns takes that back.
    package init(
        now: @escaping @Sendable () -> Instant,
        ring: @escaping @Sendable (Instant, @escaping @Sendable () -> Void) -> @Sendable () -> Void
    ) {
        read = now
        set = ring
    }

    package static let system = TimeSource(
        now: { ContinuousClock.now },
        ring: { instant, call in
            let alarm = Alarm(at: Deadline(instant), call)
            return { alarm.stop() }
        })

    package var now: Instant { read() }

    /// The instant so many seconds from now: 0 for less or for no number, thirty years for more.
    package func after(seconds: Double) -> Instant { now.advanced(by: .seconds(seconds.clamped(to: 0...1e9))) }

    /// Calls once when the instant has come, on a thread that others wait for.
    ///
    /// - Returns: what takes it back; it may be calling already.
    package func ring(at instant: Instant, _ call: @escaping @Sendable () -> Void) -> @Sendable () -> Void { set(instant, call) }

    /// Ends early when the task is cancelled.
    package func sleep(seconds: Double) async {
        let end = OneAnswer<Bool>()
        let takeBack = ring(at: after(seconds: seconds)) { end.give(true) }
        defer { takeBack() }
        await withTaskCancellationHandler {
            _ = await end.value
        } onCancel: {
            end.give(false)
        }
    }
}
