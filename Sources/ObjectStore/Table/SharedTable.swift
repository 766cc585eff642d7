package import Objects
import Primitives
import Synchronization

/// A table that many read and watch, and one writer changes.
package final class SharedTable: Sendable {
    private struct Waiter {
        let watch: TableWatch
        /// Given the version up to which there was nothing for the watch.
        let continuation: CheckedContinuation<Int64, Never>

        func isMeant(by change: ObjectChange) -> Bool {
            let object = change.kept.object
            return watch.kind == object.kind && (watch.namespace == nil || watch.namespace == object.metadata.namespace)
        }
    }

    private struct State {
        var table: ObjectTable
        var waiters: [Int: Waiter] = [:]
        var lastNumber = 0
        var isClosed = false
    }

    private let state: Mutex<State>
    private let bookmarkSeconds: Double

    /// - Parameter bookmarkSeconds: how long a watch without news waits until it says that there are none.
    package init(_ table: ObjectTable, bookmarkSeconds: Double = 60) {
        state = Mutex(State(table: table))
        self.bookmarkSeconds = bookmarkSeconds
    }

    package var version: Int64 { state.withLock { $0.table.version } }

    package func object(_ key: ObjectKey) -> KeptObject? { state.withLock { $0.table.object(key) } }

    package func count(of kind: ResourceKind) -> Int { state.withLock { $0.table.count(of: kind) } }

    package func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) -> ObjectList {
        let (kept, version) = state.withLock { (Array($0.table.objects(kind, in: namespace)), $0.table.version) }
        var items: [APIObject] = []
        items.reserveCapacity(kept.count)
        for one in kept where selector.matches(one.object.metadata.labels) { items.append(one.object) }
        return ObjectList(items: items, resourceVersion: String(version))
    }

    /// Makes the changes, and wakes those who wait for them.
    package func apply(_ changes: [ObjectChange]) {
        wake { waiter in
            changes.contains(where: waiter.isMeant)
        } before: {
            $0.apply(changes)
        }
    }

    /// Ends all watches.
    package func close() {
        state.withLock { $0.isClosed = true }
        wake { _ in true }
    }

    /// Watches that wait for something.
    var waiting: Int { state.withLock { $0.waiters.count } }

    // MARK: watches

    /// - Throws: `expired`; `badRequest` for what is no version of ours.
    package func watch(_ kind: ResourceKind, in namespace: String?, from version: String) throws(StoreError) -> any ObjectWatch {
        guard let number = Int64(version), number >= 0 else {
            throw StoreError(.badRequest, "\"\(version)\" is no resourceVersion; list \(kind.qualifiedName), and watch from the list's")
        }
        let watch: TableWatch? = state.withLock { state in
            guard state.table.knows(kind, after: number) else { return nil }
            return TableWatch(self, kind, namespace, after: number, bookmarkSeconds: bookmarkSeconds)
        }
        guard let watch else { throw Self.expired(kind, number) }
        return watch
    }

    static func expired(_ kind: ResourceKind, _ version: Int64) -> StoreError {
        StoreError(.expired, "what became of \(kind.qualifiedName) since version \(version) is not known any more; list them again")
    }

    /// What a watch finds that has seen all up to a version.
    enum Finding {
        case change(ObjectChange)
        /// All up to this version is seen.
        case nothing(Int64)
        case expired
        case closed
    }

    func find(_ kind: ResourceKind, in namespace: String?, after version: Int64) -> Finding {
        state.withLock { state in
            guard !state.isClosed else { return .closed }
            guard state.table.knows(kind, after: version) else { return .expired }
            return state.table.change(of: kind, after: version, in: namespace).map { .change($0) } ?? .nothing(state.table.version)
        }
    }

    /// Waits until something has changed for the watch since the version, it is stopped, the deadline comes, or the task is cancelled.
    /// - Returns: up to where there is nothing for the watch.
    func wait(_ watch: TableWatch, after version: Int64, by deadline: Deadline) async -> Int64 {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await waitInLine(by: deadline) {
            let (waiter, seen) = self.state.withLock { ($0.waiters.removeValue(forKey: number), $0.table.version) }
            waiter?.continuation.resume(returning: seen)
        } enter: { (continuation: CheckedContinuation<Int64, Never>) in
            state.withLock { state in
                let hasNews = state.isClosed || state.table.version != version
                if hasNews || watch.isStopped || Task.isCancelled || deadline.hasPassed { return version }
                state.waiters[number] = Waiter(watch: watch, continuation: continuation)
                return nil
            }
        }
    }

    func wake(_ watch: TableWatch) { wake { $0.watch === watch } }

    private func wake(_ isMeant: (Waiter) -> Bool, before change: (inout ObjectTable) -> Void = { _ in }) {
        let (woken, seen) = state.withLock { state in
            let seen = state.table.version
            change(&state.table)
            let numbers = state.waiters.filter { isMeant($0.value) }.keys
            return (numbers.compactMap { state.waiters.removeValue(forKey: $0)?.continuation }, seen)
        }
        for continuation in woken { continuation.resume(returning: seen) }
    }
}
