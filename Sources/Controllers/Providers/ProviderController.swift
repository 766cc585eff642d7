import ObjectStore
import Objects
package import Primitives
import ProviderRPC
import RPC
package import Reconciling
import Synchronization

/// Keeps ways to providers, looks after them, and says how they are.
package struct ProviderController: Reconciler {
    static let finalizer = "provider.infra.virtrigaud.io/finalizer"

    private let context: ControllerContext
    private let health = HealthBook()

    package init(_ context: ControllerContext) { self.context = context }

    package func controller(workers: Int = 8, logger: Logger = .silent) -> Controller {
        let controller = Controller(
            of: Provider.self, self, workers: workers, longestRetrySeconds: 60, reconcileSeconds: 120, logger: logger)
        let informers = context.informers
        controller.watch(informers.providers) { old, new in
            guard let old, let new else { return true }
            return old.metadata.generation != new.metadata.generation || old.metadata.deletionTimestamp != new.metadata.deletionTimestamp
        }
        controller.watch(informers.secrets) { informers.providersBySecret.lookup($0.name.description).map(\.name) }
        // One that is to go waits for its last machine.
        informers.machines.onChange { [queue = controller.queue] old, new in
            guard let old, new == nil, let provider = informers.providers.get(old.spec.providerRef.objectName(in: old.metadata.namespace)),
                provider.metadata.isDeleting
            else { return }
            queue.add(provider.name)
        }
        return controller
    }

    package func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult {
        guard let provider = context.informers.providers.get(name) else {
            context.links.remove(name.description)
            context.journal.forget(provider: name.description)
            health.forget(name.description)
            return .done
        }
        var work = ProviderWork(provider, context, health)
        return work.judgedByConditions(try await work.run())
    }
}

/// What was seen of providers, between two looks.
final class HealthBook: Sendable {
    struct Entry {
        var good = 0
        var bad = 0
        var capabilitiesAt: ContinuousClock.Instant?
        /// Through which they were asked for.
        var connection: ObjectIdentifier?
    }

    private let entries = Mutex<[String: Entry]>([:])

    func update<Value>(_ name: String, _ body: (inout Entry) -> Value) -> Value {
        entries.withLock { body(&$0[name, default: Entry()]) }
    }

    func forget(_ name: String) { entries.withLock { $0[name] = nil } }
}
