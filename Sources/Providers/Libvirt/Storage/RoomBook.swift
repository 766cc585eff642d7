import Synchronization

/// Room in pools that downloads have been promised and have not filled yet: each of several sees the same free bytes otherwise.
final class RoomBook: Sendable {
    private struct Entry {
        let pool: String
        var promised: UInt64 = 0
        var written: UInt64 = 0
    }

    private struct State {
        var last = 0
        var entries: [Int: Entry] = [:]
    }

    private let state = Mutex(State())

    func open(_ pool: String) -> Int {
        state.withLock { state in
            state.last += 1
            state.entries[state.last] = Entry(pool: pool)
            return state.last
        }
    }

    func close(_ number: Int) { state.withLock { $0.entries[number] = nil } }

    func wrote(_ bytes: UInt64, _ number: Int) { state.withLock { $0.entries[number]?.written = bytes } }

    /// Promises room for so many bytes in all to one, of what is free when what the others have been promised is taken off. The sum and the promise are one
    /// step, so that two cannot have the same.
    ///
    /// - Parameter least: how many it needs more at least; nil when there are not as many.
    /// - Parameter wanted: how many more it would like.
    /// Returns how many bytes it may have in all.
    func promise(_ number: Int, free: UInt64, least: UInt64, wanted: UInt64) -> UInt64? {
        state.withLock { state in
            guard let own = state.entries[number] else { return nil }
            var left = free
            for (other, entry) in state.entries where other != number && entry.pool == own.pool {
                let coming = entry.promised > entry.written ? entry.promised - entry.written : 0
                left = left > coming ? left - coming : 0
            }
            guard left >= least else { return nil }
            let more = min(left, max(least, wanted))
            let promised = own.written &+ more
            state.entries[number]?.promised = promised
            return promised
        }
    }
}
