import LibvirtAPI
import ProviderRPC
import RPC

/// All machines in few calls: one for the list, one for the states of all, one a network for addresses, and each machine's description, which the daemon
/// has in memory. No guest and no QEMU is asked, so none can hold it up. A machine whose description cannot be read is told as that, beside all others.
enum MachineList {
    static func read(_ connection: LibvirtConnection) throws(LibvirtError) -> [VMInfo] {
        let states = try connection.states()
        let leases = try addresses(connection)
        var machines: [VMInfo] = []
        for domain in try connection.domains() {
            let state = states[domain.uuid]
            do throws(LibvirtError) {
                machines.append(info(domain, try Hypervisor.view(domain), state, leases))
            } catch {
                switch error.kind {
                case .noDomain: continue
                case .unreachable, .abandoned, .aborted: throw error
                default: machines.append(unreadable(domain, state, error))
                }
            }
        }
        return machines.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    private static func info(
        _ domain: LibvirtDomain, _ view: MachineView, _ state: DomainState?, _ leases: [String: [String]]
    ) -> VMInfo {
        var raw = ["state": state?.name ?? "unknown", "state_reason": state?.reason ?? "unknown"]
        if let mark = view.mark { raw["operation"] = mark.operation }
        if let owner = view.mark?.owner?.uid, !owner.isEmpty { raw["owner_uid"] = owner }
        if let type = view.domainType { raw["domain_type"] = type }
        let isOn = domain.number != nil
        return VMInfo(
            id: domain.uuid, name: domain.name, powerState: state?.powerName ?? "Unknown",
            ips: isOn ? view.cards.flatMap { leases[$0.mac ?? ""] ?? [] } : [], cpu: Int32(clamping: view.virtualCPUs),
            memoryMiB: Int64(view.memoryKiB >> 10),
            disks: view.disks.filter { $0.device == "disk" && !$0.isReadOnly }.map {
                DiskInfo(id: $0.target, path: $0.path ?? "", format: $0.format ?? "")
            },
            networks: view.cards.map { NetworkInfo(name: $0.network ?? $0.bridge ?? "", mac: $0.mac ?? "") }, providerRaw: raw)
    }

    private static func unreadable(_ domain: LibvirtDomain, _ state: DomainState?, _ error: LibvirtError) -> VMInfo {
        VMInfo(
            id: domain.uuid, name: domain.name, powerState: state?.powerName ?? "Unknown",
            providerRaw: ["state": state?.name ?? "unknown", "state_reason": state?.reason ?? "unknown", "problem": error.message])
    }

    /// By the card's address.
    private static func addresses(_ connection: LibvirtConnection) throws(LibvirtError) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for network in try connection.networks() {
            // One that is off, or whose addresses somebody else gives, has none.
            guard let leases = try? network.leases() else { continue }
            for lease in leases { if let mac = lease.mac { found[mac, default: []].append(lease.address) } }
        }
        return found
    }
}
