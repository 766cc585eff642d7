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
}

extension IPAddress {
    /// Not loopback, link-local, multicast, broadcast, or none at all. A guest may say anything of itself, and must not send Prometheus to the
    /// services of the machine that it runs on, or to a cloud's metadata.
    var isReachable: Bool {
        if isSix {
            let isNothing = bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] <= 1
            let isLinkLocal = bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
            return !isNothing && !isLinkLocal && bytes[0] != 0xFF
        }
        // 224 and above are groups, what nobody uses, and everybody.
        return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224 && !(bytes[0] == 169 && bytes[1] == 254)
    }
}
