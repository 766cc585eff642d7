/// Networks of the host.
extension LibvirtAnswers {
    private func write(_ network: KVMPlan.Network, _ writer: inout XDRWriter) {
        writer.string(network.name)
        writer.fixedOpaque(network.uuid)
    }

    /// virConnectListAllNetworksFlags: not active or active, defined or not, starting with the host or not.
    private func networks(_ flags: UInt32) -> [KVMPlan.Network] {
        plan.networks.filter { network in
            if flags & 3 != 0, flags & (network.isActive ? 2 : 1) == 0 { return false }
            if flags & 12 == 8 { return false }
            return flags & 48 == 0 || flags & (network.startsWithHost ? 16 : 32) != 0
        }
    }

    func answerAboutNetworks(
        _ procedure: LibvirtProcedure, _ arguments: inout LibvirtArguments, _ writer: inout XDRWriter
    ) throws(LibvirtError) -> Bool {
        switch procedure {
        case .connectListAllNetworks:
            let needsResults = try arguments.boolean()
            let found = networks(try arguments.unsigned())
            writer.array(needsResults ? found : []) { write($1, &$0) }
            writer.count(found.count)
        case .connectNumOfNetworks: writer.integer(networks(2).count)
        case .connectNumOfDefinedNetworks: writer.integer(networks(1).count)
        case .connectListNetworks: writer.array(networks(2).prefix(Int(max(0, try arguments.integer())))) { $0.string($1.name) }
        case .connectListDefinedNetworks: writer.array(networks(1).prefix(Int(max(0, try arguments.integer())))) { $0.string($1.name) }
        case .networkLookupByName:
            let name = try arguments.string()
            guard let network = plan.networks.first(where: { $0.name == name }) else {
                throw LibvirtError(
                    .noNetwork, "no network with matching name '\(HostileText.oneLine(name, limit: 100))'", origin: .network)
            }
            write(network, &writer)
        case .networkLookupByUUID:
            let uuid = try arguments.uuid()
            guard let network = plan.networks.first(where: { $0.uuid == uuid }) else {
                throw LibvirtError(.noNetwork, "no network with matching uuid '\(DomainPlan.text(ofUUID: uuid))'", origin: .network)
            }
            write(network, &writer)
        case .networkGetXMLDesc: writer.string(HostXML(world: world, moment: moment).network(try arguments.network()))
        case .networkGetAutostart: writer.boolean(try arguments.network().startsWithHost)
        case .networkIsActive: writer.boolean(try arguments.network().isActive)
        case .networkIsPersistent:
            _ = try arguments.network()
            writer.boolean(true)
        case .networkGetBridgeName: writer.string(try arguments.network().bridge)
        case .networkGetDHCPLeases: try writeLeases(&arguments, &writer)
        default: return false
        }
        return true
    }

    private func writeLeases(_ arguments: inout LibvirtArguments, _ writer: inout XDRWriter) throws(LibvirtError) {
        struct Lease {
            let card: String
            let address: String
            let host: String
        }
        let network = try arguments.network()
        let wanted = try arguments.optionalString()
        let needsResults = try arguments.boolean()
        var leases: [Lease] = []
        for domain in plan.domains where network.isActive && world.life(of: domain, at: moment).isActive {
            for (position, card) in domain.cards.enumerated() where card.network == network.name {
                guard wanted == nil || wanted == card.address, let address = address(of: position, domain) else { continue }
                leases.append(Lease(card: card.address, address: address, host: domain.name))
            }
        }
        writer.array(needsResults ? leases : []) {
            $0.string(network.bridge)
            $0.hyper(Int64(world.timeline.epoch + moment) + 3600)
            $0.integer(Int32(0))
            $0.optionalString($1.card)
            $0.optionalString(nil)
            $0.string($1.address)
            $0.unsignedInteger(24)
            $0.optionalString($1.host)
            $0.optionalString(nil)
        }
        writer.count(leases.count)
    }
}
