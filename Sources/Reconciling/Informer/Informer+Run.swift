import ObjectStore
import Objects
import Primitives
import Synchronization

/// What a `ControllerSet` runs beside its controllers.
package protocol RunnableInformer: Sendable {
    /// Of the kind, as messages say it.
    var title: String { get }
    var hasSynced: Bool { get }

    /// Follows the store until its task is cancelled. To be called once.
    func run() async

    /// - Returns: false when the task is cancelled before.
    func synced() async -> Bool
}

extension Informer: RunnableInformer {
    package var title: String { Kind.kind.qualifiedName }

    /// What was written and not told of for so long, while the store went on telling, never will be.
    static var writtenSeconds: Double { 300 }

    /// A watch that ended sooner, and told nothing, is not begun again at once.
    private static var shortSeconds: Double { 5 }

    package func run() async {
        guard let resyncSeconds, resyncSeconds > 0 else { return await follow() }
        await withDiscardingTaskGroup { group in
            group.addTask { await self.resync(everySeconds: resyncSeconds) }
            await follow()
            group.cancelAll()
        }
    }

    private func follow() async {
        var backoff = Backoff()
        while !Task.isCancelled {
            do throws(StoreError) {
                let version = try await readAll()
                try await watch(from: version, &backoff)
            } catch {
                guard !Task.isCancelled else { return }
                await pause(&backoff, error)
            }
        }
    }

    /// Watches until it is to be listed again.
    private func watch(from version: String, _ backoff: inout Backoff) async throws(StoreError) {
        var version = version
        while !Task.isCancelled {
            let start = (version: version, at: time.now)
            do throws(StoreError) {
                let watch = try await store.watch(Kind.kind, in: namespace, from: version)
                defer { watch.stop() }
                while let event = try await watch.next() {
                    hear(event)
                    version = event.resourceVersion
                    backoff.reset()
                }
            } catch {
                guard !Task.isCancelled else { return }
                if error.reason == .expired {
                    logger.info("listing again, as changes were lost", ["kind": title, "reason": error.message])
                    // A store that says so each time is not to be asked without end.
                    if version == start.version { await sleep(&backoff) }
                    return
                }
                await pause(&backoff, error)
                continue
            }
            let seconds = (time.now - start.at).seconds
            if version == start.version, seconds < Self.shortSeconds { await sleep(&backoff) } else { backoff.reset() }
        }
    }

    /// - Returns: where to watch from.
    private func readAll() async throws(StoreError) -> String {
        let start = state.withLock { $0.cache.willList() }
        let list = try await store.list(Kind.kind, in: namespace)
        let cache = state.withLock { $0.cache }
        let listed = list.items.map { object in
            let (name, version) = (ObjectName(object.metadata), object.metadata.resourceVersion)
            let isKnown = cache.told(name)?.object.metadata.resourceVersion == version
            return Listed(name: name, version: version, item: isKnown ? nil : Kind(object))
        }
        change { $0.tell(listed, since: start) }
        noteSynced()
        for name in state.withLock({ $0.cache.unsure }) { await makeSure(name, nil) }
        return list.resourceVersion
    }

    private func hear(_ event: WatchEvent) {
        change { cache in cache.tell(event).map { [$0] } ?? [] }
        let limit = time.now.advanced(by: .seconds(-Self.writtenSeconds))
        let dropped = state.withLock { $0.cache.isAhead ? $0.cache.dropWritten(before: limit) : [] }
        for name in dropped {
            logger.warn("the store has not told of what was written; what it told is shown again", ["kind": title, "name": name])
        }
    }

    /// Tells handlers of every object, as one that has changed into itself.
    private func resync(everySeconds seconds: Double) async {
        while true {
            await time.sleep(seconds: seconds * (1 + 0.1 * chance()))
            guard !Task.isCancelled else { return }
            guard hasSynced else { continue }
            resync()
        }
    }

    private func pause(_ backoff: inout Backoff, _ error: StoreError) async {
        // Once, not each time it is asked again.
        if backoff.isAtRest {
            logger.warn("the store does not tell its objects", ["kind": title, "reason": error.message])
        } else {
            logger.debug("the store does not tell its objects", ["kind": title, "reason": error.message])
        }
        await sleep(&backoff)
    }

    private func sleep(_ backoff: inout Backoff) async { await time.sleep(seconds: backoff.next(chance: chance())) }
}
