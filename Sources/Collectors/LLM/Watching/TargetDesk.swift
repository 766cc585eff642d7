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

    /// What is known of the server, asked for now if it may be asked.
    func entry(of url: String, _ poll: ServerPoll, intervalSeconds: Double, _ clock: WallClock) async -> ServerBook.Entry {
        let begun = known.withLock { known -> Task<ServerBook.Entry, Never>? in
            var found = known[url] ?? Known(entry: ServerBook.Entry(ServerTarget(name: url, address: ServerAddress(url: url))))
            if let asking = found.asking { return asking }
            let now = ContinuousClock.now
            if let askedAt = found.entry.askedAt, (now - askedAt).seconds < intervalSeconds { return nil }
            found.entry.askedAt = now
            found.entry.round += 1
            let entry = found.entry
            let asking = Task.detached { [self] in
                let turn = ServerBook.Turn(target: entry.target, kind: entry.kind, round: entry.round, former: entry.picture)
                let result = await poll.run(turn)
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
        if let begun { return await begun.value }
        return known.withLock { $0[url]?.entry } ?? ServerBook.Entry(ServerTarget(name: url, address: ServerAddress(url: url)))
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
