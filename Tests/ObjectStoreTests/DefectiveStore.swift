import ObjectStoreConformance
import Objects
import Synchronization

@testable import ObjectStore

/// A store that does not do what one check is about, and everything else.
final class DefectiveStore: ObjectStore {
    private let defect: Check
    private let inner: any ObjectStore
    private let calls = Atomic(0)

    init(_ defect: Check, _ inner: any ObjectStore) {
        self.defect = defect
        self.inner = inner
    }

    private var isThird: Bool { calls.add(1, ordering: .relaxed).newValue % 3 == 0 }

    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject { try await inner.get(key) }

    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        var list = try await inner.list(kind, in: namespace, selector)
        if defect == .lists { list.items.reverse() }
        return list
    }

    func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        var object = object
        switch defect {
        case .create:
            var made = try await inner.create(object)
            made.metadata.uid = object.metadata.uid
            return made
        case .refusals:
            object.metadata.labels = [:]
        case .generatedNames where object.metadata.name.isEmpty && !object.metadata.generateName.isEmpty:
            object.metadata.name = object.metadata.generateName + "12345"
        case .sizes:
            if let note = object.spec["parameters"]?["note"]?.text {
                object.spec = ["parameters": ["note": .text(String(note.prefix(1000)))]]
            }
        case .rivals:
            do throws(StoreError) {
                return try await inner.create(object)
            } catch  where error.reason == .alreadyExists {
                return try await inner.get(object.key)
            }
        default: break
        }
        return try await inner.create(object)
    }

    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        var object = object
        switch (defect, part) {
        case (.update, .main):
            for (name, value) in try await inner.get(object.key).metadata.labels where object.metadata.labels[name] == nil {
                object.metadata.labels[name] = value
            }
        // Said to be done, and lost.
        case (.writers, .main) where isThird: return object
        case (.conflicts, _), (.model, _): object.metadata.resourceVersion = ""
        case (.noChange, .main): object.metadata.annotations["call"] = "\(calls.add(1, ordering: .relaxed).newValue)"
        case (.generation, _):
            var changed = try await inner.update(object, part)
            changed.metadata.generation += part == .status ? 1 : 0
            return changed
        case (.status, .status):
            let status = object.status
            var changed = try await inner.update(object, .main)
            changed.status = status
            return try await inner.update(changed, .status)
        default: break
        }
        return try await inner.update(object, part)
    }

    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        switch defect {
        case .delete:
            var last = try await inner.get(key)
            last.metadata.labels = ["gone": "yes"]
            return try await inner.update(last, .main)
        case .finalizers:
            var last = try await inner.get(key)
            last.metadata.finalizers = []
            _ = try await inner.update(last, .main)
            return try await inner.delete(key, precondition)
        case .preconditions: return try await inner.delete(key, DeletePrecondition())
        default: return try await inner.delete(key, precondition)
        }
    }

    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        let scope = defect == .watchNamespaces ? nil : namespace
        let watch = try await inner.watch(kind, in: scope, from: version)
        switch defect {
        case .watch, .watchEnds, .watchers, .bookmarks: return DefectiveWatch(defect, watch)
        default: return watch
        }
    }
}

final class DefectiveWatch: ObjectWatch {
    private let defect: Check
    private let inner: any ObjectWatch
    private let kept = Mutex<(last: WatchEvent?, count: Int)>((nil, 0))

    init(_ defect: Check, _ inner: any ObjectWatch) {
        self.defect = defect
        self.inner = inner
    }

    func next() async throws(StoreError) -> WatchEvent? {
        if let last = kept.withLock({ $0.last }) {
            kept.withLock { $0.last = nil }
            return last
        }
        guard let event = try await inner.next() else {
            // As if there were something, whatever was asked for.
            return defect == .watchEnds ? .modified(APIObject(.virtualMachine, ObjectMetadata(name: "ghost"))) : nil
        }
        let count = kept.withLock { kept in
            kept.count += 1
            return kept.count
        }
        // Every third comes twice, or not at all, or says that it is none.
        guard count.isMultiple(of: 3) || defect == .bookmarks else { return event }
        switch defect {
        case .watch: kept.withLock { $0.last = event }
        case .watchers: return try await inner.next()
        case .bookmarks: return event.object == nil ? .bookmark(resourceVersion: "999999") : event
        default: break
        }
        return event
    }

    func stop() { inner.stop() }
}
