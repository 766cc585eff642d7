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
        enum State: Sendable {
            case version(String)
            case gone
        }

        let state: State
        let uid: String
        /// The object as the store last told of it.
        var told: Kind?
        let since: TimeSource.Instant
        /// Counted with lists and writes.
        let sequence: Int
        /// A list came between: the store may have told of it already, or of later ones.
        var isUnsure = false
    }

    /// A write that is under way: what is told meanwhile may be what it writes.
    private struct OpenWrite: Sendable {
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
    private(set) var written: [ObjectName: Written] = [:]
    private var open: [Int: OpenWrite] = [:]
    private var indexes: [IndexTable<Kind>] = []
    private var sequence = 0

    // MARK: reading

    /// The object as the store last told of it, which is what handlers know.
    func told(_ name: ObjectName) -> Kind? {
        if let written = written[name] { written.told } else { items[name] }
    }

    var allTold: [Kind] {
        var all: [Kind] = []
        all.reserveCapacity(items.count)
        for (name, item) in items where written[name] == nil { all.append(item) }
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
        if let entry = written[name] {
            if case .version(version) = entry.state, let item = items[name] {
                written[name] = nil
                return Change(old: old, new: item)
            }
            let new = Kind(object)
            written[name]?.told = new
            return Change(old: old, new: new)
        }
        let new = Kind(object)
        show(name, new)
        return Change(old: old, new: new)
    }

    private mutating func tellGone(_ object: APIObject) -> Change? {
        let (name, uid) = (ObjectName(object.metadata), object.metadata.uid)
        for number in open.keys { open[number]?.goneUIDs.insert(uid) }
        let old = told(name)
        if written[name]?.uid == uid {
            // Nothing comes after the end of an object.
            written[name] = nil
            show(name, nil)
        } else {
            guard old?.object.metadata.uid == uid else { return nil }
            if written[name] == nil { show(name, nil) } else { written[name]?.told = nil }
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
        return changes
    }

    /// Of a list that was asked for after something was written, the list is the newer.
    private mutating func setTold(_ name: ObjectName, _ item: Kind?, since start: Int) {
        guard let entry = written[name] else { return show(name, item) }
        let isKnown =
            switch entry.state {
            case .version(let version): item?.object.metadata.resourceVersion == version
            case .gone: item?.object.metadata.uid != entry.uid
            }
        if entry.sequence < start || isKnown {
            written[name] = nil
            return show(name, item)
        }
        written[name]?.told = item
        // One that was written to go, and is in the list, goes later.
        if case .version = entry.state { written[name]?.isUnsure = true }
    }

    private mutating func noteTold(_ name: ObjectName, _ version: String) {
        for (number, write) in open where write.name == nil || write.name == name { open[number]?.versions.insert(version) }
    }

    private mutating func show(_ name: ObjectName, _ item: Kind?) {
        let old = items[name]
        items[name] = item
        for place in indexes.indices { indexes[place].change(name, from: old, to: item) }
    }

    // MARK: somebody writes

    /// To be said before something is written.
    mutating func willWrite(_ name: ObjectName?) -> Int {
        sequence += 1
        var write = OpenWrite(name: name)
        if let metadata = name.flatMap(told)?.object.metadata {
            // A write that changes nothing answers with what was there before.
            write.versions.insert(metadata.resourceVersion)
            write.toldUID = metadata.uid
        }
        open[sequence] = write
        return sequence
    }

    mutating func didNotWrite(_ number: Int) { open[number] = nil }

    /// What was written: readers see it from now on, unless it was told of meanwhile.
    ///
    /// - Parameters:
    ///   - object: nil when the object is gone.
    ///   - uid: of the object.
    /// - Returns: whether it is sure that readers see the newer of what was written and what was told.
    mutating func didWrite(_ number: Int, _ name: ObjectName, _ object: APIObject?, uid: String, at now: TimeSource.Instant) -> Bool {
        guard let write = open.removeValue(forKey: number), !write.goneUIDs.contains(uid) else { return true }
        if let object, write.versions.contains(object.metadata.resourceVersion) { return true }
        cover(name, object, uid: uid, at: now, isUnsure: write.metList)
        return !write.metList
    }

    /// What the store has at a moment after `willWrite`, of a name for which that was not sure.
    ///
    /// - Returns: whether it is sure now.
    mutating func didRead(_ number: Int, _ name: ObjectName, _ object: APIObject?, at now: TimeSource.Instant) -> Bool {
        guard let read = open.removeValue(forKey: number) else { return true }
        guard !read.metList else { return false }
        // Written since, and sure.
        guard let entry = written[name], entry.isUnsure else { return true }
        if let object {
            let metadata = object.metadata
            if read.versions.contains(metadata.resourceVersion) || read.goneUIDs.contains(metadata.uid) {
                drop(name)
            } else {
                cover(name, object, uid: metadata.uid, at: now, isUnsure: false)
            }
        } else if let uid = entry.told?.object.metadata.uid, uid == read.toldUID {
            // It is gone, and that is still to be told.
            cover(name, nil, uid: uid, at: now, isUnsure: false)
        } else {
            drop(name)
        }
        return true
    }

    private mutating func cover(_ name: ObjectName, _ object: APIObject?, uid: String, at now: TimeSource.Instant, isUnsure: Bool) {
        sequence += 1
        let state = object.map { Written.State.version($0.metadata.resourceVersion) } ?? .gone
        written[name] = Written(state: state, uid: uid, told: told(name), since: now, sequence: sequence, isUnsure: isUnsure)
        show(name, object.map { Kind($0) })
    }

    /// Shows what was told.
    private mutating func drop(_ name: ObjectName) {
        guard let entry = written.removeValue(forKey: name) else { return }
        show(name, entry.told)
    }

    /// Names of which a list has left unknown what is newer.
    var unsure: [ObjectName] { written.filter { $0.value.isUnsure }.map(\.key).sorted() }

    /// Drops what was written before an instant and was never told of, though the store goes on telling.
    mutating func dropWritten(before instant: TimeSource.Instant) -> [ObjectName] {
        let names = written.filter { $0.value.since < instant }.map(\.key)
        for name in names { drop(name) }
        return names
    }
}

/// An object of a list.
struct Listed<Kind: TypedKind>: Sendable {
    let name: ObjectName
    let version: String
    /// Nil when it is as it was told before.
    let item: Kind?
}
