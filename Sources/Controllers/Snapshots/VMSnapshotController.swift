import ObjectStore
import Objects
package import Primitives
package import Reconciling

/// Takes snapshots of machines, on time where a schedule says so, and takes them away again.
package struct VMSnapshotController: Reconciler {
    private let context: ControllerContext

    private let workers: Int
    private let shares: WorkerShares

    package init(_ context: ControllerContext, workers: Int = 16) {
        self.context = context
        self.workers = workers
        shares = WorkerShares(workers: workers)
    }

    package func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult {
        guard let snapshot = context.informers.snapshots.get(name) else {
            shares.leaveLine(name)
            return .done
        }
        let machine = context.informers.machines.get(snapshot.metadata.namespace, snapshot.spec.vmRef.name)
        let provider = context.journal.open(snapshot.metadata.uid)?.provider ?? snapshot.status.machine?.provider ?? machine?.providerName
        return try await shares.look(at: name, of: provider) { () async throws(ReconcileError) in
            var work = SnapshotWork(snapshot, context)
            return work.judgedByConditions(try await work.run())
        }
    }

    /// The controller, with all that it looks at.
    package func controller(logger: Logger = .silent) -> Controller {
        let controller = Controller(of: VMSnapshot.self, self, workers: workers, logger: logger)
        shares.onRoom { [queue = controller.queue] in queue.add($0) }
        let informers = context.informers
        // What it writes itself is no reason to look again.
        controller.watch(informers.snapshots) { old, new in
            guard let old, let new else { return true }
            return old.metadata.generation != new.metadata.generation || old.metadata.deletionTimestamp != new.metadata.deletionTimestamp
                || old.metadata.annotations != new.metadata.annotations
        }
        // A schedule waits for the end of what it has begun, and counts what there is.
        informers.snapshots.onChange { [queue = controller.queue] old, new in
            guard let snapshot = new ?? old, let owner = snapshot.scheduleReference, old?.status.phase != new?.status.phase else { return }
            queue.add(ObjectName(snapshot.metadata.namespace, owner.name))
        }
        context.forget(informers.snapshots)
        @Sendable func names(_ machine: VirtualMachine) -> [ObjectName] {
            informers.snapshotsByMachine.lookup(machine.name.description).map(\.name)
        }
        informers.machines.onChange { [queue = controller.queue] old, new in
            guard let machine = new ?? old else { return }
            let isSame =
                old?.metadata.uid == new?.metadata.uid && old?.status.id == new?.status.id
                && old?.metadata.deletionTimestamp == new?.metadata.deletionTimestamp
            guard !isSame else { return }
            queue.add(all: names(machine))
        }
        informers.providers.onChange { [queue = controller.queue] old, new in
            guard let provider = new ?? old else { return }
            let isSame =
                old?.status.isHealthy == new?.status.isHealthy && old?.status.reportedCapabilities == new?.status.reportedCapabilities
                && (old == nil) == (new == nil)
            guard !isSame else { return }
            for machine in informers.machinesByProvider.lookup(provider.fullName) { queue.add(all: names(machine)) }
        }
        // After a start providers are as healthy as their objects say, and nothing of them changes.
        context.links.onConnect { [queue = controller.queue] provider in
            for machine in informers.machinesByProvider.lookup(provider) { queue.add(all: names(machine)) }
        }
        return controller
    }
}

extension VMSnapshot {
    /// The VMSnapshot whose schedule made it; nil for one that a person has made.
    var scheduleReference: OwnerReference? {
        metadata.controller.flatMap { $0.kind == Self.kind.kind && $0.apiVersion == Self.kind.apiVersion ? $0 : nil }
    }

    /// Whether it makes others and is none itself. One whose schedule is switched off makes none, and is none either.
    var isMaker: Bool { spec.schedule.map { $0.isEnabled || $0.cron != nil } ?? false }
}
