package import ObjectStore
package import Objects
package import Primitives
import Synchronization

/// Follows the objects of one kind: a cache that is read without asking the store, and handlers that hear of each change.
///
/// The cache is behind the store by as long as its word takes. What is written through the informer (`create`, `update`, `delete`) is in
/// the cache at once, so that a controller does not act twice on what it has changed itself; handlers hear of it when the store tells it.
package final class Informer<Kind: TypedKind>: Sendable {
    /// Nil for what was not there before, and for what is gone. Called for one change at a time, in order, and without a lock.
    package typealias Handler = @Sendable (_ old: Kind?, _ new: Kind?) -> Void

    fileprivate enum Delivery: Sendable {
        /// To so many of the handlers: those that were there.
        case change(InformerCache<Kind>.Change, handlers: Int)
        case start(Kind, handler: Int)
        case synced
    }

    struct State {
        var cache = InformerCache<Kind>()
        fileprivate var handlers: [Handler] = []
        fileprivate var deliveries = Line<Delivery>()
        fileprivate var isDelivering = false
        fileprivate var hasSynced = false
        fileprivate var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
        fileprivate var next = 0
        var heardAt: TimeSource.Instant?
    }

    let state = Mutex(State())
    let store: any ObjectStore
    let namespace: String?
    let resyncSeconds: Double?
    let time: TimeSource
    let chance: @Sendable () -> Double
    let logger: Logger

    /// - Parameters:
    ///   - namespace: nil for all.
    ///   - resyncSeconds: how often handlers are called for every object though nothing has changed; nil for never.
    ///   - chance: 0 to 1, for pauses.
    package init(
        _ store: any ObjectStore, in namespace: String? = nil, resyncSeconds: Double? = nil, time: TimeSource = .system,
        chance: @escaping @Sendable () -> Double = { Double.random(in: 0...1) }, logger: Logger = .silent
    ) {
        self.store = store
        self.namespace = namespace
        self.resyncSeconds = resyncSeconds
        self.time = time
        self.chance = chance
        self.logger = logger
    }

    // MARK: reading

    package func get(_ name: ObjectName) -> Kind? { state.withLock { $0.cache.items[name] } }

    package func get(_ namespace: String, _ name: String) -> Kind? { get(ObjectName(namespace, name)) }

    /// In no order.
    /// - Parameter namespace: nil for all.
    package func list(in namespace: String? = nil) -> [Kind] {
        let items = state.withLock { $0.cache.items }
        guard let namespace else { return Array(items.values) }
        return items.values.filter { $0.object.metadata.namespace == namespace }
    }

    package var count: Int { state.withLock { $0.cache.items.count } }

    /// Makes an index; of a title that there is, it is that one.
    ///
    /// - Parameter values: of an object, by which it shall be found. Called under a lock: it looks at the object and at nothing else.
    package func index(_ title: String, _ values: @escaping @Sendable (Kind) -> [String]) -> InformerIndex<Kind> {
        InformerIndex(self, state.withLock { $0.cache.index(title, values) })
    }

    func lookup(_ index: Int, _ value: String) -> [Kind] { state.withLock { $0.cache.lookup(index, value) } }

    func count(_ index: Int, _ value: String) -> Int { state.withLock { $0.cache.count(index, value) } }

    /// Seconds since the store last told something: a list, a change, or that there was none. Nil before the first.
    package var silenceSeconds: Double? {
        let now = time.now
        return state.withLock { $0.heardAt }.map { max(0, (now - $0).seconds) }
    }

    // MARK: handlers

    /// Has every change told from now on, and before these the objects that are there, as new ones.
    package func onChange(_ handler: @escaping Handler) {
        state.withLock { state in
            state.handlers.append(handler)
            for item in state.cache.allTold { state.deliveries.append(.start(item, handler: state.handlers.count - 1)) }
        }
        deliver()
    }

    /// Changes the cache and calls handlers with what changed.
    func change(_ body: (inout InformerCache<Kind>) -> [InformerCache<Kind>.Change]) {
        let now = time.now
        state.withLock { state in
            state.heardAt = now
            for change in body(&state.cache) { state.deliveries.append(.change(change, handlers: state.handlers.count)) }
        }
        deliver()
    }

    /// Tells handlers of every object, as one that has changed into itself.
    func resync() {
        state.withLock { state in
            for item in state.cache.allTold {
                state.deliveries.append(.change(InformerCache.Change(old: item, new: item), handlers: state.handlers.count))
            }
        }
        deliver()
    }

    /// Whoever comes first delivers for all who come meanwhile, so that the order holds without a lock being held.
    private func deliver() {
        var isFirst = true
        while true {
            let next: (Delivery, [Handler])? = state.withLock { state in
                if isFirst {
                    guard !state.isDelivering else { return nil }
                    state.isDelivering = true
                    isFirst = false
                }
                guard let delivery = state.deliveries.popFirst() else {
                    state.isDelivering = false
                    return nil
                }
                return (delivery, state.handlers)
            }
            guard let (delivery, handlers) = next else { return }
            switch delivery {
            case .change(let change, let count): for handler in handlers.prefix(count) { handler(change.old, change.new) }
            case .start(let item, let place): handlers[place](nil, item)
            case .synced: endWaiting(isSynced: true)
            }
        }
    }

    // MARK: whether it has begun

    /// Whether the cache had all objects at one time, and handlers were told of them.
    package var hasSynced: Bool { state.withLock { $0.hasSynced } }

    /// - Returns: false when the task is cancelled before.
    package func synced() async -> Bool {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.hasSynced { return true }
                    if Task.isCancelled { return false }
                    state.waiters[number] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: false)
        }
    }

    /// To be said behind the changes of a list.
    func noteSynced() {
        state.withLock { state in
            if !state.hasSynced { state.deliveries.append(.synced) }
        }
        deliver()
    }

    private func endWaiting(isSynced: Bool) {
        let waiters = state.withLock { state in
            state.hasSynced = isSynced
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: true) }
    }
}
