import LibvirtShim

/// A network of libvirt's. Its methods block as those of its connection do.
///
/// Shared, as the library lets any thread use a handle, and nothing here changes after it was made.
package final class LibvirtNetwork: @unchecked Sendable {
    /// A reference of our own, given back in deinit; libvirt takes calls of many threads.
    let handle: OpaquePointer
    package let connection: LibvirtConnection
    package let name: String

    /// - Parameter handle: with a reference, which is taken over.
    init(_ handle: OpaquePointer, _ connection: LibvirtConnection) {
        self.handle = handle
        self.connection = connection
        name = mlt_virt_network_get_name(connection.library.doors, handle).map { String(cString: $0) } ?? ""
    }

    deinit { _ = mlt_virt_network_free(doors, handle) }

    private var doors: OpaquePointer { connection.library.doors }

    package func isActive() throws(LibvirtError) -> Bool {
        let answer = mlt_virt_network_is_active(doors, handle)
        try connection.check(answer)
        return answer != 0
    }

    package func xml() throws(LibvirtError) -> String { try connection.text(mlt_virt_network_get_xml_desc(doors, handle, 0)) }

    /// The host's bridge: `virbr0`. - Throws: `failed` when it has none.
    package func bridge() throws(LibvirtError) -> String { try connection.text(mlt_virt_network_get_bridge_name(doors, handle)) }

    package func start() throws(LibvirtError) { try connection.change(mlt_virt_network_create(doors, handle)) }

    package func stop() throws(LibvirtError) { try connection.change(mlt_virt_network_destroy(doors, handle)) }

    /// An address that the network's DHCP server has given.
    package struct Lease: Sendable, Equatable {
        package let mac: String?
        package let address: String
        package let prefix: Int
        package let isIPv6: Bool
        package let hostName: String?
        /// Unix seconds; nil when it never ends.
        package let expiry: Int64?
    }

    /// - Parameter mac: nil for all.
    package func leases(mac: String? = nil) throws(LibvirtError) -> [Lease] {
        var list: UnsafeMutablePointer<virNetworkDHCPLeasePtr?>?
        let count = mlt_virt_network_get_dhcp_leases(doors, handle, mac, &list, 0)
        try connection.check(count)
        guard let list else { return [] }
        defer {
            for index in 0..<Int(count) { mlt_virt_network_dhcp_lease_free(doors, list[index]) }
            release(list)
        }
        return (0..<Int(count)).compactMap { index in
            guard let lease = list[index]?.pointee, let address = lease.ipaddr else { return nil }
            return Lease(
                mac: lease.mac.map { String(cString: $0) }, address: String(cString: address), prefix: Int(lease.prefix),
                isIPv6: UInt32(bitPattern: lease.type) == VIR_IP_ADDR_TYPE_IPV6.rawValue,
                hostName: lease.hostname.map { String(cString: $0) },
                expiry: lease.expirytime == 0 ? nil : lease.expirytime)
        }
    }
}

extension LibvirtConnection {
    package func networks() throws(LibvirtError) -> [LibvirtNetwork] {
        try list({ mlt_virt_connect_list_all_networks(library.doors, handle, $0, 0) }) { LibvirtNetwork($0, self) }
    }

    /// - Throws: `noNetwork` when there is none.
    package func network(named name: String) throws(LibvirtError) -> LibvirtNetwork {
        guard let answer = mlt_virt_network_lookup_by_name(library.doors, handle, name) else { throw LibvirtError.last(library) }
        return LibvirtNetwork(answer, self)
    }
}
