import Objects
import Primitives
import ProviderRPC

/// Counts what is under way for lost, where a person has said that an object shall go whatever becomes of what it stands for.
enum ForcedDeletion {
    /// How long an operation may still come to its end, from the object's deletion on, or from its own beginning where that was later.
    static let patienceSeconds = 300.0
}

extension ObjectWork {
    /// Why an object that is to go by force need not wait for its operation any more; nil while it must.
    ///
    /// A task that is left is cancelled before, where its provider can do that.
    func whyLeft(_ link: ProviderLink) async -> String? {
        guard isDeleting, isForced else { return nil }
        if link.isOpen { return "its provider does not answer" }
        guard let operation = journal.open(uid) else { return nil }
        let asked = object.metadata.deletionTimestamp.flatMap(Timestamp.unixSeconds) ?? now
        guard now - max(asked, operation.startedAt) >= ForcedDeletion.patienceSeconds else { return nil }
        if let task = operation.taskID { await link.cancel(task: task) }
        return "\(operation.method.rawValue) (\(operation.name)) has not ended in \(Int((now - operation.startedAt) / 60)) minutes"
    }
}
