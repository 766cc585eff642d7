package import Objects

/// What a controller looks at when something changes.
extension Controller {
    /// Looks at each object that changes.
    ///
    /// - Parameter isMeant: whether a change is one to look at; old is nil for what is new, new for what is gone.
    package func watch<Kind: TypedKind>(
        _ informer: Informer<Kind>, when isMeant: @escaping @Sendable (_ old: Kind?, _ new: Kind?) -> Bool = { _, _ in true }
    ) {
        informer.onChange { [queue] old, new in
            guard let object = new ?? old, isMeant(old, new) else { return }
            queue.add(object.name)
        }
    }

    /// Looks at those whom an object is about that changes: as it was, and as it is.
    package func watch<Kind: TypedKind>(_ informer: Informer<Kind>, for names: @escaping @Sendable (Kind) -> [ObjectName]) {
        informer.onChange { [queue] old, new in
            let before = old.map(names) ?? []
            for name in before { queue.add(name) }
            for name in new.map(names) ?? [] where !before.contains(name) { queue.add(name) }
        }
    }

    /// Looks at the owner of an object that changes.
    ///
    /// - Parameter owner: the kind that the owner must be of.
    package func watch<Kind: TypedKind>(_ informer: Informer<Kind>, ownedBy owner: ResourceKind) {
        watch(informer) { object in
            let metadata = object.object.metadata
            guard let reference = metadata.controller, reference.kind == owner.kind, reference.apiVersion == owner.apiVersion else {
                return []
            }
            return [ObjectName(owner.isNamespaced ? metadata.namespace : "", reference.name)]
        }
    }
}
