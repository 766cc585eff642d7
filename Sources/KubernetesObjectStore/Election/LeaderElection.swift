package import ObjectStore
import Objects
import Primitives
import Synchronization

/// Makes one of several managers the leader, by a Lease that all of them know, and lets it work for as long as it leads.
///
/// With client-go's meaning of a Lease, so that other programs can look at it and take part. The leader stops before another can begin, provided that its work
/// ends within `leaseSeconds - renewSeconds` of being cancelled; should it not, `onOverrun` is called in time to end the process.
package final class LeaderElection: Sendable {
    /// How a turn as the leader came to its end.
    package enum End: Sendable, Equatable {
        /// The work was done, or the task was cancelled; the Lease is free for the next.
        case finished
        /// It could not be renewed, or is another's.
        case lost(String)
    }

    /// What one may want to log.
    package enum Event: Sendable {
        /// Somebody else leads; told once for each.
        case waiting(holder: String)
        case leading
        /// The next attempt may do.
        case failed(StoreError)
        case lost(String)
        case released
    }

    private let store: any ObjectStore
    private let key: ObjectKey
    private let times: ElectionTimes
    private let clock: ElectionClock
    private let report: @Sendable (Event) -> Void
    private let onOverrun: @Sendable () -> Void
    private let candidate: Mutex<Candidate>

    /// - Parameters:
    ///   - identity: nobody else's, now or later: the host's name and something random.
    ///   - onOverrun: the work has not ended, and another may begin in a moment: ends the process.
    package init(
        _ store: any ObjectStore, namespace: String, name: String, identity: String, times: ElectionTimes = .standard,
        clock: ElectionClock = .system, report: @escaping @Sendable (Event) -> Void = { _ in }, onOverrun: @escaping @Sendable () -> Void
    ) {
        self.store = store
        key = ObjectKey(.lease, namespace, name)
        self.times = times
        self.clock = clock
        self.report = report
        self.onOverrun = onOverrun
        candidate = Mutex(Candidate(identity: identity, times: times))
    }

    /// Waits until this candidate leads, then runs the work, which is cancelled when it leads no more; comes back when the work has ended.
    ///
    /// Cancelled, it cancels the work, and leads until that has ended; cancelled while it waits, it comes back without the work having run.
    package func run(while leading: @escaping @Sendable (Leadership) async -> Void) async -> End {
        guard let leadership = await acquire() else {
            // What was asked last may have been done.
            if candidate.withLock({ $0.mayHold }) { await release() }
            return .finished
        }
        report(.leading)
        let end = await lead(leadership, leading)
        candidate.withLock { $0.stepDown() }
        if case .lost(let why) = end { report(.lost(why)) } else { await release() }
        return end
    }

    // MARK: before

    private func acquire() async -> Leadership? {
        var holder: String?
        while !Task.isCancelled {
            switch await attempt() {
            case .leads(let until):
                let leadership = Leadership(until: until, now: clock.now)
                if leadership.holds { return leadership }
            case .held(let other):
                if other != holder { report(.waiting(holder: other)) }
                holder = other
            case .failed(let error): if !Task.isCancelled { report(.failed(error)) }
            }
            // Not all at the same moment, when they have waited for the same.
            await clock.sleep(clock.now().advanced(by: .seconds(times.retrySeconds * Double.random(in: 1...2.2))))
        }
        return nil
    }

    private enum Outcome: Sendable {
        case leads(until: ContinuousClock.Instant)
        case held(by: String)
        case failed(StoreError)
    }

    /// One attempt to get or to keep the Lease, no longer than half of the time within which it must be renewed.
    private func attempt() async -> Outcome {
        await limited(late: .failed(StoreError(.timeout, "\(key) is not answered for within \(times.renewSeconds / 2) s"))) { [self] in
            do throws(StoreError) { return try await write() } catch { return .failed(error) }
        }
    }

    private func write() async throws(StoreError) -> Outcome {
        var lease: APIObject?
        do throws(StoreError) { lease = try await store.get(key) } catch { if error.reason != .notFound { throw error } }
        let (found, now, wallSeconds) = (lease, clock.now(), clock.wall.unixSeconds)
        switch candidate.withLock({ $0.plan(found, key: key, now: now, wallSeconds: wallSeconds) }) {
        case .wait(let holder): return .held(by: holder)
        case .write(let next):
            let sentAt = clock.now()
            do throws(StoreError) {
                _ = found == nil ? try await store.create(next) : try await store.update(next, .main)
            } catch {
                // Somebody was faster; who it was the next attempt says.
                guard error.reason == .conflict || error.reason == .alreadyExists else { throw error }
                candidate.withLock { $0.wasRefused() }
                throw StoreError(.unavailable, "\(key) was changed by another meanwhile")
            }
            let until = candidate.withLock { candidate in
                candidate.wrote(sentAt: sentAt)
                return candidate.leadsUntil ?? sentAt
            }
            return .leads(until: until)
        }
    }

    /// The body's outcome, or `late`; the body is cancelled then.
    private func limited(late: Outcome, _ body: @escaping @Sendable () async -> Outcome) async -> Outcome {
        let by = clock.now().advanced(by: .seconds(times.renewSeconds / 2))
        return await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await body() }
            group.addTask { [clock] in
                await clock.sleep(by)
                return late
            }
            defer { group.cancelAll() }
            return await group.next() ?? late
        }
    }

    // MARK: meanwhile

    /// Who cancels this cancels the work alone: until that has ended the Lease is renewed.
    private func lead(_ leadership: Leadership, _ leading: @escaping @Sendable (Leadership) async -> Void) async -> End {
        let end = OneAnswer<End>()
        let work = Task {
            await leading(leadership)
            end.give(.finished)
        }
        let renewal = Task.detached { if let why = await self.renew(leadership) { end.give(.lost(why)) } }
        // Beside the renewal, which may hang in a request.
        let watch = Task.detached { if let why = await self.watchOver(leadership) { end.give(.lost(why)) } }
        let found = await withTaskCancellationHandler {
            await end.value
        } onCancel: {
            work.cancel()
        }
        renewal.cancel()
        watch.cancel()
        guard case .lost = found else {
            // Work may look by itself whether it leads still.
            return leadership.holds ? found : .lost("\(key) was not renewed within \(times.renewSeconds) s")
        }
        // Another may begin this much later.
        let rest = times.leaseSeconds - times.renewSeconds
        let limit = leadership.end.advanced(by: .seconds(rest - min(0.5, rest / 4)))
        leadership.give()
        work.cancel()
        let overrun = Task.detached { [clock, onOverrun] in
            await clock.sleep(limit)
            if !Task.isCancelled { onOverrun() }
        }
        await work.value
        overrun.cancel()
        return found
    }

    /// Why it leads no more; nil when nobody wants to know any more.
    private func renew(_ leadership: Leadership) async -> String? {
        while true {
            await clock.sleep(clock.now().advanced(by: .seconds(times.retrySeconds)))
            if Task.isCancelled { return nil }
            switch await attempt() {
            case .leads(let until): leadership.renew(until: until)
            case .held(let other): return "\(key) is held by \(other)"
            case .failed(let error): if !Task.isCancelled { report(.failed(error)) }
            }
        }
    }

    private func watchOver(_ leadership: Leadership) async -> String? {
        while !Task.isCancelled {
            guard leadership.holds else { return "\(key) was not renewed within \(times.renewSeconds) s" }
            await clock.sleep(leadership.end)
        }
        return nil
    }

    // MARK: after

    /// So that the next need not wait until the Lease is over. Also when the task is cancelled, as it is at the end of a program.
    private func release() async {
        let isReleased = await Task.detached { [self] in
            await limited(late: .failed(StoreError(.timeout, "\(key) is not released in time"))) { [self] in
                do throws(StoreError) {
                    let lease = try await store.get(key)
                    let wallSeconds = clock.wall.unixSeconds
                    if let free = candidate.withLock({ $0.released(lease, wallSeconds: wallSeconds) }) {
                        _ = try await store.update(free, .main)
                    }
                    return .held(by: "")
                } catch {
                    return .failed(error)
                }
            }
        }.value
        switch isReleased {
        case .failed(let error): report(.failed(error))
        case .held, .leads: report(.released)
        }
    }
}
