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
        let isForced = snapshot.metadata.annotations[MachineWork.forceAnnotation] == "true"
        for _ in 0..<4 {
            if let operation = journal.open(uid) {
                let link = context.links[operation.provider]?.link
                let isGone = status.machine.flatMap { missing($0) } != nil
                if link == nil, isForced || isGone {
                    return try await letGo("its provider was not asked: \(operation.provider) is not there")
                }
                guard case .end(let result) = try await goOn(operation) else { continue }
                if isForced, link?.isOpen == true { return try await letGo("its provider does not answer") }
                return result
            }
            learn()
            status.phase = .deleting
            if let past = journal.past(uid, .snapshotDelete), past.end.outcome == .success { return try await finish() }
            guard let id = status.snapshotID, let machine = status.machine, missing(machine) == nil else { return try await finish() }
            guard let connection = context.links[machine.provider] else {
                if isForced { return try await letGo("its provider was not asked: \(machine.provider) is not there") }
                return try await wait(for: "Provider \(machine.provider) is not there, so that nobody can delete the snapshot")
            }
            if let past = journal.past(uid, .snapshotDelete) {
                if isForced { return try await letGo("its provider did not delete it: \(past.end.message)") }
                let seconds = past.waitSeconds(now)
                if seconds > 0 {
                    try await say(.deleting, .isFalse, "ProviderError", "SnapshotDelete: \(past.end.message)")
                    return .after(seconds: seconds)
                }
            }
            try await begin(.snapshotDelete, ["id": .text(machine.id), "snapshot": .text(id)], connection)
        }
        return .requeue
    }

    /// Somebody who has the right has said that the object shall go, whatever becomes of the snapshot.
    private mutating func letGo(_ why: String) async throws(ReconcileError) -> ReconcileResult {
        context.logger.warn(
            "a snapshot's object was let go by force, and the snapshot may be left on the hypervisor",
            ["snapshot": "\(snapshot.name)", "id": status.snapshotID ?? "", "reason": why])
        while let operation = journal.open(uid) {
            _ = try await asking { () async throws(StoreError) in
                try await journal.end(operation, .error, message: "the object was let go by force: \(why)")
            }
        }
        return try await finish()
    }

    private mutating func finish() async throws(ReconcileError) -> ReconcileResult {
        var object = snapshot.object
        object.metadata.finalizers.removeAll { $0 == VMSnapshot.finalizer }
        do throws(StoreError) {
            _ = try await context.informers.snapshots.update(object)
        } catch {
            guard error.reason == .notFound else { throw ReconcileError(error) }
        }
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
