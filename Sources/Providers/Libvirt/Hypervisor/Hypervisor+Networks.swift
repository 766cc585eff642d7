import LibvirtAPI
import Primitives
import ProviderRPC
import RPC
import XML

/// What network cards are attached to.
extension Hypervisor {
    /// The cards of a machine; one on the default network when the request says none.
    func cards(_ networks: [NetworkAttachment], uuid: String) -> [MachinePlan.Card] {
        guard !networks.isEmpty else {
            return settings.network.isEmpty ? [] : [MachinePlan.Card(source: .network(settings.network), mac: Names.mac(uuid, card: 0))]
        }
        return networks.enumerated().map { number, network in
            MachinePlan.Card(
                source: source(network), mac: network.macAddress ?? Names.mac(uuid, card: number), model: network.model ?? "virtio")
        }
    }

    private func source(_ network: NetworkAttachment) -> MachinePlan.Card.Source {
        if let bridge = network.bridge { return .bridge(bridge) }
        return .network(network.networkName ?? network.portgroup ?? settings.network)
    }

    /// Errors: `notFound`, `failedPrecondition` for one that is not active, as no machine could start.
    func checkNetworks(_ cards: [MachinePlan.Card]) async throws(RPCError) {
        for case .network(let name) in Set(cards.map(\.source)) {
            let isActive = try await look("look for network \(name)") { connection throws(LibvirtError) in
                try connection.network(named: name).isActive()
            }
            guard isActive else {
                throw RPCError(.failedPrecondition, "network \(name) is not active; start it (virsh net-start \(name))")
            }
        }
    }

    /// The cards as the guest shall set them up: those with a fixed address, and with what their network says of gateway and length.
    func seedCards(_ networks: [NetworkAttachment], uuid: String) async throws(RPCError) -> [NoCloudSeed.Card] {
        guard networks.contains(where: { $0.staticIP != nil }) else { return [] }
        var seedCards: [NoCloudSeed.Card] = []
        for (network, card) in zip(networks, cards(networks, uuid: uuid)) {
            var seedCard = NoCloudSeed.Card(mac: card.mac)
            if let address = network.staticIP {
                let facts: (gateway: String, prefix: Int)? =
                    if case .network(let name) = card.source { try await addresses(of: name) } else { nil }
                seedCard.address = address.contains("/") ? address : "\(address)/\(facts?.prefix ?? (address.contains(":") ? 64 : 24))"
                // Of another family it would be no gateway.
                if let gateway = facts?.gateway, gateway.contains(":") == address.contains(":") {
                    seedCard.gateway = gateway
                    seedCard.nameServers = [gateway]
                }
            }
            seedCards.append(seedCard)
        }
        return seedCards
    }

    /// The host's own address in a network, and its length; nil where the host has none.
    private func addresses(of network: String) async throws(RPCError) -> (gateway: String, prefix: Int)? {
        let text = try await look("look at network \(network)") { connection throws(LibvirtError) in
            try connection.network(named: network).xml()
        }
        guard let element = (try? XMLReader.read(text, source: "network"))?.child("ip"), let address = element["address"] else {
            return nil
        }
        if let prefix = element["prefix"].flatMap({ Int($0) }) { return (address, prefix) }
        let bits = element["netmask"]?.split(separator: ".").compactMap { UInt8($0)?.nonzeroBitCount }.reduce(0, +)
        return (address, bits ?? (address.contains(":") ? 64 : 24))
    }
}
