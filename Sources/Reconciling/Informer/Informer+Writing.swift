package import ObjectStore
package import Objects
import Synchronization

/// Writes that are in the cache when they have returned, and do not leave it for an older state.
extension Informer {
    /// Errors: those of the store.
    package func create(_ object: APIObject) async throws(StoreError) -> Kind {
        let name = object.metadata.name.isEmpty ? nil : ObjectName(object.metadata)
        return try await write(name) { () async throws(StoreError) in try await self.store.create(object) }
    }

    /// Errors: those of the store.
    package func update(_ object: APIObject, _ part: ObjectPart = .main) async throws(StoreError) -> Kind {
        try await write(ObjectName(object.metadata)) { () async throws(StoreError) in try await self.store.update(object, part) }
    }

    /// Asks this object to go, and none that has taken its name since.
    ///
    /// - Returns: the object as it is kept; nil when it is gone.
    ///
    /// Errors: those of the store.
    package func delete(_ object: APIObject) async throws(StoreError) -> Kind? {
        let (name, uid) = (ObjectName(object.metadata), object.metadata.uid)
        let number = willWrite(name)
        do throws(StoreError) {
            let left = try await store.delete(object.key, DeletePrecondition(uid: uid))
            await didWrite(number, name, left, uid: uid)
            return left.map { Kind($0) }
        } catch {
            didNotWrite(number)
            throw error
        }
    }

    private func write(
        _ name: ObjectName?, _ body: () async throws(StoreError) -> APIObject
    ) async throws(StoreError) -> Kind {
        let number = willWrite(name)
        let object: APIObject
        do throws(StoreError) {
            object = try await body()
        } catch {
            didNotWrite(number)
            throw error
        }
        let metadata = object.metadata
        // By this the last finalizer of one that was asked to go was taken away.
        let isGone = metadata.isDeleting && metadata.finalizers.isEmpty
        await didWrite(number, ObjectName(metadata), isGone ? nil : object, uid: metadata.uid)
        return Kind(object)
    }

    private func willWrite(_ name: ObjectName?) -> Int { state.withLock { $0.cache.willWrite(name) } }

    private func didNotWrite(_ number: Int) { state.withLock { $0.cache.didNotWrite(number) } }

    private func didWrite(_ number: Int, _ name: ObjectName, _ object: APIObject?, uid: String) async {
        let now = time.now
        let isSure = state.withLock { $0.cache.didWrite(number, name, object, uid: uid, at: now) }
        if !isSure { await makeSure(name, object) }
    }

    /// Reads one object from the store, when nobody can tell whether what was written or what was told is the newer.
    ///
    /// - Parameter written: shown when the store cannot be read; nil when it is already.
    func makeSure(_ name: ObjectName, _ written: APIObject?) async {
        while true {
            let number = willWrite(name)
            var object: APIObject?
            do throws(StoreError) {
                object = try await store.get(ObjectKey(Kind.kind, name.namespace, name.name))
            } catch {
                if error.reason != .notFound {
                    let now = time.now
                    return state.withLock { state in
                        guard let written else { return state.cache.didNotWrite(number) }
                        state.cache.didNotRead(number, name, written, at: now)
                    }
                }
            }
            let now = time.now
            if state.withLock({ $0.cache.didRead(number, name, object, at: now) }) { return }
        }
    }
}
