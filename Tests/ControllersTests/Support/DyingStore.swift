import ObjectStore
import Objects
import Synchronization

/// A store that a manager loses at one of its writes, as when it dies there: that write and all after it come to nothing.
final class DyingStore: ObjectStore {
    enum Death: String, CaseIterable, Sendable {
        /// The write was not made.
        case before
        /// It was made, and nobody heard of it.
        case after
    }

    private struct State {
        var left: Int?
        var death = Death.before
        var isDead = false
    }

    private let base: any ObjectStore
    private let counted: [ResourceKind]
    private let state = Mutex(State())

    /// - Parameter counted: kinds whose writes are counted.
    init(_ base: any ObjectStore, counting counted: [ResourceKind] = ResourceKind.all) {
        self.base = base
        self.counted = counted
    }

    var isDead: Bool { state.withLock { $0.isDead } }

    /// - Parameter number: of the write, from 1 on; nil for none, so that all goes on.
    func die(at number: Int?, _ death: Death = .before) { state.withLock { $0 = State(left: number, death: death) } }

    private func write<Value>(
        _ kind: ResourceKind, _ body: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let lost = StoreError(.unavailable, "the store is gone")
        let isLast: Bool? = state.withLock { state in
            if state.isDead { return nil }
            guard let left = state.left, counted.contains(kind) else { return false }
            state.left = left - 1
            state.isDead = left <= 1
            return state.isDead
        }
        guard let isLast else { throw lost }
        if !isLast { return try await body() }
        if state.withLock({ $0.death }) == .after { _ = try await body() }
        throw lost
    }

    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject { try await base.get(key) }

    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        try await base.list(kind, in: namespace, selector)
    }

    func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        try await write(object.key.kind) { () async throws(StoreError) in try await base.create(object) }
    }

    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        try await write(object.key.kind) { () async throws(StoreError) in try await base.update(object, part) }
    }

    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        try await write(key.kind) { () async throws(StoreError) in try await base.delete(key, precondition) }
    }

    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try await base.watch(kind, in: namespace, from: version)
    }
}
