package import Objects

/// An object in one of its states, which lists, histories and readers share.
package final class KeptObject: Sendable {
    package let object: APIObject
    /// Its resourceVersion as the number that it is here.
    package let version: Int64
    /// As JSON.
    package let bytes: Int

    package init(_ object: APIObject, version: Int64, bytes: Int) {
        self.object = object
        self.version = version
        self.bytes = bytes
    }
}

/// A change of a table: one object, one version.
package struct ObjectChange: Sendable {
    package enum Action: Sendable { case added, modified, deleted }

    package let action: Action
    /// As it is now; of one that is gone, as it was, with the version of its going.
    package let kept: KeptObject

    package init(_ action: Action, _ kept: KeptObject) {
        self.action = action
        self.kept = kept
    }

    package var event: WatchEvent {
        switch action {
        case .added: .added(kept.object)
        case .modified: .modified(kept.object)
        case .deleted: .deleted(kept.object)
        }
    }
}

/// What somebody wants to be changed.
package enum ObjectRequest: Sendable {
    case create(APIObject)
    case update(APIObject, ObjectPart)
    case delete(ObjectKey, DeletePrecondition)
}
