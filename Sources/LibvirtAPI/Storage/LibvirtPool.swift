import LibvirtShim

/// A storage pool: where volumes are. Its methods block as those of its connection do.
///
/// Shared, as the library lets any thread use a handle, and nothing here changes after it was made.
package final class LibvirtPool: @unchecked Sendable {
    /// A reference of our own, given back in deinit; libvirt takes calls of many threads.
    let handle: OpaquePointer
    package let connection: LibvirtConnection
    package let name: String

    /// - Parameter handle: with a reference, which is taken over.
    init(_ handle: OpaquePointer, _ connection: LibvirtConnection) {
        self.handle = handle
        self.connection = connection
        name = mlt_virt_storage_pool_get_name(connection.library.doors, handle).map { String(cString: $0) } ?? ""
    }

    deinit { _ = mlt_virt_storage_pool_free(doors, handle) }

    var doors: OpaquePointer { connection.library.doors }

    package func uuid() throws(LibvirtError) -> String {
        try connection.uuid { mlt_virt_storage_pool_get_uuid_string(doors, handle, $0) }
    }

    /// `virStoragePoolState`.
    package enum State: Int, Sendable, CaseIterable {
        case inactive, building, running, degraded, inaccessible
    }

    package struct Info: Sendable, Equatable {
        /// nil for a number that is younger than this list.
        package let state: State?
        package let capacityBytes: UInt64
        package let allocationBytes: UInt64
        package let availableBytes: UInt64
    }

    /// As it was when the pool was refreshed last.
    package func info() throws(LibvirtError) -> Info {
        var info = virStoragePoolInfo()
        try connection.check(mlt_virt_storage_pool_get_info(doors, handle, &info))
        return Info(
            state: State(rawValue: Int(info.state)), capacityBytes: info.capacity, allocationBytes: info.allocation,
            availableBytes: info.available)
    }

    package func xml() throws(LibvirtError) -> String { try connection.text(mlt_virt_storage_pool_get_xml_desc(doors, handle, 0)) }

    package func isActive() throws(LibvirtError) -> Bool {
        let answer = mlt_virt_storage_pool_is_active(doors, handle)
        try connection.check(answer)
        return answer != 0
    }

    /// Looks anew which volumes there are and how large; may take long on slow storage.
    package func refresh() throws(LibvirtError) { try connection.change(mlt_virt_storage_pool_refresh(doors, handle, 0)) }

    package func start() throws(LibvirtError) { try connection.change(mlt_virt_storage_pool_create(doors, handle, 0)) }

    package func stop() throws(LibvirtError) { try connection.change(mlt_virt_storage_pool_destroy(doors, handle)) }

    package func undefine() throws(LibvirtError) { try connection.change(mlt_virt_storage_pool_undefine(doors, handle)) }

    package func volumes() throws(LibvirtError) -> [LibvirtVolume] {
        try connection.list({ mlt_virt_storage_pool_list_all_volumes(doors, handle, $0, 0) }) { LibvirtVolume($0, connection) }
    }

    /// - Throws: `noStorageVolume` when there is none.
    package func volume(named name: String) throws(LibvirtError) -> LibvirtVolume {
        try volume(mlt_virt_storage_vol_lookup_by_name(doors, handle, name))
    }

    /// Makes a volume. - Throws: `alreadyExists`, `noSpace`.
    package func createVolume(_ xml: String) throws(LibvirtError) -> LibvirtVolume {
        try connection.checkWanted()
        return try volume(mlt_virt_storage_vol_create_xml(doors, handle, xml, 0))
    }

    /// Makes a volume with what is in another, whose format is converted; returns when all is copied.
    package func createVolume(_ xml: String, from source: LibvirtVolume) throws(LibvirtError) -> LibvirtVolume {
        try connection.checkWanted()
        return try volume(mlt_virt_storage_vol_create_xml_from(doors, handle, xml, source.handle, 0))
    }

    private func volume(_ answer: OpaquePointer?) throws(LibvirtError) -> LibvirtVolume {
        guard let answer else { throw LibvirtError.last(connection.library) }
        return LibvirtVolume(answer, connection)
    }
}

extension LibvirtConnection {
    package func pools() throws(LibvirtError) -> [LibvirtPool] {
        try list({ mlt_virt_connect_list_all_storage_pools(library.doors, handle, $0, 0) }) { LibvirtPool($0, self) }
    }

    /// - Throws: `noStoragePool` when there is none.
    package func pool(named name: String) throws(LibvirtError) -> LibvirtPool {
        try pool(mlt_virt_storage_pool_lookup_by_name(library.doors, handle, name))
    }

    /// - Parameter xml: `<pool>`.
    package func definePool(_ xml: String) throws(LibvirtError) -> LibvirtPool {
        try checkWanted()
        return try pool(mlt_virt_storage_pool_define_xml(library.doors, handle, xml, 0))
    }

    /// The volume whose file or device this is, in any pool that is active. - Throws: `noStorageVolume` when there is none.
    package func volume(path: String) throws(LibvirtError) -> LibvirtVolume {
        guard let answer = mlt_virt_storage_vol_lookup_by_path(library.doors, handle, path) else { throw LibvirtError.last(library) }
        return LibvirtVolume(answer, self)
    }

    func pool(_ answer: OpaquePointer?) throws(LibvirtError) -> LibvirtPool {
        guard let answer else { throw LibvirtError.last(library) }
        return LibvirtPool(answer, self)
    }
}
