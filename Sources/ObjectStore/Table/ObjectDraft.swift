package import Objects

/// Requests that are to become changes together: each sees what those before it did, and no one else does, until they are applied.
package struct ObjectDraft: Sendable {
    private let rules: ObjectRules
    /// nil of what is gone.
    private var now: [ObjectKey: KeptObject?] = [:]
    package private(set) var changes: [ObjectChange] = []
    /// Each change's object as JSON; empty of what is gone.
    package private(set) var texts: [[UInt8]] = []
    /// Of all texts.
    package private(set) var bytes = 0
    /// Of the last change.
    package private(set) var version: Int64

    /// - Parameter version: after which the changes count.
    package init(_ rules: ObjectRules, after version: Int64) {
        self.rules = rules
        self.version = version
    }

    /// Does the request as far as memory goes.
    /// - Parameter kept: what is there outside of the draft.
    /// - Returns: the object as it will be kept; nil when it will be gone. A refusal leaves the draft as it was.
    package mutating func evaluate(_ request: ObjectRequest, _ kept: (ObjectKey) -> KeptObject?) throws(StoreError) -> APIObject? {
        switch request {
        case .create(let object): return try create(object, kept)
        case .update(let object, let part):
            let old = try existing(object.key, kept)
            switch try rules.updated(old.object, to: object, part) {
            case .unchanged: return old.object
            case .changed(let new): return try note(.modified, new)
            // Who took the last finalizer away is shown what he made of the object.
            case .gone(let last): return try note(.deleted, last)
            }
        case .delete(let key, let precondition):
            let old = try existing(key, kept)
            switch try rules.deleted(old.object, precondition) {
            case .unchanged: return old.object
            case .changed(let new): return try note(.modified, new)
            case .gone(let last):
                _ = try note(.deleted, last)
                return nil
            }
        }
    }

    private mutating func create(_ object: APIObject, _ kept: (ObjectKey) -> KeptObject?) throws(StoreError) -> APIObject {
        var named = rules.named(object)
        // Among a million names with the same beginning, eight that are all taken are as rare as nothing else here.
        var tries = 8
        while object.metadata.name.isEmpty, tries > 0, current(named.key, kept) != nil {
            named = rules.named(object)
            tries -= 1
        }
        let created = try rules.created(named)
        guard current(created.key, kept) == nil else { throw .alreadyExists(created.key) }
        return try note(.added, created)
    }

    private func current(_ key: ObjectKey, _ kept: (ObjectKey) -> KeptObject?) -> KeptObject? {
        if let noted = now[key] { return noted }
        return kept(key)
    }

    private func existing(_ key: ObjectKey, _ kept: (ObjectKey) -> KeptObject?) throws(StoreError) -> KeptObject {
        guard let object = current(key, kept) else { throw .notFound(key) }
        return object
    }

    private mutating func note(_ action: ObjectChange.Action, _ object: APIObject) throws(StoreError) -> APIObject {
        let next = version + 1
        var object = object
        object.metadata.resourceVersion = String(next)
        let text = object.json
        guard text.count <= ContentLimits.bytes || action == .deleted else {
            throw StoreError(
                .tooLarge, "\(object.key) is \(text.count) bytes as JSON, and \(ContentLimits.bytes) are taken at most; make it smaller",
                key: object.key)
        }
        let kept = KeptObject(object, version: next, bytes: text.count)
        version = next
        changes.append(ObjectChange(action, kept))
        texts.append(action == .deleted ? [] : text)
        bytes += text.count
        now[object.key] = .some(action == .deleted ? nil : kept)
        return object
    }
}
