import Web

/// Which networks guests are scraped in.
struct NetworkPreference: Sendable, Equatable {
    private let networks: [IPRange]

    /// - Parameter networks: best first; empty for any that leads to one machine from another.
    init(_ networks: [IPRange] = []) { self.networks = networks }

    /// How good an address is, 0 best; nil when it is not to be taken.
    ///
    /// - Parameter isOwn: it is on one of the guest's own cards. What a guest has beside (Docker's bridge, a VPN) is only taken where
    ///   somebody named its network, and all addresses that there are is no name.
    func rank(_ address: IPAddress, isOwn: Bool) -> Int? {
        guard !networks.isEmpty else { return isOwn && address.isReachable ? 0 : nil }
        return networks.firstIndex { $0.contains(address) && ($0.length > 0 ? true : isOwn && address.isReachable) }
    }

    /// Whether a node may be scraped there, which no guest has a say in: anywhere but where this machine would meet itself.
    func takes(node address: IPAddress) -> Bool { address.isReachable || networks.contains { $0.length > 0 && $0.contains(address) } }
}

extension IPAddress {
    /// Not loopback, link-local, multicast, broadcast, or none at all, nor what stands for such an address in IPv6, nor a cloud's metadata. A
    /// guest may say anything of itself, and must not send Prometheus to the services of the machine that it runs on.
    var isReachable: Bool {
        guard !Self.metadata.contains(self) else { return false }
        if isSix {
            let isLinkLocal = bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
            return !isLinkLocal && bytes[0] != 0xFF && !Self.translated.contains { $0.contains(self) }
        }
        // 224 and above are groups, what nobody uses, and everybody.
        return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224 && !(bytes[0] == 169 && bytes[1] == 254)
    }

    /// IPv4 in other clothes, and the loopback among it.
    private static let translated = ["::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"].compactMap {
        IPRange($0[...])
    }

    /// Where clouds tell machines their secrets, beside link-local addresses.
    private static let metadata = Set(["100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"].compactMap { IPAddress($0) })
}
