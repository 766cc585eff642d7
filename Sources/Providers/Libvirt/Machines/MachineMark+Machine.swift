import LibvirtAPI

/// The marks of a machine: of how it runs, and of how it will be started next. They are written in one call; but daemons end between two files, a revert brings
/// one back, and people write too. So both are read, and what either lists is the machine's.
extension MachineMark {
    /// What two marks of a machine say; where they say different things, that of its next start counts. nil when it has neither.
    static func together(_ next: MachineMark?, _ now: MachineMark?) -> MachineMark? {
        guard var mark = next ?? now else { return nil }
        for volume in now?.volumes ?? [] where !mark.lists(volume) { mark.volumes.append(volume) }
        return mark
    }

    func lists(_ volume: Volume) -> Bool { volumes.contains { $0.pool == volume.pool && $0.name == volume.name } }
}

extension Hypervisor.Machine {
    /// What is known of it by either of its marks.
    var mark: MachineMark? { MachineMark.together(next.mark, now.mark) }

    /// Whether both of its marks say this.
    func isMarked(_ mark: MachineMark) -> Bool { next.mark == mark && now.mark == mark }
}

extension LibvirtDomain {
    /// Writes the mark, for now and for the next start.
    func setMark(_ mark: MachineMark) throws(LibvirtError) {
        try setMetadataWhole(mark.xml, prefix: MachineMark.prefix, namespace: MachineMark.namespace)
    }

    /// Writes an element for all that there is of the machine: how it runs, and how it will be started next. One call, of which no other client sees a half.
    func setMetadataWhole(_ xml: String?, prefix: String, namespace: String) throws(LibvirtError) {
        do throws(LibvirtError) {
            try setMetadata(xml, prefix: prefix, namespace: namespace, wholeScope())
        } catch  where error.kind == .invalidState {
            // It ended since it was asked whether it runs.
            try setMetadata(xml, prefix: prefix, namespace: namespace, wholeScope())
        }
    }

    private func wholeScope() throws(LibvirtError) -> ChangeScope {
        var scope = try isPersistent() ? ChangeScope.config : []
        if try isActive() { scope.insert(.live) }
        return scope
    }
}
