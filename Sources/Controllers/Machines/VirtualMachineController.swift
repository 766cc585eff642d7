import ObjectStore
import Objects
package import Primitives
package import Reconciling

/// Makes machines what their objects say.
package struct VirtualMachineController: Reconciler {
    let context: ControllerContext

    private let workers: Int
    private let shares: WorkerShares

    package init(_ context: ControllerContext, workers: Int = 64) {
        self.context = context
        self.workers = workers
        shares = WorkerShares(workers: workers)
    }

    package func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult {
        guard let machine = context.informers.machines.get(name) else {
            shares.leaveLine(name)
            return .done
        }
        return try await shares.look(at: name, of: machine.status.placedOn ?? machine.providerName) { () async throws(ReconcileError) in
            var work = MachineWork(machine, context)
            return work.judged(try await work.run())
        }
    }

    /// The controller, with all that it looks at.
    package func controller(logger: Logger = .silent) -> Controller {
        let controller = Controller(of: VirtualMachine.self, self, workers: workers, logger: logger)
        shares.onRoom { [queue = controller.queue] in queue.add($0) }
        let informers = context.informers
        // What it writes itself is no reason to look again.
        controller.watch(informers.machines) { old, new in
            guard let old, let new else { return true }
            return old.metadata.generation != new.metadata.generation || old.metadata.deletionTimestamp != new.metadata.deletionTimestamp
                || old.metadata.annotations != new.metadata.annotations || old.status.id != new.status.id
        }
        context.forget(informers.machines)
        informers.machines.onChange { [links = context.links] old, new in
            guard let old, new?.metadata.uid != old.metadata.uid else { return }
            if let id = old.status.id { links[old.providerName]?.machines.forget(id) }
        }
        @Sendable func names(_ machines: [VirtualMachine]) -> [ObjectName] { machines.map(\.name) }
        controller.watch(informers.classes) { names(informers.machinesByClass.lookup($0.name.description)) }
        controller.watch(informers.networks) { names(informers.machinesByNetwork.lookup($0.name.description)) }
        controller.watch(informers.secrets) { names(informers.machinesBySecret.lookup($0.name.description)) }
        controller.watch(informers.images) { names(informers.machinesByImage.lookup($0.name.description)) }
        informers.snapshots.onChange { [queue = controller.queue] old, new in
            guard let snapshot = new ?? old else { return }
            let isSame =
                old?.status.phase == new?.status.phase && old?.status.snapshotID == new?.status.snapshotID
                && old?.metadata.uid == new?.metadata.uid
            guard !isSame else { return }
            queue.add(ObjectName(snapshot.metadata.namespace, snapshot.spec.vmRef.name))
        }
        // Only what machines wait for: a provider says each half minute that it was looked at.
        informers.providers.onChange { [queue = controller.queue] old, new in
            guard let provider = new ?? old else { return }
            let isSame =
                old?.status.isHealthy == new?.status.isHealthy && old?.metadata.generation == new?.metadata.generation
                && old?.status.conditions[.ready]?.status == new?.status.conditions[.ready]?.status
            guard !isSame else { return }
            queue.add(all: names(informers.machinesByProvider.lookup(provider.fullName)))
        }
        // After a start providers are as healthy as their objects say, and nothing of them changes.
        context.links.onConnect { [queue = controller.queue] provider in
            queue.add(all: names(informers.machinesByProvider.lookup(provider)))
        }
        context.links.onChange { [queue = controller.queue] provider, ids in
            for id in ids {
                for machine in informers.machinesByID.lookup(Informers.place(id, on: provider)) { queue.add(machine.name) }
            }
        }
        return controller
    }
}
