package import Objects

/// Who keeps the objects, by the rules of Kubernetes' API.
///
/// - A change says of which state it is a change: its `resourceVersion`. When the object has another one now, it is a `conflict`; an empty one changes whatever is there.
/// - The store gives uid, resourceVersion, generation, creationTimestamp and deletionTimestamp; what a client says of these is not taken.
/// - An object with finalizers that is deleted gets a `deletionTimestamp` and goes when its last finalizer is taken away.
/// - What `create`, `update` and `delete` have answered is on the disk.
///
/// Errors are `StoreError`s; `unavailable` ones may go away by themselves, all others want another request.
package protocol ObjectStore: Sendable {
    /// - Throws: `notFound`.
    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject

    /// All objects of the kind at one moment, in the order of namespace and name.
    /// - Parameter namespace: nil for all.
    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList

    /// - Parameter object: without a name it must have a `generateName`.
    /// - Returns: the object as it is kept.
    /// - Throws: `alreadyExists`, `invalid`.
    func create(_ object: APIObject) async throws(StoreError) -> APIObject

    /// Puts the object in place of what is there. One whose last finalizer goes by this, and that is being deleted, is gone then.
    /// - Parameter part: of `.main` the status stays as it is; of `.status` everything but the status does.
    /// - Returns: the object as it is kept; an update that changes nothing keeps its resourceVersion.
    /// - Throws: `notFound`, `conflict` (also for a uid that is another's), `invalid`.
    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject

    /// Asks the object to go.
    /// - Parameter precondition: which object, and in which state, is meant.
    /// - Returns: the object as it is kept, or nil when it is gone at once.
    /// - Throws: `notFound`, `conflict` when the precondition does not hold.
    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject?

    /// What happens to objects of the kind after a resourceVersion, in order, each change once.
    /// - Parameter version: of a list; everything after it comes.
    /// - Throws: `expired` when what came after it is not known any more: list again.
    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch
}

extension ObjectStore {
    package func list(_ kind: ResourceKind, in namespace: String? = nil) async throws(StoreError) -> ObjectList {
        try await list(kind, in: namespace, .everything)
    }

    package func update(_ object: APIObject) async throws(StoreError) -> APIObject { try await update(object, .main) }

    package func delete(_ key: ObjectKey) async throws(StoreError) -> APIObject? { try await delete(key, DeletePrecondition()) }
}

/// What of an object is written.
package enum ObjectPart: Sendable {
    /// All but its status, where its kind has a status of its own.
    case main
    case status
}

/// What must be so for an object to be deleted; nil is not looked at.
package struct DeletePrecondition: Sendable, Hashable {
    package var uid: String?
    package var resourceVersion: String?

    package init(uid: String? = nil, resourceVersion: String? = nil) {
        self.uid = uid
        self.resourceVersion = resourceVersion
    }
}

/// Objects at one moment.
package struct ObjectList: Sendable {
    package var items: [APIObject]
    /// Of that moment: where to watch from.
    package var resourceVersion: String

    package init(items: [APIObject], resourceVersion: String) {
        self.items = items
        self.resourceVersion = resourceVersion
    }
}
