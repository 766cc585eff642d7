import LibvirtShim

/// A domain's state that was kept.
///
/// Shared, as the library lets any thread use a handle, and nothing here changes after it was made.
package final class LibvirtSnapshot: @unchecked Sendable {
    /// A reference of our own, given back in deinit; libvirt takes calls of many threads.
    let handle: OpaquePointer
    package let domain: LibvirtDomain
    package let name: String

    /// - Parameter handle: with a reference, which is taken over.
    init(_ handle: OpaquePointer, _ domain: LibvirtDomain) {
        self.handle = handle
        self.domain = domain
        name = mlt_virt_domain_snapshot_get_name(domain.doors, handle).map { String(cString: $0) } ?? ""
    }

    deinit { _ = mlt_virt_domain_snapshot_free(domain.doors, handle) }

    /// `<domainsnapshot>`: state, creation time, disks, parent, and the domain as it was then.
    package func xml() throws(LibvirtError) -> String {
        try domain.connection.text(mlt_virt_domain_snapshot_get_xml_desc(domain.doors, handle, 0))
    }

    package struct RevertOptions: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let running = RevertOptions(rawValue: VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING.rawValue)
        package static let paused = RevertOptions(rawValue: VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED.rawValue)
        /// Although something may be lost that cannot be checked.
        package static let force = RevertOptions(rawValue: VIR_DOMAIN_SNAPSHOT_REVERT_FORCE.rawValue)
    }

    /// Makes the domain what it was; without options also whether it ran.
    package func revert(_ options: RevertOptions = []) throws(LibvirtError) {
        try domain.change(mlt_virt_domain_revert_to_snapshot(domain.doors, handle, options.rawValue))
    }

    package struct DeleteOptions: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let children = DeleteOptions(rawValue: VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN.rawValue)
        /// libvirt forgets it, and the disks keep it.
        package static let metadataOnly = DeleteOptions(rawValue: VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY.rawValue)
    }

    /// Removes it; the domain stays as it is.
    package func delete(_ options: DeleteOptions = []) throws(LibvirtError) {
        try domain.change(mlt_virt_domain_snapshot_delete(domain.doors, handle, options.rawValue))
    }

    package func childrenCount() throws(LibvirtError) -> Int {
        let count = mlt_virt_domain_snapshot_num_children(domain.doors, handle, 0)
        try domain.check(count)
        return Int(count)
    }
}

extension LibvirtDomain {
    package struct SnapshotOptions: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Without memory, in files beside the disks.
        package static let diskOnly = SnapshotOptions(rawValue: VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY.rawValue)
        /// All disks or none.
        package static let atomic = SnapshotOptions(rawValue: VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC.rawValue)
        /// The guest's agent writes everything out and holds its file systems still.
        package static let quiesce = SnapshotOptions(rawValue: VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE.rawValue)
        /// Into files that are there.
        package static let existing = SnapshotOptions(rawValue: VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT.rawValue)
        /// libvirt does not remember it.
        package static let noMetadata = SnapshotOptions(rawValue: VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA.rawValue)
    }

    /// Keeps the domain's state. - Parameter xml: `<domainsnapshot>`.
    package func createSnapshot(_ xml: String, _ options: SnapshotOptions = []) throws(LibvirtError) -> LibvirtSnapshot {
        try connection.checkWanted()
        return try snapshot(mlt_virt_domain_snapshot_create_xml(doors, handle, xml, options.rawValue))
    }

    /// All snapshots, parents before children.
    package func snapshots() throws(LibvirtError) -> [LibvirtSnapshot] {
        let flags = VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL.rawValue
        return try connection.list({ mlt_virt_domain_list_all_snapshots(doors, handle, $0, flags) }) { LibvirtSnapshot($0, self) }
    }

    /// - Throws: `noSnapshot` when there is none.
    package func snapshot(named name: String) throws(LibvirtError) -> LibvirtSnapshot {
        try snapshot(mlt_virt_domain_snapshot_lookup_by_name(doors, handle, name, 0))
    }

    /// The one that the domain stands upon. - Throws: `noSnapshot` when there is none.
    package func currentSnapshot() throws(LibvirtError) -> LibvirtSnapshot {
        try snapshot(mlt_virt_domain_snapshot_current(doors, handle, 0))
    }

    private func snapshot(_ answer: OpaquePointer?) throws(LibvirtError) -> LibvirtSnapshot {
        guard let answer else { throw LibvirtError.last(connection.library) }
        return LibvirtSnapshot(answer, self)
    }
}
