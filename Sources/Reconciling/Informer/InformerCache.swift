import Objects
import ObjectStore

/// What an informer knows: the objects as the store told of them, and over these what was written since and the store has not told of yet.
///
/// Versions are compared for equality alone. What is known of their order is that a store tells each change once and in order, so a state that
/// was written and not told of by then is still to come, unless a list has come between.
struct InformerCache<Kind: TypedKind>: Sendable {
    /// What handlers are called with.
    struct Change: Sendable {
        let old: Kind?
        let new: Kind?
    }

    /// A written state that the store has not told of.
    struct Written: Sendable {
        let version: String
        let uid: String
        /// The object as the store last told of it.
        var told: Kind?
        let since: TimeSource.Instant
        /// Counted with lists and writes.
        let sequence: Int
        /// A list came between: the store may have told of it already, or of later ones.
        var isUnsure = false
    }

    /// An object that is gone, though the store has not told so.
    struct Gone: Sendable {
        let since: TimeSource.Instant
        let sequence: Int
    }

    /// A write that is under way: what is told meanwhile may be what it writes.
    struct OpenWrite: Sendable {
        /// Nil before the store has given one.
        let name: ObjectName?
        var versions: Set<String> = []
        var goneUIDs: Set<String> = []
        var metList = false
        /// Of the object as it was told of before.
        var toldUID: String?
    }

    /// What readers see.
    private(set) var items: [ObjectName: Kind] = [:]
    var written: [ObjectName: Written] = [:]
    /// By uid, which no other object ever has.
    var gone: [String: Gone] = [:]
    /// Objects as the store told of them that are gone.
    var hidden: [ObjectName: Kind] = [:]
    var open: [Int: OpenWrite] = [:]
    private var indexes: [IndexTable<Kind>] = []
    var sequence = 0

    // MARK: reading

    /// The object as the store last told of it, which is what handlers know.
    func told(_ name: ObjectName) -> Kind? {
        if let written = written[name] { written.told } else { hidden[name] ?? items[name] }
    }

    var allTold: [Kind] {
        var all: [Kind] = []
        all.reserveCapacity(items.count)
        for (name, item) in items where written[name] == nil { all.append(item) }
        all.append(contentsOf: hidden.values)
        for written in written.values { if let told = written.told { all.append(told) } }
        return all
    }

    /// - Returns: the index's number; that of the first one of this title, when there is one.
    mutating func index(_ title: String, _ values: @escaping @Sendable (Kind) -> [String]) -> Int {
        if let known = indexes.firstIndex(where: { $0.title == title }) { return known }
        var table = IndexTable(title, values)
        for (name, item) in items { table.change(name, from: nil, to: item) }
        indexes.append(table)
        return indexes.count - 1
    }

    func lookup(_ index: Int, _ value: String) -> [Kind] {
        guard indexes.indices.contains(index) else { return [] }
        return indexes[index].lookup(value).compactMap { items[$0] }
    }

    func count(_ index: Int, _ value: String) -> Int { indexes.indices.contains(index) ? indexes[index].count(of: value) : 0 }

    // MARK: the store tells

    /// A change of one object.
    mutating func tell(_ event: WatchEvent) -> Change? {
        switch event {
        case .bookmark: nil
        case .added(let object), .modified(let object): tell(object)
        case .deleted(let object): tellGone(object)
        }
    }

    private mutating func tell(_ object: APIObject) -> Change? {
        let (name, version) = (ObjectName(object.metadata), object.metadata.resourceVersion)
        noteTold(name, version)
        let old = told(name)
        if let old, old.object.metadata.resourceVersion == version { return nil }
        let new: Kind
        if let entry = written[name] {
            if entry.version == version, let item = items[name] {
                written[name] = nil
                new = item
            } else {
                new = Kind(object)
                written[name]?.told = new
            }
        } else {
            new = Kind(object)
            show(name, told: new)
        }
        return Change(old: old, new: new)
    }

    private mutating func tellGone(_ object: APIObject) -> Change? {
        let (name, uid) = (ObjectName(object.metadata), object.metadata.uid)
        for number in open.keys { open[number]?.goneUIDs.insert(uid) }
        gone[uid] = nil
        let old = told(name)
        if written[name]?.uid == uid {
            // Nothing comes after the end of an object.
            written[name] = nil
            show(name, told: nil)
        } else {
            guard old?.object.metadata.uid == uid else { return nil }
            if written[name] == nil { show(name, told: nil) } else { written[name]?.told = nil }
        }
        return old.map { _ in Change(old: Kind(object), new: nil) }
    }

    /// To be said before a list is asked for.
    mutating func willList() -> Int {
        sequence += 1
        return sequence
    }

    /// All that there is.
    ///
    /// - Parameters:
    ///   - items: the objects, decoded where they are not as they were told before.
    ///   - start: what `willList` said.
    /// - Returns: what is new in it, what goes first.
    mutating func tell(_ list: [Listed<Kind>], since start: Int) -> [Change] {
        var changes: [Change] = []
        let names = Set(list.map(\.name))
        for item in allTold where !names.contains(item.name) {
            changes.append(Change(old: item, new: nil))
            setTold(item.name, nil, since: start)
        }
        for listed in list {
            noteTold(listed.name, listed.version)
            let old = told(listed.name)
            guard let new = listed.item else {
                if let old, written[listed.name] != nil { setTold(listed.name, old, since: start) }
                continue
            }
            if let old, old.object.metadata.uid != new.object.metadata.uid {
                changes.append(Change(old: old, new: nil))
                changes.append(Change(old: nil, new: new))
            } else {
                changes.append(Change(old: old, new: new))
            }
            setTold(listed.name, new, since: start)
        }
        for (name, entry) in written where entry.told == nil { setTold(name, nil, since: start) }
        for number in open.keys { open[number]?.metList = true }
        gone = gone.filter { $0.value.sequence > start }
        return changes
    }

    /// Of a list that was asked for after something was written, the list is the newer.
    private mutating func setTold(_ name: ObjectName, _ item: Kind?, since start: Int) {
        if let entry = written[name] {
            written[name]?.told = item
            written[name]?.isUnsure = true
            if entry.sequence < start || item?.object.metadata.resourceVersion == entry.version { drop(name) }
        } else {
            show(name, told: item)
        }
    }

    private mutating func noteTold(_ name: ObjectName, _ version: String) {
        for (number, write) in open where write.name == nil || write.name == name { open[number]?.versions.insert(version) }
    }

    /// Shows an object as it was told of, unless it is gone.
    mutating func show(_ name: ObjectName, told item: Kind?) {
        let isGone = item.map { gone[$0.object.metadata.uid] != nil } ?? false
        hidden[name] = isGone ? item : nil
        show(name, isGone ? nil : item)
    }

    mutating func show(_ name: ObjectName, _ item: Kind?) {
        let old = items[name]
        items[name] = item
        for place in indexes.indices { indexes[place].change(name, from: old, to: item) }
    }
}

/// An object of a list.
struct Listed<Kind: TypedKind>: Sendable {
    let name: ObjectName
    let version: String
    /// Nil when it is as it was told before.
    let item: Kind?
}
