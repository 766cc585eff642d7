import Objects
import Primitives
import Synchronization

/// A place in the history of a table. It holds no changes, so that one who is slow costs nothing, and is told when he is too slow.
final class TableWatch: ObjectWatch {
    private struct State {
        /// All up to it was given.
        var version: Int64
        var bookmarkAt: Deadline
    }

    let kind: ResourceKind
    private let table: SharedTable
    let namespace: String?
    private let bookmarkSeconds: Double
    private let state: Mutex<State>
    private let stopped = Atomic(false)

    init(
        _ table: SharedTable, _ kind: ResourceKind, _ namespace: String?, after version: Int64, bookmarkSeconds: Double
    ) {
        self.table = table
        self.kind = kind
        self.namespace = namespace
        self.bookmarkSeconds = bookmarkSeconds
        state = Mutex(State(version: version, bookmarkAt: .after(seconds: bookmarkSeconds)))
    }

    var isStopped: Bool { stopped.load(ordering: .sequentiallyConsistent) }

    func next() async throws(StoreError) -> WatchEvent? {
        while !isStopped, !Task.isCancelled {
            let (version, bookmarkAt) = state.withLock { ($0.version, $0.bookmarkAt) }
            switch table.find(kind, in: namespace, after: version) {
            case .closed: return nil
            case .expired: throw SharedTable.expired(kind, version)
            case .change(let change): return give(change.event, change.kept.version)
            case .nothing(let seen):
                if bookmarkAt.hasPassed { return give(.bookmark(resourceVersion: String(seen)), seen) }
                // What came in other namespaces meanwhile need not be looked at again, and may be forgotten.
                let waited = await table.wait(self, after: seen, by: bookmarkAt)
                state.withLock { $0.version = waited }
            }
        }
        return nil
    }

    func stop() {
        stopped.store(true, ordering: .sequentiallyConsistent)
        table.wake(self)
    }

    private func give(_ event: WatchEvent, _ version: Int64) -> WatchEvent {
        state.withLock { state in
            state.version = version
            state.bookmarkAt = .after(seconds: bookmarkSeconds)
        }
        return event
    }
}
