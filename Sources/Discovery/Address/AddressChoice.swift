import ProxmoxAPI
import Web

/// At which of its addresses a guest is scraped.
///
/// Of the addresses that the agent or the container tells, those on the guest's own cards count, which the hardware address tells: bridges
/// of Docker, tunnels and the like have another or none. Where nothing is told, what the configuration sets counts. A better network goes first, then IPv4,
/// then an address that the configuration knows too, and then the order in which the guest tells them.
struct AddressChoice: Sendable, Equatable {
    /// Who told the address.
    enum Origin: String, Sendable, CaseIterable {
        case agent
        case container
        /// Of a node: the status of the cluster.
        case cluster
        case configuration
        case dns
    }

    /// What is taken, and nil when there is nothing to take.
    private(set) var target: Target?
    /// The best of each family.
    private(set) var version4: String?
    private(set) var version6: String?

    struct Target: Sendable, Equatable {
        /// An address or a name, without a port.
        let host: String
        let isVersion6: Bool
        let origin: Origin

        /// `192.0.2.7:9100`, `[2001:db8::7]:9100`
        func text(port: Int) -> String { isVersion6 ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    private struct Candidate {
        let address: IPAddress
        let rank: Int
        let origin: Origin
        let isOwn: Bool
        let isConfigured: Bool

        /// Smaller is better.
        var order: (Int, Int, Int, Int) { (rank, address.isSix ? 1 : 0, isOwn ? 0 : 1, isConfigured ? 0 : 1) }
    }

    /// - Parameter told: by the agent or the container; empty when it tells nothing.
    /// - Parameter nodes: addresses of nodes, which are nobody else's.
    init(
        cards: [NetworkCard], told: [GuestAddress], by origin: Origin, name: String?, networks: NetworkPreference, domain: String?,
        nodes: Set<IPAddress> = []
    ) {
        let own = Set(cards.map(\.hardwareAddress))
        let configured = cards.flatMap(\.addresses).compactMap { IPAddress($0) }
        var candidates: [Candidate] = []
        func add(_ address: IPAddress, _ origin: Origin, isOwn: Bool) {
            guard !nodes.contains(address), let rank = networks.rank(address, isOwn: isOwn) else { return }
            candidates.append(
                Candidate(address: address, rank: rank, origin: origin, isOwn: isOwn, isConfigured: configured.contains(address)))
        }
        for entry in told {
            guard let address = IPAddress(entry.address) else { continue }
            add(address, origin, isOwn: own.contains(entry.hardwareAddress.lowercased()))
        }
        if candidates.isEmpty { for address in configured { add(address, .configuration, isOwn: true) } }
        // Stable, so that of equals the first that was told stays the first.
        func best(_ candidates: [Candidate]) -> Candidate? {
            var best: Candidate?
            for candidate in candidates where best.map({ candidate.order < $0.order }) ?? true { best = candidate }
            return best
        }
        version4 = best(candidates.filter { !$0.address.isSix })?.address.description
        version6 = best(candidates.filter(\.address.isSix))?.address.description
        if let found = best(candidates) {
            target = Target(host: found.address.description, isVersion6: found.address.isSix, origin: found.origin)
        } else if let domain, let name, HostName.isValid("\(name).\(domain)") {
            target = Target(host: "\(name).\(domain)", isVersion6: false, origin: .dns)
        }
    }

    /// That of a node, where corosync knows it, which no guest has a say in.
    init(ofNode name: String, _ address: String?, networks: NetworkPreference, domain: String?) {
        if let address = address.flatMap({ IPAddress($0) }), networks.takes(node: address) {
            if address.isSix { version6 = address.description } else { version4 = address.description }
            target = Target(host: address.description, isVersion6: address.isSix, origin: .cluster)
        } else if let domain, HostName.isValid("\(name).\(domain)") {
            target = Target(host: "\(name).\(domain)", isVersion6: false, origin: .dns)
        }
    }
}
