import ObjectStore
import Objects
import Synchronization

/// A store that dies at a write, as a manager does that is killed there: nothing is written any more until it is mended.
final class FragileStore: ObjectStore {
    private let inner: any ObjectStore
    private let state = Mutex<(left: Int?, isKept: Bool)>((nil, false))

    init(_ inner: any ObjectStore) { self.inner = inner }

    /// - Parameter writes: how many are answered.
    /// - Parameter isKept: whether the one after them is kept all the same, and only its answer is lost.
    func breakAfter(_ writes: Int, isKept: Bool) { state.withLock { $0 = (writes, isKept) } }

    func mend() { state.withLock { $0 = (nil, false) } }

    var isBroken: Bool { state.withLock { ($0.left ?? 1) < 0 } }

    private static let death = StoreError(.unavailable, "the store is broken by a test")

    private func write<Value>(_ body: () async throws(StoreError) -> Value) async throws(StoreError) -> Value {
        let (isAnswered, isDone) = state.withLock { state in
            guard let left = state.left else { return (true, true) }
            state.left = max(-1, left - 1)
            return (left > 0, left > 0 || left == 0 && state.isKept)
        }
        guard isDone else { throw Self.death }
        let value = try await body()
        guard isAnswered else { throw Self.death }
        return value
    }

    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject { try await inner.get(key) }

    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        try await inner.list(kind, in: namespace, selector)
    }

    func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        try await write { () async throws(StoreError) in try await inner.create(object) }
    }

    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        try await write { () async throws(StoreError) in try await inner.update(object, part) }
    }

    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        try await write { () async throws(StoreError) in try await inner.delete(key, precondition) }
    }

    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try await inner.watch(kind, in: namespace, from: version)
    }
}
