package import ObjectStore
package import Objects
package import Primitives

/// Objects in one SQLite file, which is this process's alone, and in memory.
///
/// What `create`, `update` and `delete` have answered survives the process and the machine. One that is refused with `unavailable` (a full disk) has
/// changed nothing here, and may be tried again; where the commit itself failed it may be there after the next start, as may be any request that was
/// not answered. After a start, watches from versions of before are `expired`.
package final class EmbeddedObjectStore: ObjectStore {
    let line: WriteLine
    private let table: SharedTable
    let file: ObjectFile

    /// Opens the file, or makes it, and reads all objects.
    ///
    /// Errors: those of `Database`, which name the file and say what to do; `malformed` also for objects that cannot be read.
    ///
    /// - Parameters:
    ///   - path: its folder is made, for this user alone, when it is missing.
    ///   - kinds: all that may be asked for.
    ///   - bookmarkSeconds: how long a watch without news waits until it says that there are none.
    package init(
        _ path: String, kinds: [ResourceKind] = ResourceKind.all, rules: ObjectRules = ObjectRules(), bookmarkSeconds: Double = 60
    ) async throws(Failure) {
        file = try await ObjectFile(path, kinds: kinds)
        do {
            table = SharedTable(try await file.table(), bookmarkSeconds: bookmarkSeconds)
        } catch {
            await file.close()
            throw error
        }
        line = WriteLine(file, table, rules)
    }

    /// Does what was asked for before, ends all watches in good order and lets go of the file.
    package func close() async {
        await line.close()
        table.close()
        await file.close()
    }

    /// How many objects of the kind there are.
    package func count(of kind: ResourceKind) -> Int { table.count(of: kind) }

    package func get(_ key: ObjectKey) async throws(StoreError) -> APIObject {
        try check(key.kind)
        guard let kept = table.object(key) else { throw .notFound(key) }
        return kept.object
    }

    package func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        try check(kind)
        return table.list(kind, in: namespace, selector)
    }

    package func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        try check(object.kind)
        return try await line.change(.create(object)) ?? object
    }

    package func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        try check(object.kind)
        return try await line.change(.update(object, part)) ?? object
    }

    package func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        try check(key.kind)
        return try await line.change(.delete(key, precondition))
    }

    package func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try check(kind)
        return try table.watch(kind, in: namespace, from: version)
    }

    /// What is kept of a kind that the next start does not know would be lost without a word.
    private func check(_ kind: ResourceKind) throws(StoreError) {
        guard file.has(kind) else { throw StoreError(.notFound, "this store keeps no \(kind.qualifiedName)") }
    }
}
