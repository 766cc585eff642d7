import ObjectStore
import Objects
import Reconciling
import Synchronization

/// A store that answers as the test wants: its watches tell as much as they are let, and its calls fail as often as they are told to.
final class ScriptedStore: ObjectStore {
    enum Call: Hashable { case get, list, create, update, delete, watch }

    private struct State {
        var objects: [ObjectKey: APIObject] = [:]
        var log: [WatchEvent] = []
        var places: [String: Int] = [:]
        /// So much of the log is told; nil for all.
        var limit: Int?
        /// What came before this place is not known any more.
        var start = 0
        var versions = 0
        var failures: [Call: [StoreError]] = [:]
        var calls: [Call: Int] = [:]
        var watches: [ScriptedWatch] = []
        var gates: [Call: Gate] = [:]
    }

    private let state = Mutex(State())

    // MARK: the script

    func put(_ object: APIObject) {
        _ = state.withLock { Self.keep(object, &$0) }
        poke()
    }

    /// How often the call was made.
    func calls(_ call: Call) -> Int { state.withLock { $0.calls[call] ?? 0 } }

    /// The next calls of the kind fail.
    func fail(_ call: Call, _ reasons: StoreError.Reason...) {
        state.withLock { $0.failures[call, default: []] += reasons.map { StoreError($0, "as the script wants") } }
    }

    /// Watches tell nothing of what happens from now on.
    func holdWatches() { state.withLock { $0.limit = $0.log.count } }

    func releaseWatches() {
        state.withLock { $0.limit = nil }
        poke()
    }

    /// What has happened is not known any more to who has not heard of it.
    func forgetLog() {
        state.withLock { $0.start = $0.log.count }
        poke()
    }

    func endWatches(_ error: StoreError? = nil) {
        let watches = state.withLock { state in
            defer { state.watches = [] }
            return state.watches
        }
        for watch in watches { watch.end(error) }
    }

    func bookmark() {
        let (version, watches) = state.withLock { (String(Self.version(of: $0)), $0.watches) }
        for watch in watches { watch.say(.bookmark(resourceVersion: version)) }
    }

    /// The next call of the kind, when it has its answer, waits in front of the gate.
    func gate(_ call: Call) -> Gate {
        let gate = Gate()
        state.withLock { $0.gates[call] = gate }
        return gate
    }

    // MARK: ObjectStore

    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject {
        try await answer(.get) { state throws(StoreError) in
            guard let object = state.objects[key] else { throw .notFound(key) }
            return object
        }
    }

    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        try await answer(.list) { state throws(StoreError) in
            ObjectList(items: Array(state.objects.values), resourceVersion: Self.version(of: state))
        }
    }

    func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        try await answer(.create) { state throws(StoreError) in
            var object = object
            if object.metadata.name.isEmpty { object.metadata.name = "\(object.metadata.generateName)\(state.versions)" }
            guard state.objects[object.key] == nil else { throw .alreadyExists(object.key) }
            return Self.keep(object, &state)
        }
    }

    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        try await answer(.update) { state throws(StoreError) in
            guard let known = state.objects[object.key] else { throw .notFound(object.key) }
            let version = object.metadata.resourceVersion
            guard version.isEmpty || version == known.metadata.resourceVersion else { throw .conflict(object.key, "it has changed") }
            return Self.keep(object, &state)
        }
    }

    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        try await answer(.delete) { state throws(StoreError) in
            guard var object = state.objects.removeValue(forKey: key) else { throw .notFound(key) }
            object.metadata.resourceVersion = Self.nextVersion(&state)
            state.log.append(.deleted(object))
            return nil
        }
    }

    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try await answer(.watch) { state throws(StoreError) in
            let place = state.places[version] ?? 0
            guard place >= state.start else { throw StoreError(.expired, "too old") }
            let watch = ScriptedWatch(self, place: place)
            state.watches.append(watch)
            return watch
        }
    }

    // MARK: inside

    private func answer<Value: Sendable>(
        _ call: Call, _ body: (inout State) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let (result, gate) = state.withLock { state -> (Result<Value, StoreError>, Gate?) in
            state.calls[call, default: 0] += 1
            if let failure = state.failures[call]?.first {
                state.failures[call]?.removeFirst()
                return (.failure(failure), nil)
            }
            do throws(StoreError) {
                return (.success(try body(&state)), state.gates.removeValue(forKey: call))
            } catch {
                return (.failure(error), state.gates.removeValue(forKey: call))
            }
        }
        poke()
        if let gate { await gate.pass() }
        return try result.get()
    }

    private func poke() { for watch in state.withLock({ $0.watches }) { watch.look() } }

    /// What comes at a place of the log, where it may be told.
    fileprivate func event(at place: Int) -> Result<WatchEvent, StoreError>? {
        state.withLock { state in
            if place < state.start { return .failure(StoreError(.expired, "too slow")) }
            return place < min(state.limit ?? .max, state.log.count) ? .success(state.log[place]) : nil
        }
    }

    private static func version(of state: State) -> String { state.log.last?.resourceVersion ?? "v0" }

    /// Versions whose order cannot be seen.
    private static func nextVersion(_ state: inout State) -> String {
        state.versions += 1
        let version = "v\((state.versions * 7919) % 100_003)"
        state.places[version] = state.log.count + 1
        return version
    }

    private static func keep(_ object: APIObject, _ state: inout State) -> APIObject {
        var object = object
        let known = state.objects[object.key]
        object.metadata.resourceVersion = nextVersion(&state)
        object.metadata.uid = known?.metadata.uid ?? "uid \(state.versions)"
        state.objects[object.key] = object
        state.log.append(known == nil ? .added(object) : .modified(object))
        return object
    }
}

final class ScriptedWatch: ObjectWatch {
    private struct State {
        var place: Int
        var extra: [WatchEvent] = []
        var end: Result<WatchEvent?, StoreError>?
        var waiter: CheckedContinuation<Result<WatchEvent?, StoreError>, Never>?
    }

    private let store: ScriptedStore
    private let state: Mutex<State>

    init(_ store: ScriptedStore, place: Int) {
        self.store = store
        state = Mutex(State(place: place))
    }

    func next() async throws(StoreError) -> WatchEvent? {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.waiter = continuation }
                look()
            }
        } onCancel: {
            end(nil)
        }
        return try result.get()
    }

    func stop() { end(nil) }

    func end(_ error: StoreError?) {
        state.withLock { if $0.end == nil { $0.end = error.map { .failure($0) } ?? .success(nil) } }
        look()
    }

    func say(_ event: WatchEvent) {
        state.withLock { $0.extra.append(event) }
        look()
    }

    func look() {
        let (waiter, result) = state.withLock {
            state -> (CheckedContinuation<Result<WatchEvent?, StoreError>, Never>?, Result<WatchEvent?, StoreError>) in
            guard let waiter = state.waiter else { return (nil, .success(nil)) }
            var result = state.end
            if result == nil, !state.extra.isEmpty {
                result = .success(state.extra.removeFirst())
            } else if result == nil, let event = store.event(at: state.place) {
                state.place += 1
                result = event.map { $0 }
            }
            guard let result else { return (nil, .success(nil)) }
            state.waiter = nil
            return (waiter, result)
        }
        waiter?.resume(returning: result)
    }
}

/// Holds who comes until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var isReached = false
        var held: [CheckedContinuation<Void, Never>] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { continuation in
            let woken = state.withLock { state in
                state.isReached = true
                defer { state.watchers = [] }
                if state.isOpen { return state.watchers + [continuation] }
                state.held.append(continuation)
                return state.watchers
            }
            for one in woken { one.resume() }
        }
    }

    /// Waits until somebody stands in front of it.
    func reached() async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if !state.isReached { state.watchers.append(continuation) }
                return state.isReached
            }
            if isReached { continuation.resume() }
        }
    }

    func open() {
        let held = state.withLock { state in
            state.isOpen = true
            defer { state.held = [] }
            return state.held
        }
        for one in held { one.resume() }
    }
}
