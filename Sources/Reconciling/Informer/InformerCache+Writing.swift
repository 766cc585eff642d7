import Objects

/// Somebody writes.
extension InformerCache {
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
    mutating func drop(_ name: ObjectName) {
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
