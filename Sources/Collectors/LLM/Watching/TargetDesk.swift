import Primitives
import Synchronization

/// Servers that somebody asks for by URL, as `/probe` has it: each is asked when it is asked for, and no more often than others are.
final class TargetDesk: Sendable {
    private struct Known {
        var entry: ServerBook.Entry
        var asking: Task<ServerBook.Entry, Never>?
    }

    private let known = Mutex<[String: Known]>([:])
    /// Of those that nobody is asking for just now the one that was asked first makes room.
    private static let limit = 200

    /// What is known of the server, asked for now if it may be asked. Who has not answered by the deadline is down for who asked.
    func entry(
        of url: String, _ poll: ServerPoll, intervalSeconds: Double, by deadline: Deadline, _ clock: WallClock
    ) async -> ServerBook.Entry {
        let begun = known.withLock { known -> Task<ServerBook.Entry, Never>? in
            var found = known[url] ?? Known(entry: Self.unknown(url))
            if let asking = found.asking { return asking }
            let now = ContinuousClock.now
            if let askedAt = found.entry.askedAt, (now - askedAt).seconds < intervalSeconds { return nil }
            found.entry.askedAt = now
            found.entry.round += 1
            let entry = found.entry
            let asking = Task.detached { [self] in
                let result = await poll.run(entry.turn)
                var after = entry
                after.take(result, now: .now, unixSeconds: clock.unixSeconds)
                self.known.withLock { $0[url] = Known(entry: after) }
                return after
            }
            found.asking = asking
            known[url] = found
            Self.makeRoom(&known)
            return asking
        }
        if let begun, let entry = await Self.first(begun, deadline) { return entry }
        var entry = known.withLock { $0[url]?.entry } ?? Self.unknown(url)
        if begun != nil {
            (entry.isUp, entry.isReady) = (false, false)
            entry.problem = PollProblem(.timeout, "no answer by the deadline of the scrape")
        }
        return entry
    }

    private static func unknown(_ url: String) -> ServerBook.Entry {
        ServerBook.Entry(ServerTarget(name: url, address: ServerAddress(url: url)))
    }

    /// The answer of one who is being asked, if it comes in time; who asks goes on in any case.
    private static func first(_ asking: Task<ServerBook.Entry, Never>, _ deadline: Deadline) async -> ServerBook.Entry? {
        await withCheckedContinuation { continuation in
            let race = Race(continuation)
            Task { race.end(await asking.value) }
            Task {
                try? await Task.sleep(until: deadline.instant, clock: .continuous)
                race.end(nil)
            }
        }
    }

    /// The first to end it has its way.
    private final class Race: Sendable {
        private let waiting: Mutex<CheckedContinuation<ServerBook.Entry?, Never>?>

        init(_ waiting: CheckedContinuation<ServerBook.Entry?, Never>) { self.waiting = Mutex(waiting) }

        func end(_ entry: ServerBook.Entry?) {
            let waiting = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            waiting?.resume(returning: entry)
        }
    }

    private static func makeRoom(_ known: inout [String: Known]) {
        guard known.count > limit else { return }
        let idle = known.filter { $0.value.asking == nil }
        let oldest = idle.min { left, right in
            guard let leftAt = left.value.entry.askedAt, let rightAt = right.value.entry.askedAt else {
                return left.value.entry.askedAt == nil
            }
            return leftAt < rightAt
        }
        if let oldest { known[oldest.key] = nil }
    }
}
