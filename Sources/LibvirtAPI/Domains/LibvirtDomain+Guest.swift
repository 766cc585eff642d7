import LibvirtShim

/// What is known of the guest from the network or from within.
extension LibvirtDomain {
    /// Who is asked for addresses.
    package enum AddressSource: Sendable, CaseIterable {
        /// libvirt's DHCP server: of its own networks only.
        case lease
        /// The guest's agent: blocks for seconds when that is there and does not answer.
        case agent
        /// The host's neighbours: of bridges the host itself has an address in.
        case arp

        fileprivate var number: UInt32 {
            switch self {
            case .lease: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE.rawValue
            case .agent: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT.rawValue
            case .arp: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP.rawValue
            }
        }
    }

    /// A network card with its addresses.
    package struct Interface: Sendable, Equatable {
        /// The guest's own name for it (`eth0`) from the agent, else the host's (`vnet0`).
        package let name: String
        /// `52:54:00:…`; nil when unknown.
        package let mac: String?
        package let addresses: [Address]

        package init(name: String, mac: String?, addresses: [Address]) {
            self.name = name
            self.mac = mac
            self.addresses = addresses
        }
    }

    package struct Address: Sendable, Equatable {
        package let text: String
        package let prefix: Int
        package let isIPv6: Bool

        package init(text: String, prefix: Int, isIPv6: Bool) {
            self.text = text
            self.prefix = prefix
            self.isIPv6 = isIPv6
        }
    }

    package func interfaces(_ source: AddressSource) throws(LibvirtError) -> [Interface] {
        var list: UnsafeMutablePointer<virDomainInterfacePtr?>?
        let count = mlt_virt_domain_interface_addresses(doors, handle, &list, source.number, 0)
        try check(count)
        guard let list else { return [] }
        defer {
            for index in 0..<Int(count) { mlt_virt_domain_interface_free(doors, list[index]) }
            release(list)
        }
        return (0..<Int(count)).compactMap { index in
            guard let interface = list[index]?.pointee else { return nil }
            let addresses = UnsafeBufferPointer(start: interface.addrs, count: interface.addrs == nil ? 0 : Int(interface.naddrs))
            return Interface(
                name: interface.name.map { String(cString: $0) } ?? "", mac: interface.hwaddr.map { String(cString: $0) },
                addresses: addresses.compactMap { address in
                    address.addr.map {
                        Address(
                            text: String(cString: $0), prefix: Int(address.prefix),
                            isIPv6: UInt32(bitPattern: address.type) == VIR_IP_ADDR_TYPE_IPV6.rawValue)
                    }
                })
        }
    }

    /// How long the guest's agent may take for an answer, whoever asks it; nil is as long as it likes, which is how domains begin.
    ///
    /// - Throws: `notSupported` before libvirt 5.10, and of hypervisors that have no agents.
    package func setAgentTimeout(seconds: Int32?) throws(LibvirtError) {
        let number = seconds.map { max(1, $0) } ?? VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK.rawValue
        // Not as a change, which is refused to who is not waited for any more: it is taken back behind a question that took too long.
        try check(mlt_virt_domain_agent_set_response_timeout(doors, handle, number, 0))
    }

    /// What the guest calls itself, from the agent.
    package func guestHostName() throws(LibvirtError) -> String { try connection.text(mlt_virt_domain_get_hostname(doors, handle, 0)) }
}
