import ObjectStore
import Objects
package import Primitives
package import Reconciling

/// Makes machines from others: one clone on the hypervisor, and one VirtualMachine for it, whenever the manager is stopped and goes on.
package struct VMCloneController: Reconciler {
    private let context: ControllerContext

    private let workers: Int
    private let shares: WorkerShares

    package init(_ context: ControllerContext, workers: Int = 16) {
        self.context = context
        self.workers = workers
        shares = WorkerShares(workers: workers)
    }

    package func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult {
        guard let clone = context.informers.clones.get(name) else {
            shares.leaveLine(name)
            return .done
        }
        let work = CloneWork(clone, context)
        let provider = context.journal.open(clone.metadata.uid)?.provider ?? work.source?.providerName
        return try await shares.look(at: name, of: provider) { () async throws(ReconcileError) in
            var work = work
            return work.judgedByConditions(try await work.run())
        }
    }

    /// The controller, with all that it looks at.
    package func controller(logger: Logger = .silent) -> Controller {
        let controller = Controller(of: VMClone.self, self, workers: workers, logger: logger)
        shares.onRoom { [queue = controller.queue] in queue.add($0) }
        let informers = context.informers
        controller.watch(informers.clones) { old, new in
            guard let old, let new else { return true }
            return old.metadata.generation != new.metadata.generation || old.metadata.annotations != new.metadata.annotations
        }
        context.forget(informers.clones)
        // The source, until it is there; the machine that was made, until it runs.
        informers.machines.onChange { [queue = controller.queue] old, new in
            guard let machine = new ?? old else { return }
            if let old, let new, SetMember.isSame(old, new), old.status.id == new.status.id { return }
            for clone in informers.clonesByMachine.lookup(machine.name.description) where !clone.isOver { queue.add(clone.name) }
            if let name = CloneTarget.clone(of: machine) { queue.add(name) }
        }
        informers.providers.onChange { [queue = controller.queue] old, new in
            guard old?.status.isHealthy != new?.status.isHealthy else { return }
            for clone in informers.clones.list() where !clone.isOver { queue.add(clone.name) }
        }
        // After a start providers are as healthy as their objects say, and nothing of them changes.
        context.links.onConnect { [queue = controller.queue] _ in
            for clone in informers.clones.list() where !clone.isOver { queue.add(clone.name) }
        }
        return controller
    }
}

extension VMClone {
    /// Whether nothing is to be waited for any more.
    var isOver: Bool { (status.phase == .ready || status.phase == .failed) && !metadata.isDeleting }

    var targetName: ObjectName {
        let said = spec.target.namespace ?? ""
        return ObjectName(said.isEmpty ? metadata.namespace : said, spec.target.name)
    }
}
