import ObjectStore
import Objects
import Primitives
import ProviderRPC
import Reconciling

/// How a snapshot goes.
///
/// The finalizer goes when the provider says that there is no such snapshot, when there never was one, and when its machine is gone. Nothing
/// else takes it away but a person's word.
extension SnapshotWork {
    mutating func delete() async throws(ReconcileError) -> ReconcileResult {
        guard snapshot.metadata.finalizers.contains(VMSnapshot.finalizer) else { return .done }
        if let result = try await deleteChildren() { return result }
        for _ in 0..<4 {
            if let operation = journal.open(uid) {
                let link = context.links[operation.provider]?.link
                let isGone = status.machine.flatMap { missing($0) } != nil
                if link == nil, isForced || isGone {
                    return try await letGo("its provider was not asked: \(operation.provider) is not there")
                }
                guard case .end(let result) = try await goOn(operation) else { continue }
                if let link, let why = await whyLeft(link) { return try await letGo(why) }
                return result
            }
            learn()
            status.phase = .deleting
            if let past = journal.past(uid, .snapshotDelete), past.end.outcome == .success { return try await finish() }
            guard let id = status.snapshotID, let machine = status.machine, missing(machine) == nil else { return try await finish() }
            guard let connection = context.links[machine.provider] else {
                if isForced { return try await letGo("its provider was not asked: \(machine.provider) is not there") }
                return try await wait(
                    for: "Provider \(machine.provider) is not there or cannot be asked, so that nobody can delete the snapshot")
            }
            if let past = journal.past(uid, .snapshotDelete) {
                if isForced { return try await letGo("its provider did not delete it: \(past.end.message)") }
                let seconds = past.waitSeconds(now)
                if seconds > 0 {
                    try await say(.deleting, .isFalse, "ProviderError", "SnapshotDelete: \(past.end.message)")
                    return .after(seconds: seconds)
                }
            }
            switch await find(machine, connection) {
            case .success(true): break
            case .success(false): return try await finish()
            case .failure(let error):
                if isForced { return try await letGo("its provider was not asked: \(error.description)") }
                let message = "before the snapshot is deleted its machine is looked at: \(error.description)"
                try await say(.deleting, .isFalse, "ProviderError", message)
                if case .notAsked(let seconds, _) = error { return .after(seconds: max(1, seconds)) }
                throw ReconcileError("\(snapshot.name): \(message)")
            }
            try await begin(.snapshotDelete, ["id": .text(machine.id), "snapshot": .text(id)], connection)
        }
        return .requeue
    }

    /// Whether its machine is there; what has the machine's identifier may be another one by now, with a snapshot of the same name.
    private func find(_ known: SnapshotMachine, _ connection: ProviderConnection) async -> Result<Bool, LinkError> {
        guard let machine = context.informers.machines.get(namespace, snapshot.spec.vmRef.name) else { return .success(false) }
        let work = MachineWork(machine, context)
        return await work.describe(known.id, connection).map { entry in entry.sighting.map { !work.isForeign($0) } ?? false }
    }

    /// Somebody who has the right has said that the object shall go, whatever becomes of the snapshot.
    private mutating func letGo(_ why: String) async throws(ReconcileError) -> ReconcileResult {
        context.logger.warn(
            "a snapshot's object was let go by force, and the snapshot may be left on the hypervisor",
            ["snapshot": "\(snapshot.name)", "id": status.snapshotID ?? "", "reason": why])
        try await abandon(why)
        return try await finish()
    }

    private mutating func finish() async throws(ReconcileError) -> ReconcileResult {
        try await clearDoubt()
        try await release(VMSnapshot.finalizer)
        return .done
    }

    /// What its schedule has made goes with it, as with a cluster's own collector of garbage, and stays with `--cascade=orphan`.
    /// - Returns: nil when there is none left.
    private mutating func deleteChildren() async throws(ReconcileError) -> ReconcileResult? {
        let children = children
        guard !children.isEmpty, !snapshot.metadata.finalizers.contains("orphan") else { return nil }
        for child in children where !child.metadata.isDeleting { try await remove(child) }
        let left = self.children.count
        guard left > 0 else { return nil }
        try await say(.deleting, .isFalse, "Deleting", "\(left) snapshots that its schedule has made go first")
        return .after(seconds: 30)
    }
}
