import ObjectStore
import Objects
import Synchronization

/// Sees which operations others delete, with `kubectl delete` or with their namespace, and tells the journal.
struct DismissalWatch: Sendable {
    private static let pauseSeconds = 1.0
    private static let errorPauseSeconds = 5.0

    private let journal: OperationJournal

    init(_ journal: OperationJournal) { self.journal = journal }

    /// Until its task is cancelled.
    func run() async {
        var version = journal.state.withLock { $0.version }
        while !Task.isCancelled {
            var pause = Self.pauseSeconds
            do throws(StoreError) {
                if version.isEmpty { version = try await look() }
                let watch = try await journal.store.watch(.vmOperation, in: nil, from: version)
                defer { watch.stop() }
                while let event = try await watch.next() {
                    version = event.resourceVersion
                    note(event)
                }
            } catch {
                if error.reason == .expired { version = "" } else { pause = Self.errorPauseSeconds }
            }
            try? await Task.sleep(for: .seconds(pause))
        }
    }

    private func note(_ event: WatchEvent) {
        switch event {
        case .added(let object), .modified(let object): if object.metadata.isDeleting { journal.dismiss([object.metadata.uid]) }
        // Without its finalizer, as those of managers before this one are.
        case .deleted(let object): journal.dismiss([object.metadata.uid])
        case .bookmark: break
        }
    }

    /// What was missed.
    /// - Returns: from where on it is to be watched.
    private func look() async throws(StoreError) -> String {
        // Known before the list, so that what it has not is gone.
        let known = Set(journal.state.withLock { $0.ended.map(\.operation.uid) })
        let list = try await journal.store.list(.vmOperation)
        let there = Set(list.items.map(\.metadata.uid))
        journal.dismiss(known.subtracting(there).union(list.items.filter(\.metadata.isDeleting).map(\.metadata.uid)))
        return list.resourceVersion
    }
}
