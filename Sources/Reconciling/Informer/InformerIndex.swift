package import Objects

/// Finds objects of an informer by what they say of themselves: their owner, their provider.
package struct InformerIndex<Kind: TypedKind>: Sendable {
    private let informer: Informer<Kind>
    private let number: Int

    init(_ informer: Informer<Kind>, _ number: Int) {
        self.informer = informer
        self.number = number
    }

    /// The objects that have this value, in the order of their names.
    package func lookup(_ value: String) -> [Kind] { informer.lookup(number, value) }

    /// How many objects have this value; dear for nobody, however many they are.
    package func count(of value: String) -> Int { informer.count(number, value) }
}

/// Which names have which value.
struct IndexTable<Kind: TypedKind>: Sendable {
    let title: String
    let values: @Sendable (Kind) -> [String]
    private var names: [String: Set<ObjectName>] = [:]

    init(_ title: String, _ values: @escaping @Sendable (Kind) -> [String]) {
        self.title = title
        self.values = values
    }

    mutating func change(_ name: ObjectName, from old: Kind?, to new: Kind?) {
        let (before, after) = (old.map(values) ?? [], new.map(values) ?? [])
        guard before != after else { return }
        for value in before {
            names[value]?.remove(name)
            if names[value]?.isEmpty == true { names[value] = nil }
        }
        for value in after { names[value, default: []].insert(name) }
    }

    func lookup(_ value: String) -> [ObjectName] { names[value]?.sorted() ?? [] }

    func count(of value: String) -> Int { names[value]?.count ?? 0 }

    /// Values that somebody has.
    var count: Int { names.count }
}
