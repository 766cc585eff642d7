import Primitives

/// Waiting that always ends.
enum TimeLimit {
    /// Runs `body` in a task of its own and waits for its end, but no longer than `seconds`; then it is cancelled and left alone.
    ///
    /// - Parameter cancelAfter: seconds after which it is cancelled in any case, or nil.
    /// - Returns: how long it took, in seconds, or nil when it did not end in time.
    static func run(seconds: Double, cancelAfter: Double? = nil, _ body: @escaping @Sendable () async -> Void) async -> Double? {
        let (ends, end) = AsyncStream<Double?>.makeStream()
        let start = ContinuousClock.now
        let task = Task.detached {
            await body()
            end.yield((ContinuousClock.now - start).seconds)
        }
        let alarm = Task.detached {
            if let cancelAfter {
                try? await Task.sleep(for: .seconds(cancelAfter))
                task.cancel()
            }
            try? await Task.sleep(for: .seconds(seconds - (cancelAfter ?? 0)))
            end.yield(nil)
        }
        var iterator = ends.makeAsyncIterator()
        let first = await iterator.next()
        task.cancel()
        alarm.cancel()
        return first ?? nil
    }
}
