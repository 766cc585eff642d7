import LibvirtAPI
import Primitives
import RPC
import Synchronization

/// Finds a running machine's addresses, within bounds of time: what libvirt's DHCP server gave, else what the guest's agent says, else whom the host
/// knows as a neighbour.
final class AddressFinder: Sendable {
    private let hypervisor: Hypervisor
    private let patience = Mutex(AgentPatience())
    private let question: Question

    /// What a machine's agent is asked. Blocks, perhaps for ever.
    typealias Question = @Sendable (LibvirtConnection, _ uuid: String) throws(LibvirtError) -> [LibvirtDomain.Interface]

    init(
        _ hypervisor: Hypervisor,
        question: @escaping Question = { connection, uuid throws(LibvirtError) in try connection.domain(uuid: uuid).interfaces(.agent) }
    ) {
        self.hypervisor = hypervisor
        self.question = question
    }

    /// Empty when there are none, or nobody knows in time.
    func addresses(of machine: Hypervisor.Machine) async -> [String] {
        guard machine.isActive else { return [] }
        let uuid = machine.uuid
        if machine.now.cards.contains(where: { $0.network != nil }), let found = await look(uuid, .lease) { return found }
        if machine.now.isAgentConnected == true, let found = await askAgent(uuid) { return found }
        return await look(uuid, .arp) ?? []
    }

    /// nil when there are none.
    private func look(_ uuid: String, _ source: LibvirtDomain.AddressSource) async -> [String]? {
        let interfaces = try? await hypervisor.look(Self.doing(uuid), seconds: 3) { connection throws(LibvirtError) in
            try connection.domain(uuid: uuid).interfaces(source)
        }
        return interfaces.flatMap(Self.found)
    }

    private func askAgent(_ uuid: String) async -> [String]? {
        guard patience.withLock({ $0.begin(uuid, .now) }) else { return nil }
        let call = LateCall { [self] in patience.withLock { $0.isBack(uuid) } }
        let question = question
        do throws(RPCError) {
            let interfaces = try await hypervisor.ask(Self.doing(uuid), seconds: hypervisor.settings.agentSeconds) {
                connection throws(LibvirtError) in
                guard call.begin() else { throw LibvirtError(.aborted, "nobody waits for the answer any more") }
                defer { call.end() }
                return try question(connection, uuid)
            }
            patience.withLock { $0.answered(uuid) }
            return Self.found(interfaces)
        } catch {
            // That others were before it, or that the daemon is away, is not its silence.
            let hadBegun = call.giveUp()
            if hadBegun, error.code != .unavailable { patience.withLock { $0.wasSilent(uuid, .now) } }
            return nil
        }
    }

    private static func doing(_ uuid: String) -> String { "ask for the addresses of machine \(uuid)" }

    private static func found(_ interfaces: [LibvirtDomain.Interface]) -> [String]? {
        let found = useful(interfaces)
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
