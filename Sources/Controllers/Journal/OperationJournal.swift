package import ObjectStore
import Objects
package import Primitives
package import ProviderRPC
import Synchronization

/// All operations: written into the store before a provider hears of them, ended once, and counted by that.
///
/// Only the manager that leads writes operations, so what it knows of them is what there is; `load` reads what others before it have left.
package final class OperationJournal: Sendable {
    struct State {
        /// Those that are not over, of each line in their order.
        var open: [String: [Operation]] = [:]
        /// The last end of each line and method.
        var past: [String: [ProviderMethod: Past]] = [:]
        /// Those that are over and kept, the oldest end first.
        var ended: [Ended] = []
        /// Of each provider, by name.
        var sums: [String: (type: String, sums: OperationSums)] = [:]
        /// Operations whose writing got no answer, by line.
        var doubtful: [String: Operation] = [:]
        /// Uids of those that somebody else has deleted, or asked to go.
        var dismissed: Set<String> = []
        /// Of the list that was read: what happened since is watched from there.
        var version = ""
        var isLoaded = false
    }

    /// What is kept in mind of an operation that is over.
    struct Ended: Sendable {
        let operation: Operation
        /// Its provider's totals have it.
        let isFolded: Bool
    }

    let store: any ObjectStore
    let clock: WallClock
    let logger: Logger
    let state = Mutex(State())
    /// Letters of names; random.
    private let makeName: @Sendable () -> String
    /// Where operations are whose targets' namespaces take nothing new.
    let spareNamespace: String
    /// Told of an operation that is over and was dismissed.
    let dismissal = Mutex<@Sendable () -> Void>({})

    /// - Parameter spareNamespace: the manager's own; it has operations of targets whose namespaces are being deleted.
    package init(_ store: any ObjectStore, spareNamespace: String = "default", clock: WallClock = .system, logger: Logger = .silent) {
        self.store = store
        self.spareNamespace = spareNamespace
        self.clock = clock
        self.logger = logger
        makeName = {
            let letters = Array("bcdfghjklmnpqrstvwxz2456789")
            return String((0..<8).map { _ in letters[Int.random(in: letters.indices)] })
        }
    }

    /// Reads what there is. To be called when this manager begins to lead, before any controller.
    package func load() async throws(StoreError) {
        let providers = try await store.list(.provider)
        let objects = try await store.list(.vmOperation)
        var loaded = State()
        var folded: Set<String> = []
        var madeAt: [String: Double] = [:]
        for provider in providers.items.map({ Provider($0) }) {
            let name = provider.fullName
            loaded.sums[name] = (provider.spec.type, provider.status.operationTotals)
            folded.formUnion(provider.status.foldedOperations)
            madeAt[name] = Timestamp.unixSeconds(provider.metadata.creationTimestamp)
        }
        let operations = objects.items.compactMap(Operation.init).sorted { ($0.end?.at ?? $0.startedAt) < ($1.end?.at ?? $1.startedAt) }
        for operation in operations {
            // One of a provider of that name that was there before is not this one's.
            let isEarlier = operation.end.map { end in madeAt[operation.provider].map { end.at < $0 } ?? true } ?? false
            Self.take(operation, isFolded: isEarlier || folded.contains(operation.uid), &loaded)
        }
        loaded.dismissed = Set(objects.items.filter(\.metadata.isDeleting).map(\.metadata.uid))
        loaded.version = objects.resourceVersion
        for target in loaded.open.keys { loaded.open[target]?.sort { $0.startedAt < $1.startedAt } }
        loaded.isLoaded = true
        let open = loaded.open.values.reduce(0) { $0 + $1.count }
        state.withLock { $0 = loaded }
        logger.info("the journal was read", ["operations": operations.count, "open": open])
    }

    private static func take(_ operation: Operation, isFolded: Bool, _ state: inout State) {
        guard operation.end != nil else {
            state.open[operation.line, default: []].append(operation)
            return
        }
        note(end: operation, isFolded: isFolded, &state)
    }

    private static func note(end operation: Operation, isFolded: Bool, _ state: inout State) {
        guard let end = operation.end else { return }
        let (past, request) = (state.past[operation.line]?[operation.method], operation.request)
        let before = past?.request == request ? past?.failures ?? 0 : 0
        let isRepeated = past.map { $0.request == request && operation.startedAt - $0.end.at < Past.repeatSeconds } ?? false
        state.past[operation.line, default: [:]][operation.method] = Past(
            end: end, name: operation.name, resultID: operation.resultID, requestDigest: operation.requestDigest,
            wish: operation.wish, generation: operation.generation, resultPath: operation.resultPath,
            provider: operation.provider, providerType: operation.providerType,
            request: request, failures: end.outcome == .success ? 0 : before + 1,
            repeats: isRepeated ? (past?.repeats ?? 0) + 1 : 1, heardAt: .now)
        if operation.method == .snapshotRevert, end.outcome == .success {
            for method in [ProviderMethod.power, .reconfigure] { state.past[operation.line]?[method]?.repeats = 0 }
        }
        // Whose provider is gone is in nobody's sums, and makes no series of it again.
        let isCounted = !isFolded && state.sums[operation.provider] != nil
        var kept = operation
        // Texts that may be long, of which nobody asks any more.
        kept.parameters = .members(ObjectMembers())
        state.ended.append(Ended(operation: kept, isFolded: !isCounted))
        if isCounted { state.sums[operation.provider]?.sums.add(operation) }
    }

    // MARK: looking

    /// The operation of a target that is to be gone on with.
    func open(_ target: String) -> Operation? { state.withLock { $0.open[target]?.first } }

    /// How the last operation of a target and a method ended; nil when there was none that is known.
    package func past(_ target: String, _ method: ProviderMethod) -> Past? { state.withLock { $0.past[target]?[method] } }

    /// When this process last heard that an operation of the target was over.
    func lastEnd(_ target: String) -> ContinuousClock.Instant? { state.withLock { $0.past[target]?.values.map(\.heardAt).max() } }

    /// Operations that are not over, of each provider, and when the oldest of them was begun.
    var openByProvider: [String: (count: Int, since: Double)] {
        state.withLock { state in
            var found: [String: (count: Int, since: Double)] = [:]
            for operation in state.open.values.joined() {
                let before = found[operation.provider] ?? (0, operation.startedAt)
                found[operation.provider] = (before.count + 1, min(before.since, operation.startedAt))
            }
            return found
        }
    }

    var sums: [String: (type: String, sums: OperationSums)] { state.withLock { $0.sums } }

    /// Targets whose operations are not over.
    var openTargets: [Operation.Target] { state.withLock { $0.open.values.compactMap { $0.first?.target } } }

    /// A provider whose object is gone has no series any more.
    func forget(provider: String) {
        state.withLock { state in
            state.sums[provider] = nil
            // One of that name that comes after it has none of them.
            for place in state.ended.indices where state.ended[place].operation.provider == provider {
                state.ended[place] = Ended(operation: state.ended[place].operation, isFolded: true)
            }
        }
    }

    /// From 0 on.
    func begin(provider: String, type: String) {
        state.withLock { state in
            if state.sums[provider] == nil { state.sums[provider] = (type, OperationSums()) }
        }
    }

    // MARK: writing

    /// Writes down that something is to be done. Nobody may hear of it before.
    ///
    /// One target has one operation at a time: what is open is returned in place of another one.
    /// - Parameter draft: without a name, uid and time.
    func begin(_ draft: Operation) async throws(StoreError) -> Operation {
        let target = draft.line
        if let open = open(target) { return open }
        if let doubtful = state.withLock({ $0.doubtful[target] }) {
            if let found = try await find(doubtful), found.isOpen {
                if found.isSameRequest(as: draft) {
                    state.withLock { $0.doubtful[target] = nil }
                    return keep(found)
                }
                // Nobody has heard of it, and another thing is wanted by now.
                try await takeBack(found)
            }
            state.withLock { $0.doubtful[target] = nil }
        }
        var operation = draft
        operation.name = Operation.name(draft.target.name, draft.method, makeName())
        operation.startedAt = clock.unixSeconds
        var places = places(of: draft)[...]
        while true {
            operation.namespace = places.removeFirst()
            do throws(StoreError) {
                return keep(try await create(operation))
            } catch {
                // It may be there all the same: its name says so the next time.
                if error.mayPass { state.withLock { [operation] in $0.doubtful[target] = operation } }
                guard error.isOfEndingNamespace, !places.isEmpty else { throw error }
            }
        }
    }

    private func create(_ operation: Operation) async throws(StoreError) -> Operation {
        var object = operation.object
        object.metadata.finalizers = [Operation.finalizer]
        return Operation(try await store.create(object)) ?? operation
    }

    private func keep(_ operation: Operation) -> Operation {
        state.withLock { state in
            if let open = state.open[operation.line]?.first { return open }
            state.open[operation.line] = [operation]
            return operation
        }
    }

    private func find(_ operation: Operation) async throws(StoreError) -> Operation? {
        do throws(StoreError) {
            return Operation(try await store.get(operation.key))
        } catch {
            guard error.reason == .notFound else { throw error }
            return nil
        }
    }

    /// Nobody has heard of it.
    private func takeBack(_ operation: Operation) async throws(StoreError) { _ = try await takeAway(operation) }

    /// Takes back what may have been written and was not begun, when nothing is wanted of the target any more.
    func clearDoubt(_ target: String) async throws(StoreError) {
        guard let doubtful = state.withLock({ $0.doubtful[target] }) else { return }
        if let found = try await find(doubtful), found.isOpen { try await takeBack(found) }
        state.withLock { $0.doubtful[target] = nil }
    }

    /// Writes down what the provider has said so far: the task, and what will come of it.
    func note(_ operation: Operation) async throws(StoreError) -> Operation { try await write(operation) }

    /// Writes down how it ended, which counts it. An operation that is over already stays as it ended.
    func end(
        _ operation: Operation, _ outcome: Operation.Outcome, code: String = "", message: String = ""
    ) async throws(StoreError) -> Operation {
        var ended = operation
        ended.end = Operation.End(outcome: outcome, code: code, message: message, at: clock.unixSeconds)
        let written = try await write(ended)
        logger.info(
            "an operation ended",
            [
                "operation": written.method.rawValue, "target": "\(written.target.namespace)/\(written.target.name)",
                "provider": written.provider, "outcome": written.end?.outcome.rawValue ?? "", "message": written.end?.message ?? "",
            ])
        return written
    }

    private func write(_ operation: Operation) async throws(StoreError) -> Operation {
        var object = operation.object
        while true {
            do throws(StoreError) {
                let kept = try await store.update(object, .status)
                let written = Operation(kept) ?? operation
                if kept.metadata.isDeleting { dismiss([operation.uid]) }
                adopt(written)
                return written
            } catch {
                switch error.reason {
                case .conflict:
                    let now = try await store.get(operation.key)
                    if let known = Operation(now), known.uid == operation.uid, known.end != nil {
                        adopt(known)
                        return known
                    }
                    guard now.metadata.uid == operation.uid else { return lost(operation) }
                    object.metadata.resourceVersion = now.metadata.resourceVersion
                case .notFound: return lost(operation)
                default: throw error
                }
            }
        }
    }

    /// Somebody has taken the object away. What was done is done, and counted as long as this process lives.
    private func lost(_ operation: Operation) -> Operation {
        logger.warn("an operation's object was taken away before its end", ["operation": operation.name])
        adopt(operation)
        return operation
    }

    private func adopt(_ operation: Operation) {
        let isAwaited = state.withLock { state in
            let target = operation.line
            guard operation.end != nil else {
                if let place = state.open[target]?.firstIndex(where: { $0.uid == operation.uid }) { state.open[target]?[place] = operation }
                return false
            }
            guard let place = state.open[target]?.firstIndex(where: { $0.uid == operation.uid }) else { return false }
            state.open[target]?.remove(at: place)
            if state.open[target]?.isEmpty == true { state.open[target] = nil }
            Self.note(end: operation, isFolded: false, &state)
            return state.dismissed.contains(operation.uid)
        }
        if isAwaited { dismissal.withLock { $0 }() }
    }
}
