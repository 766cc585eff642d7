package import Objects

/// Objects in memory, by kind, with one count of versions for all of them and the last changes of each kind.
package struct ObjectTable: Sendable {
    private struct Shelf {
        /// In the order of namespace and name.
        var objects: [KeptObject] = []
        var history: ObjectHistory
    }

    /// What came before the table was made is known to no watch.
    private let firstVersion: Int64
    private let limits: ObjectHistory.Limits
    private var shelves: [ResourceKind: Shelf] = [:]
    /// Of the last change.
    package private(set) var version: Int64

    /// - Parameters:
    ///   - version: of the last change that was ever made.
    ///   - objects: of states up to that version, each key once.
    package init(version: Int64, _ objects: [KeptObject] = []) { self.init(version: version, objects, limits: ObjectHistory.Limits()) }

    init(version: Int64, _ objects: [KeptObject] = [], limits: ObjectHistory.Limits) {
        firstVersion = version
        self.version = version
        self.limits = limits
        for (kind, objects) in Dictionary(grouping: objects, by: \.object.kind) {
            var shelf = Shelf(history: ObjectHistory(after: version, limits: limits))
            shelf.objects = objects.sorted { Self.isLess($0.object, $1.object.metadata.namespace, $1.object.metadata.name) }
            shelves[kind] = shelf
        }
    }

    // MARK: reading

    package func object(_ key: ObjectKey) -> KeptObject? {
        guard let shelf = shelves[key.kind] else { return nil }
        let index = Self.place(of: key, in: shelf.objects)
        return Self.isThere(key, shelf.objects, at: index) ? shelf.objects[index] : nil
    }

    /// - Parameter namespace: nil for all.
    package func objects(_ kind: ResourceKind, in namespace: String?) -> ArraySlice<KeptObject> {
        guard let shelf = shelves[kind] else { return [] }
        guard let namespace else { return shelf.objects[...] }
        // The empty name comes before all names.
        let start = Self.place(of: ObjectKey(kind, namespace, ""), in: shelf.objects)
        let end = shelf.objects[start...].firstIndex { $0.object.metadata.namespace != namespace } ?? shelf.objects.count
        return shelf.objects[start..<end]
    }

    package func count(of kind: ResourceKind) -> Int { shelves[kind]?.objects.count ?? 0 }

    /// Whether all is known that came after the version.
    package func knows(_ kind: ResourceKind, after version: Int64) -> Bool {
        version >= (shelves[kind]?.history.lostVersion ?? firstVersion) && version <= self.version
    }

    /// The first change after the version, in the namespace or, with nil, in any.
    package func change(of kind: ResourceKind, after version: Int64, in namespace: String?) -> ObjectChange? {
        shelves[kind]?.history.change(after: version, in: namespace)
    }

    // MARK: writing

    /// - Parameter changes: in the order of their versions, all after the table's.
    package mutating func apply(_ changes: [ObjectChange]) {
        for change in changes {
            let key = change.kept.object.key
            var shelf = shelves.removeValue(forKey: key.kind) ?? Shelf(history: ObjectHistory(after: firstVersion, limits: limits))
            let index = Self.place(of: key, in: shelf.objects)
            switch (change.action, Self.isThere(key, shelf.objects, at: index)) {
            case (.deleted, true): shelf.objects.remove(at: index)
            case (.deleted, false): break
            case (_, true): shelf.objects[index] = change.kept
            case (_, false): shelf.objects.insert(change.kept, at: index)
            }
            shelf.history.append(change)
            // Put back, as a shelf that is in two places would be copied with all that is on it.
            shelves[key.kind] = shelf
            version = max(version, change.kept.version)
        }
    }

    // MARK: order

    /// Where the object is, or would be.
    private static func place(of key: ObjectKey, in objects: [KeptObject]) -> Int {
        var (low, high) = (0, objects.count)
        while low < high {
            let middle = (low + high) / 2
            if isLess(objects[middle].object, key.namespace, key.name) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func isThere(_ key: ObjectKey, _ objects: [KeptObject], at index: Int) -> Bool {
        guard index < objects.count else { return false }
        let metadata = objects[index].object.metadata
        return metadata.name == key.name && metadata.namespace == key.namespace
    }

    /// By bytes, as Kubernetes' own store does.
    private static func isLess(_ object: APIObject, _ namespace: String, _ name: String) -> Bool {
        let metadata = object.metadata
        guard metadata.namespace == namespace else { return metadata.namespace.utf8.lexicographicallyPrecedes(namespace.utf8) }
        return metadata.name.utf8.lexicographicallyPrecedes(name.utf8)
    }
}
