import ObjectStore
import Objects
package import Primitives
package import Reconciling

/// Keeps so many machines of one template, with numbers for names.
package struct VMSetController: Reconciler {
    private let context: ControllerContext

    package init(_ context: ControllerContext) { self.context = context }

    package func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult {
        guard let set = context.informers.sets.get(name) else { return .done }
        var work = SetWork(set, context)
        return work.judgedByConditions(try await work.run())
    }

    /// The controller, with all that it looks at.
    package func controller(workers: Int = 8, logger: Logger = .silent) -> Controller {
        let controller = Controller(of: VMSet.self, self, workers: workers, logger: logger)
        let informers = context.informers
        controller.watch(informers.sets) { old, new in
            guard let old, let new else { return true }
            return old.metadata.generation != new.metadata.generation || old.metadata.finalizers != new.metadata.finalizers
        }
        informers.machines.onChange { [queue = controller.queue] old, new in
            if let old, let new, SetMember.isSame(old, new) { return }
            for machine in [old, new].compactMap({ $0 }) { if let name = SetMember.set(of: machine) { queue.add(name) } }
        }
        return controller
    }
}
