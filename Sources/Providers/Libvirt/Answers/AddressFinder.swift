import LibvirtAPI
import Primitives
import RPC
import Synchronization

/// Finds a running machine's addresses, within bounds of time: what libvirt's DHCP server gave, else what the guest's agent says, else whom the host
/// knows as a neighbour.
final class AddressFinder: Sendable {
    private let hypervisor: Hypervisor
    /// Machines whose agent did not answer are not asked again for a while, as each question may hold a thread for seconds.
    private let silent = Mutex<[String: ContinuousClock.Instant]>([:])
    private static let silenceSeconds = 30.0

    init(_ hypervisor: Hypervisor) { self.hypervisor = hypervisor }

    /// Empty when there are none, or nobody knows in time.
    func addresses(of machine: Hypervisor.Machine) async -> [String] {
        guard machine.isActive else { return [] }
        let uuid = machine.uuid
        if machine.now.cards.contains(where: { $0.network != nil }), let found = await ask(uuid, .lease, hypervisor.look) { return found }
        if machine.now.isAgentConnected == true, !isSilent(uuid) {
            if let found = await ask(uuid, .agent, askAgent) { return found }
        }
        return await ask(uuid, .arp, hypervisor.look) ?? []
    }

    private func isSilent(_ uuid: String) -> Bool {
        silent.withLock { $0[uuid].map { (ContinuousClock.now - $0).seconds < Self.silenceSeconds } ?? false }
    }

    private func askAgent(
        _ doing: String, _ seconds: Double, _ body: @escaping Hypervisor.Body<[LibvirtDomain.Interface]>
    ) async throws(RPCError) -> [LibvirtDomain.Interface] {
        try await hypervisor.ask(doing, seconds: hypervisor.settings.agentSeconds, body)
    }

    /// nil when there are none.
    private func ask(
        _ uuid: String, _ source: LibvirtDomain.AddressSource,
        _ way: (String, Double, @escaping Hypervisor.Body<[LibvirtDomain.Interface]>) async throws(RPCError) -> [LibvirtDomain.Interface]
    ) async -> [String]? {
        let interfaces: [LibvirtDomain.Interface]
        do throws(RPCError) {
            interfaces = try await way("ask for the addresses of machine \(uuid)", 3) { connection throws(LibvirtError) in
                try connection.domain(uuid: uuid).interfaces(source)
            }
        } catch {
            if source == .agent {
                silent.withLock { silent in
                    silent = silent.filter { (ContinuousClock.now - $0.value).seconds < Self.silenceSeconds }
                    silent[uuid] = .now
                }
            }
            return nil
        }
        let found = Self.useful(interfaces)
        return found.isEmpty ? nil : found
    }

    /// Addresses by which others reach the guest, IPv4 first.
    static func useful(_ interfaces: [LibvirtDomain.Interface]) -> [String] {
        var found: [String] = []
        for isIPv6 in [false, true] {
            for interface in interfaces where interface.name != "lo" {
                for address in interface.addresses where address.isIPv6 == isIPv6 && !found.contains(address.text) {
                    guard !address.text.hasPrefix("127."), address.text != "::1", !address.text.lowercased().hasPrefix("fe80:") else {
                        continue
                    }
                    found.append(address.text)
                }
            }
        }
        return found
    }
}
