package import Objects
import Synchronization

/// Objects in memory and nowhere else: for tests, and for what need not outlive the process.
package final class MemoryObjectStore: ObjectStore {
    private let table: SharedTable
    private let rules: ObjectRules
    private let writing = Mutex(())

    /// - Parameter bookmarkSeconds: how long a watch without news waits until it says that there are none.
    package init(rules: ObjectRules = ObjectRules(), bookmarkSeconds: Double = 60) {
        self.rules = rules
        table = SharedTable(ObjectTable(version: 1), bookmarkSeconds: bookmarkSeconds)
    }

    init(_ table: ObjectTable) {
        rules = ObjectRules()
        self.table = SharedTable(table)
    }

    package func get(_ key: ObjectKey) async throws(StoreError) -> APIObject {
        guard let kept = table.object(key) else { throw .notFound(key) }
        return kept.object
    }

    package func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        table.list(kind, in: namespace, selector)
    }

    package func create(_ object: APIObject) async throws(StoreError) -> APIObject { try change(.create(object)) ?? object }

    package func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        try change(.update(object, part)) ?? object
    }

    package func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        try change(.delete(key, precondition))
    }

    package func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try table.watch(kind, in: namespace, from: version)
    }

    /// Ends all watches in good order.
    package func close() { table.close() }

    private func change(_ request: ObjectRequest) throws(StoreError) -> APIObject? {
        let result: Result<APIObject?, StoreError> = writing.withLock { _ in
            var draft = ObjectDraft(rules, after: table.version)
            do throws(StoreError) {
                let answer = try draft.evaluate(request, table.object)
                table.apply(draft.changes)
                return .success(answer)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
