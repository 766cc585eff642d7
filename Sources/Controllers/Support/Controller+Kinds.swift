import Objects
import Primitives
import Reconciling

extension Controller {
    /// Of the objects of a kind. How fast providers are asked is kept by their links.
    convenience init<Kind: TypedKind>(
        of kind: Kind.Type, _ reconciler: any Reconciler, workers: Int, longestRetrySeconds: Double = 300, reconcileSeconds: Double = 330,
        logger: Logger
    ) {
        let pace = RetryPace(firstSeconds: 0.05, longestSeconds: longestRetrySeconds, perSecond: nil)
        self.init(
            Kind.kind.kind.lowercased(), kind: Kind.kind.kind, reconciler,
            limits: .init(workers: workers, pace: pace, reconcileSeconds: reconcileSeconds), logger: logger)
    }
}

extension WorkQueue {
    func add(all keys: some Sequence<Key>) { for key in keys { add(key) } }
}

extension ControllerContext {
    /// Operations of objects that are gone, or in whose place there are others, are not kept in mind.
    func forget<Kind: TypedKind>(_ informer: Informer<Kind>) {
        informer.onChange { [journal] old, new in
            guard let old, new?.metadata.uid != old.metadata.uid else { return }
            journal.forget(target: old.metadata.uid)
        }
    }
}
