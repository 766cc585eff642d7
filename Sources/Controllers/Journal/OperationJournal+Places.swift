import ObjectStore
import Objects
import ProviderRPC

/// Where operations stand: beside their targets, unless nothing new may be there.
extension OperationJournal {
    /// Namespaces that may have it, the best first; never empty.
    ///
    /// A namespace that is being deleted takes no new objects, and waits for those that must be taken away on hypervisors first.
    func places(of draft: Operation) -> [String] {
        let own = draft.target.namespace
        guard [.delete, .snapshotDelete].contains(draft.method) else { return [own] }
        let others = [Operation.parts(draft.provider).namespace, spareNamespace].filter { $0 != own && !$0.isEmpty }
        return [own] + (others.first == others.last ? Array(others.prefix(1)) : others)
    }
}

extension StoreError {
    /// Whether nothing new may be in that namespace, as it is being deleted. A kube-apiserver has no code of its own for it.
    var isOfEndingNamespace: Bool { reason == .forbidden && message.contains("because it is being terminated") }
}
