import ObjectStore
import Objects
import Synchronization

/// How objects of operations go, and those of which others want that.
extension OperationJournal {
    /// To be told when there is something to be folded before its time.
    func onDismissal(_ handler: @escaping @Sendable () -> Void) { dismissal.withLock { $0 = handler } }

    /// Somebody else has deleted them, or asked them to go. Those that are open go on: a provider may have heard of them.
    func dismiss(_ uids: some Sequence<String>) {
        let isNew = state.withLock { state in
            let before = state.dismissed.count
            state.dismissed.formUnion(uids)
            return state.dismissed.count > before
        }
        if isNew { dismissal.withLock { $0 }() }
    }

    /// Those that are open, that somebody wants gone.
    var dismissedOpen: [Operation] {
        state.withLock { state in
            guard !state.dismissed.isEmpty else { return [] }
            return state.open.values.joined().filter { state.dismissed.contains($0.uid) }
        }
    }

    /// Takes its object out of the store.
    /// - Returns: whether it is gone; finalizers of others keep it.
    func takeAway(_ operation: Operation) async throws(StoreError) -> Bool {
        do throws(StoreError) {
            guard var left = try await store.delete(operation.key, DeletePrecondition(uid: operation.uid)) else { return true }
            while left.metadata.finalizers.contains(Operation.finalizer) {
                left.metadata.finalizers.removeAll { $0 == Operation.finalizer }
                do throws(StoreError) {
                    left = try await store.update(left)
                } catch {
                    guard error.reason == .conflict else { throw error }
                    left = try await store.get(operation.key)
                    guard left.metadata.uid == operation.uid else { return true }
                }
            }
            return left.metadata.finalizers.isEmpty
        } catch {
            // One of that name that is another's is not ours to take away.
            guard error.reason == .notFound || error.reason == .conflict else { throw error }
            return true
        }
    }

    /// The target's object is gone: what is known of its last operation is of no more use.
    func forget(target: String) {
        state.withLock { state in
            state.past[target] = nil
            state.doubtful[target] = nil
        }
    }
}
