import LibvirtShim

/// A domain: a guest that libvirt knows. Its methods block as those of its connection do.
///
/// Shared, as the library lets any thread use a handle, and nothing here changes after it was made.
package final class LibvirtDomain: @unchecked Sendable {
    /// A reference of our own, given back in deinit; libvirt takes calls of many threads.
    let handle: OpaquePointer
    package let connection: LibvirtConnection
    /// Known without asking the daemon.
    package let name: String
    /// Lower case, with hyphens.
    package let uuid: String

    /// - Parameter handle: with a reference, which is taken over.
    init(_ handle: OpaquePointer, _ connection: LibvirtConnection) {
        self.handle = handle
        self.connection = connection
        let doors = connection.library.doors
        name = mlt_virt_domain_get_name(doors, handle).map { String(cString: $0) } ?? ""
        uuid = (try? connection.uuid { mlt_virt_domain_get_uuid_string(doors, handle, $0) }) ?? ""
    }

    deinit { _ = mlt_virt_domain_free(connection.library.doors, handle) }

    /// The number of a running domain, another after each start; nil when it is off.
    package var number: Int? {
        let id = mlt_virt_domain_get_id(connection.library.doors, handle)
        return id == UInt32.max ? nil : Int(id)
    }

    /// What it does and why. Answered from what the daemon knows, also when the domain's QEMU hangs.
    package func state() throws(LibvirtError) -> DomainState {
        var (state, reason): (Int32, Int32) = (0, 0)
        try connection.check(mlt_virt_domain_get_state(connection.library.doors, handle, &state, &reason, 0))
        return DomainState(state: Int(state), reason: Int(reason))
    }

    /// What `virDomainGetInfo` tells.
    package struct Info: Sendable, Equatable {
        package let state: DomainState.State?
        package let maximumMemoryKiB: UInt
        /// Of the balloon; not what the guest uses.
        package let memoryKiB: UInt
        package let virtualCPUs: Int
        package let cpuNanoseconds: UInt64
    }

    /// May wait for the domain's lock when the balloon's size must be asked for.
    package func info() throws(LibvirtError) -> Info {
        var info = virDomainInfo()
        try connection.check(mlt_virt_domain_get_info(connection.library.doors, handle, &info))
        return Info(
            state: DomainState.State(rawValue: Int(info.state)), maximumMemoryKiB: info.maxMem, memoryKiB: info.memory,
            virtualCPUs: Int(info.nrVirtCpu), cpuNanoseconds: info.cpuTime)
    }

    package struct XMLOptions: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// With passwords.
        package static let secure = XMLOptions(rawValue: VIR_DOMAIN_XML_SECURE.rawValue)
        /// As it will be after the next start.
        package static let inactive = XMLOptions(rawValue: VIR_DOMAIN_XML_INACTIVE.rawValue)
        /// For another host.
        package static let migratable = XMLOptions(rawValue: VIR_DOMAIN_XML_MIGRATABLE.rawValue)
    }

    /// The domain's description.
    package func xml(_ options: XMLOptions = []) throws(LibvirtError) -> String {
        try connection.text(mlt_virt_domain_get_xml_desc(connection.library.doors, handle, options.rawValue))
    }

    package func isActive() throws(LibvirtError) -> Bool { try truth(mlt_virt_domain_is_active(connection.library.doors, handle)) }

    /// Whether it is still there after it was stopped.
    package func isPersistent() throws(LibvirtError) -> Bool { try truth(mlt_virt_domain_is_persistent(connection.library.doors, handle)) }

    /// Whether it is started with the host.
    package func isAutostarted() throws(LibvirtError) -> Bool {
        var answer: Int32 = 0
        try connection.check(mlt_virt_domain_get_autostart(connection.library.doors, handle, &answer))
        return answer != 0
    }

    func truth(_ answer: Int32) throws(LibvirtError) -> Bool {
        try connection.check(answer)
        return answer != 0
    }
}
