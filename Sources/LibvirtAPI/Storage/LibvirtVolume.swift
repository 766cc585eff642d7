import LibvirtShim

/// A volume of a pool: a file or device that domains have as a disk. Its methods block as those of its connection do.
///
/// Shared, as the library lets any thread use a handle, and nothing here changes after it was made.
package final class LibvirtVolume: @unchecked Sendable {
    /// A reference of our own, given back in deinit; libvirt takes calls of many threads.
    let handle: OpaquePointer
    package let connection: LibvirtConnection
    package let name: String

    /// - Parameter handle: with a reference, which is taken over.
    init(_ handle: OpaquePointer, _ connection: LibvirtConnection) {
        self.handle = handle
        self.connection = connection
        name = mlt_virt_storage_vol_get_name(connection.library.doors, handle).map { String(cString: $0) } ?? ""
    }

    deinit { _ = mlt_virt_storage_vol_free(doors, handle) }

    var doors: OpaquePointer { connection.library.doors }

    /// The file or device on the host.
    package func path() throws(LibvirtError) -> String { try connection.text(mlt_virt_storage_vol_get_path(doors, handle)) }

    /// The pool that it is in.
    package func pool() throws(LibvirtError) -> LibvirtPool { try connection.pool(mlt_virt_storage_pool_lookup_by_volume(doors, handle)) }

    package struct Info: Sendable, Equatable {
        /// What a guest sees.
        package let capacityBytes: UInt64
        /// What is taken of the storage.
        package let allocationBytes: UInt64
    }

    /// As it is now, where the pool can tell without a refresh.
    package func info() throws(LibvirtError) -> Info {
        var info = virStorageVolInfo()
        try connection.check(mlt_virt_storage_vol_get_info(doors, handle, &info))
        return Info(capacityBytes: info.capacity, allocationBytes: info.allocation)
    }

    /// The length of the file or device itself, in bytes.
    package func physicalBytes() throws(LibvirtError) -> UInt64 {
        var info = virStorageVolInfo()
        try connection.check(mlt_virt_storage_vol_get_info_flags(doors, handle, &info, VIR_STORAGE_VOL_GET_PHYSICAL.rawValue))
        return info.allocation
    }

    /// `<volume>`: target with format and path, backing store, capacity.
    package func xml() throws(LibvirtError) -> String { try connection.text(mlt_virt_storage_vol_get_xml_desc(doors, handle, 0)) }

    /// Removes it with what is in it.
    package func delete() throws(LibvirtError) { try connection.change(mlt_virt_storage_vol_delete(doors, handle, 0)) }

    /// Makes it larger. - Throws: `invalidArgument` when it would become smaller. No domain that has it may run.
    package func resize(bytes: UInt64) throws(LibvirtError) {
        try connection.change(mlt_virt_storage_vol_resize(doors, handle, bytes, 0))
    }
}
