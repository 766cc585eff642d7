package import ObjectStore
import Objects
import Primitives
import Synchronization

/// Takes old operations out of the journal, and leaves what they counted behind.
///
/// First their provider's totals get them, with their uids beside; then their objects go. Who dies between the two finds the uids the next time, and adds nothing twice.
///
/// Those that somebody else deletes are taken out at once when they are over: until then their finalizer keeps them.
package struct JournalKeeper: Sendable {
    package struct Settings: Sendable {
        /// How long an operation that is over is kept, in seconds.
        package var keptSeconds = 24.0 * 3600
        /// How many at most; the oldest go first.
        package var kept = 2000
        /// How many are folded by one update: their uids stand in the provider's status until the next.
        package var batch = 200
        package var roundSeconds = 60.0

        package init() {}
    }

    private static let removalsAtOnce = 32

    private let journal: OperationJournal
    private let settings: Settings

    package init(_ journal: OperationJournal, _ settings: Settings = Settings()) {
        self.journal = journal
        self.settings = settings
    }

    /// Until its task is cancelled.
    package func run() async {
        let (calls, caller) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        journal.onDismissal { caller.yield() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await DismissalWatch(journal).run() }
            group.addTask { [settings] in
                while !Task.isCancelled {
                    caller.yield()
                    try? await Task.sleep(for: .seconds(settings.roundSeconds))
                }
            }
            // One after the other, as two at a time might add the same twice.
            for await _ in calls { await rounds() }
            group.cancelAll()
        }
    }

    private func rounds() async {
        do throws(StoreError) {
            while try await round() == settings.batch && !Task.isCancelled {}
        } catch {
            journal.logger.warn("old operations were not taken out of the journal", ["error": error.message])
        }
    }

    /// - Returns: how many have gone.
    @discardableResult
    package func round() async throws(StoreError) -> Int {
        try await endOrphans()
        let now = journal.clock.unixSeconds
        let old: [OperationJournal.Ended] = journal.state.withLock { state in
            let tooMany = max(0, state.ended.count - settings.kept)
            let tooOld = state.ended.prefix { ($0.operation.end?.at ?? now) < now - settings.keptSeconds }.count
            let count = min(settings.batch, max(tooMany, tooOld))
            var found = Array(state.ended.prefix(count))
            if !state.dismissed.isEmpty {
                let known = state.ended.map(\.operation.uid) + state.open.values.joined().map(\.uid)
                state.dismissed.formIntersection(known)
                let wanted = state.ended.dropFirst(count).lazy.filter { [dismissed = state.dismissed] in
                    dismissed.contains($0.operation.uid)
                }
                found += wanted.prefix(settings.batch - found.count)
            }
            return found
        }
        for (provider, operations) in Dictionary(grouping: old, by: \.operation.provider) {
            try await fold(operations.filter { !$0.isFolded }.map(\.operation), provider)
        }
        return try await remove(old.map(\.operation))
    }

    /// Operations that are to go, and whose objects are gone, so that nobody asks for their ends any more.
    private func endOrphans() async throws(StoreError) {
        for operation in journal.dismissedOpen {
            guard let kind = ResourceKind.all.first(where: { $0.kind == operation.target.kind }) else { continue }
            do throws(StoreError) {
                let target = try await journal.store.get(ObjectKey(kind, operation.target.namespace, operation.target.name))
                if target.metadata.uid == operation.target.uid { continue }
            } catch { guard error.reason == .notFound else { throw error } }
            _ = try await journal.end(operation, .error, message: "its object is gone, and nobody asks how it ended")
        }
    }

    private func fold(_ operations: [Operation], _ fullName: String) async throws(StoreError) {
        guard !operations.isEmpty else { return }
        let (namespace, name) = Operation.parts(fullName)
        while true {
            do throws(StoreError) {
                var provider = Provider(try await journal.store.get(ObjectKey(.provider, namespace, name)))
                let kept = Set(journal.state.withLock { $0.ended.map(\.operation.uid) })
                // Those whose objects are gone cannot be met again.
                let folded = provider.status.foldedOperations.filter(kept.contains)
                let new = operations.filter { !folded.contains($0.uid) }
                var totals = provider.status.operationTotals
                for operation in new { totals.add(operation) }
                provider.status.operationTotals = totals
                provider.status.foldedOperations = folded + new.map(\.uid)
                _ = try await journal.store.update(provider.object, .status)
                mark(Set(operations.map(\.uid)))
                return
            } catch {
                // Without its provider nobody asks for the sums.
                if error.reason == .notFound { return }
                guard error.reason == .conflict else { throw error }
            }
        }
    }

    private func mark(_ uids: Set<String>) {
        journal.state.withLock { state in
            for place in state.ended.indices where uids.contains(state.ended[place].operation.uid) {
                state.ended[place] = OperationJournal.Ended(operation: state.ended[place].operation, isFolded: true)
            }
        }
    }

    /// Several at a time, which the store writes as one; and the journal goes over its list once for all of them.
    /// - Returns: how many have gone.
    private func remove(_ operations: [Operation]) async throws(StoreError) -> Int {
        var gone: Set<String> = []
        var problem: StoreError?
        await withTaskGroup(of: Result<String?, StoreError>.self) { group in
            var left = operations[...]
            for operation in left.prefix(Self.removalsAtOnce) { group.addTask { await remove(operation) } }
            left = left.dropFirst(Self.removalsAtOnce)
            for await result in group {
                switch result {
                case .success(let uid): if let uid { gone.insert(uid) }
                case .failure(let error): problem = error
                }
                if problem == nil, let operation = left.popFirst() { group.addTask { await remove(operation) } }
            }
        }
        journal.state.withLock { [gone] state in
            state.ended.removeAll { gone.contains($0.operation.uid) }
            state.dismissed.subtract(gone)
        }
        if let problem { throw problem }
        return gone.count
    }

    /// - Returns: its uid; nil for one that others keep.
    private func remove(_ operation: Operation) async -> Result<String?, StoreError> {
        do throws(StoreError) {
            return .success(try await journal.takeAway(operation) ? operation.uid : nil)
        } catch { return .failure(error) }
    }
}
