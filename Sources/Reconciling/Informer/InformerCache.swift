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
    private struct Gone: Sendable {
        let since: TimeSource.Instant
        let sequence: Int
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
    /// By uid, which no other object ever has.
    private var gone: [String: Gone] = [:]
    /// Objects as the store told of them that are gone.
    private var hidden: [ObjectName: Kind] = [:]
    private var open: [Int: OpenWrite] = [:]
    private var indexes: [IndexTable<Kind>] = []
    private var sequence = 0

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
    private mutating func show(_ name: ObjectName, told item: Kind?) {
        let isGone = item.map { gone[$0.object.metadata.uid] != nil } ?? false
        hidden[name] = isGone ? item : nil
        show(name, isGone ? nil : item)
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
    /// - Returns: false when nobody can tell which is the newer: this, or what a list or another write has brought meanwhile. Readers see the
    ///   other then, and the store is to be read.
    mutating func didWrite(_ number: Int, _ name: ObjectName, _ object: APIObject?, uid: String, at now: TimeSource.Instant) -> Bool {
        guard let write = open.removeValue(forKey: number) else { return true }
        let isGone = write.goneUIDs.contains(uid) || gone[uid] != nil
        if object == nil {
            if !isGone { bury(name, [uid], at: now) }
            return true
        }
        guard let object, !isGone, !write.versions.contains(object.metadata.resourceVersion) else {
            // Told of already; but readers may be shown what was written by another before a list.
            return written[name]?.isUnsure != true
        }
        guard !write.metList, (written[name]?.sequence ?? 0) < number else { return false }
        cover(name, object, at: now)
        return true
    }

    /// What the store had at a moment after `willWrite`: that is as new as all that was written before.
    ///
    /// - Returns: false when a list or another write has come meanwhile: it is to be read again.
    mutating func didRead(_ number: Int, _ name: ObjectName, _ object: APIObject?, at now: TimeSource.Instant) -> Bool {
        guard let read = open.removeValue(forKey: number) else { return true }
        guard !read.metList, (written[name]?.sequence ?? 0) < number else { return false }
        guard let object else {
            // What there was when it was asked for is gone.
            let uids = [read.toldUID, written[name]?.uid].compactMap { $0 }
            drop(name)
            bury(name, uids.filter { !read.goneUIDs.contains($0) }, at: now)
            return true
        }
        let metadata = object.metadata
        if read.versions.contains(metadata.resourceVersion) || read.goneUIDs.contains(metadata.uid) || gone[metadata.uid] != nil {
            drop(name)
        } else {
            cover(name, object, at: now)
        }
        return true
    }

    /// What was written, when the store could not be read to make sure.
    mutating func didNotRead(_ number: Int, _ name: ObjectName, _ object: APIObject, at now: TimeSource.Instant) {
        open[number] = nil
        guard written[name] == nil, gone[object.metadata.uid] == nil else { return }
        cover(name, object, at: now)
        written[name]?.isUnsure = true
    }

    private mutating func cover(_ name: ObjectName, _ object: APIObject, at now: TimeSource.Instant) {
        sequence += 1
        let metadata = object.metadata
        written[name] = Written(
            version: metadata.resourceVersion, uid: metadata.uid, told: told(name), since: now, sequence: sequence)
        hidden[name] = nil
        show(name, Kind(object))
    }

    private mutating func bury(_ name: ObjectName, _ uids: [String], at now: TimeSource.Instant) {
        sequence += 1
        for uid in uids { gone[uid] = Gone(since: now, sequence: sequence) }
        if let uid = written[name]?.uid, gone[uid] != nil {
            drop(name)
        } else if written[name] == nil {
            show(name, told: told(name))
        }
    }

    /// Shows what was told.
    private mutating func drop(_ name: ObjectName) {
        guard let entry = written.removeValue(forKey: name) else { return }
        show(name, told: entry.told)
    }

    /// Names of which a list has left unknown what is newer.
    var unsure: [ObjectName] { written.filter { $0.value.isUnsure }.map(\.key).sorted() }

    /// Whether there is something that the store is still to tell of.
    var isAhead: Bool { !written.isEmpty || !gone.isEmpty }

    /// Drops what was written before an instant and was never told of, though the store goes on telling.
    mutating func dropWritten(before instant: TimeSource.Instant) -> [ObjectName] {
        var names = written.filter { $0.value.since < instant }.map(\.key)
        for name in names { drop(name) }
        gone = gone.filter { $0.value.since >= instant }
        for (name, item) in hidden where gone[item.object.metadata.uid] == nil {
            names.append(name)
            show(name, told: item)
        }
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
