import Synchronization

/// What is to be looked at: each key once, first in, first out, and never by two workers at a time.
///
/// A key that is added while it waits is not added twice. One that is added while a worker has it waits again when that worker is done with
/// it. What is added after a time takes no timer of its own.
package final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private struct Waiter<Answer: Sendable>: Sendable {
        let number: Int
        let continuation: CheckedContinuation<Answer, Never>
    }

    private struct Alarm {
        let number: Int
        let instant: TimeSource.Instant
        let takeBack: @Sendable () -> Void
    }

    private struct State {
        var line: WorkLine<Key>
        /// Workers that have nothing to do.
        var idle = Line<Waiter<Key?>>()
        var drainers: [Waiter<Bool>] = []
        var next = 0
        var alarm: Alarm?
    }

    /// Whom to wake, after the lock.
    private struct Calls {
        var workers: [(CheckedContinuation<Key?, Never>, Key?)] = []
        var drainers: [Waiter<Bool>] = []

        func make() {
            for (worker, key) in workers { worker.resume(returning: key) }
            for drainer in drainers { drainer.continuation.resume(returning: true) }
        }
    }

    private let state: Mutex<State>
    private let time: TimeSource
    /// Keys that are added at once when their time has come; for more, the alarm rings again.
    private static var dueAtOnce: Int { 1000 }

    package init(pace: RetryPace = RetryPace(), time: TimeSource = .system) {
        state = Mutex(State(line: WorkLine(pace)))
        self.time = time
    }

    deinit { state.withLock { $0.alarm?.takeBack() } }

    package func add(_ key: Key) {
        change { $0.add(key, at: $1) }
    }

    /// Adds it when the time has come; of several times, the nearest counts. At once for a time that is not above 0.
    package func add(_ key: Key, afterSeconds seconds: Double) {
        change { $0.add(key, afterSeconds: seconds, at: $1) }
    }

    /// Adds it when its pace allows: later each time, until it is forgotten.
    ///
    /// - Parameter isShared: whether it is one of the retries that all keys together may have.
    package func addRateLimited(_ key: Key, isShared: Bool = true) {
        change { $0.addRateLimited(key, isShared: isShared, at: $1) }
    }

    /// Forgets how often it was tried again.
    package func forget(_ key: Key) {
        state.withLock { $0.line.forget(key) }
    }

    /// How often it was added by `addRateLimited` since it was last forgotten.
    package func retries(of key: Key) -> Int { state.withLock { $0.line.retries(of: key) } }

    /// The next key, which nobody else gets until `done` was called for it; waits for one.
    ///
    /// - Returns: nil when the queue is shut down and empty, or the task is cancelled.
    package func next() async -> Key? {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = time.now
                let answer: Key?? = state.withLock { state in
                    if Task.isCancelled { return .some(nil) }
                    if let key = state.line.take(at: now) { return .some(key) }
                    if state.line.isShutDown { return .some(nil) }
                    state.idle.append(Waiter(number: number, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.idle.remove { $0.number == number } }
            waiter?.continuation.resume(returning: nil)
        }
    }

    package func done(_ key: Key) {
        change { $0.done(key, at: $1) }
    }

    /// Takes no more. What waits is still given out, and so is what is at work and was added again, but not what waits for its time.
    ///
    /// - Parameter dropping: what waits is dropped too.
    package func shutDown(dropping: Bool = false) {
        change { line, _ in line.shutDown(dropping: dropping) }
    }

    /// Waits until no worker has a key.
    ///
    /// - Returns: whether it is so; false when time is up or the task is cancelled.
    package func drained(bySeconds seconds: Double) async -> Bool {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let giveUp: @Sendable () -> Void = { [self] in
            let waiter = state.withLock { state in
                state.drainers.firstIndex { $0.number == number }.map { state.drainers.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: false)
        }
        let end = time.after(seconds: seconds)
        let takeBack = time.ring(at: end, giveUp)
        defer { takeBack() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.line.isAtRest { return true }
                    if Task.isCancelled || time.now >= end { return false }
                    state.drainers.append(Waiter(number: number, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            giveUp()
        }
    }

    package var facts: QueueFacts {
        let now = time.now
        return state.withLock { $0.line.facts(at: now) }
    }

    // MARK: inside

    private func change(_ body: (inout WorkLine<Key>, TimeSource.Instant) -> Void) {
        let now = time.now
        let calls = state.withLock { state in
            body(&state.line, now)
            return settle(&state, now)
        }
        calls.make()
    }

    /// Gives idle workers what there is, and sets the alarm.
    private func settle(_ state: inout State, _ now: TimeSource.Instant) -> Calls {
        var calls = Calls()
        while !state.idle.isEmpty {
            let key = state.line.take(at: now)
            guard key != nil || state.line.isShutDown, let worker = state.idle.popFirst() else { break }
            calls.workers.append((worker.continuation, key))
        }
        if state.line.isAtRest, !state.drainers.isEmpty {
            calls.drainers = state.drainers
            state.drainers = []
        }
        let due = state.line.firstDue()
        guard due != state.alarm?.instant else { return calls }
        // One that rings too early sets the next.
        if let alarm = state.alarm {
            if let due, alarm.instant <= due { return calls }
            alarm.takeBack()
        }
        state.alarm = nil
        guard let due else { return calls }
        state.next += 1
        let number = state.next
        state.alarm = Alarm(number: number, instant: due, takeBack: time.ring(at: due) { [weak self] in self?.addDue(number) })
        return calls
    }

    private func addDue(_ alarm: Int) {
        let now = time.now
        let calls = state.withLock { state in
            // Another one may have been set while this one rang.
            guard state.alarm?.number == alarm else { return Calls() }
            state.alarm = nil
            state.line.addDue(at: now, limit: Self.dueAtOnce)
            return settle(&state, now)
        }
        calls.make()
    }
}
