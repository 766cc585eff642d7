import Web

/// Where images may be fetched from: public addresses beyond the host's own networks, and what the settings name beside these.
///
/// The provider runs where a client may not look: beside services of the host and of its network that trust whoever can reach them.
struct ImageSources: Sendable, Equatable {
    private let ranges: [IPRange]
    private let hosts: Set<String>
    private let links: [IPRange]

    /// - Parameter named: addresses, networks as `10.0.0.0/8`, names of hosts.
    /// - Parameter links: networks that this host is in, whose addresses are not public to it.
    init(_ named: [String], links: [IPRange] = []) {
        self.links = links
        ranges = named.compactMap { IPRange($0[...]) }
        hosts = Set(named.filter { IPRange($0[...]) == nil }.map { $0.lowercased() })
    }

    /// - Parameter host: as the URL says it.
    func allow(_ address: IPAddress, host: String) -> Bool {
        Self.isPublic(address) && !links.contains { $0.contains(address) } || ranges.contains { $0.contains(address) }
            || hosts.contains(host.lowercased())
    }

    /// Of IPv4 what is not there for a purpose of its own (RFC 6890).
    private static let special: [IPRange] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap { IPRange($0) }

    /// Of IPv6 the part that is given out, without those of it that are there for a purpose of their own.
    private static let global = IPRange("2000::/3")
    private static let specialSix: [IPRange] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].compactMap { IPRange($0) }
    /// Behind it an IPv4 address, which a router translates to (RFC 6052).
    private static let translated = IPRange("64:ff9b::/96")

    /// Whether anybody can have an address like this.
    static func isPublic(_ address: IPAddress) -> Bool {
        guard address.isSix else { return !special.contains { $0.contains(address) } }
        if translated?.contains(address) == true { return IPAddress(Array(address.bytes.suffix(4))).map(isPublic) ?? false }
        return global?.contains(address) == true && !specialSix.contains { $0.contains(address) }
    }
}
