import LibvirtAPI
import Primitives
import RPC
import Synchronization

/// Finds a running machine's addresses, within bounds of time: what libvirt's DHCP server gave, else whom the host knows as a neighbour, else what the
/// guest's agent says, which may say what it likes and when it likes.
final class AddressFinder: Sendable {
    private let hypervisor: Hypervisor
    private let patience = Mutex(AgentPatience())
    private let question: Question

    /// What a machine's agent is asked. Blocks, of a daemon before libvirt 5.10 perhaps until the guest ends.
    typealias Question = @Sendable (LibvirtConnection, _ uuid: String) throws(LibvirtError) -> [LibvirtDomain.Interface]

    init(_ hypervisor: Hypervisor, question: Question? = nil) {
        self.hypervisor = hypervisor
        self.question = question ?? Self.question(hypervisor.settings)
    }

    /// The daemon waits a few seconds for the answer to its greeting, and for all others as long as the guest likes, unless it is told for how long.
    static func question(_ settings: LibvirtProviderSettings) -> Question {
        let seconds = Int32(settings.agentSeconds.clamped(to: 1...60).rounded(.up))
        return { connection, uuid throws(LibvirtError) in
            let domain = try connection.domain(uuid: uuid)
            let isBounded = (try? domain.setAgentTimeout(seconds: seconds)) != nil
            // Others may have longer questions: to freeze file systems takes time.
            defer { if isBounded { try? domain.setAgentTimeout(seconds: nil) } }
            return try domain.interfaces(.agent)
        }
    }

    /// Empty when there are none, or nobody knows in time.
    func addresses(of machine: Hypervisor.Machine) async -> [String] {
        guard machine.isActive else { return [] }
        let uuid = machine.uuid
        if machine.now.cards.contains(where: { $0.network != nil }), let found = await look(uuid, .lease) { return found }
        if let found = await look(uuid, .arp) { return found }
        return machine.now.isAgentConnected == true ? await askAgent(machine) ?? [] : []
    }

    /// nil when there are none.
    private func look(_ uuid: String, _ source: LibvirtDomain.AddressSource) async -> [String]? {
        let interfaces = try? await hypervisor.look(Self.doing(uuid), seconds: 3) { connection throws(LibvirtError) in
            try connection.domain(uuid: uuid).interfaces(source)
        }
        return interfaces.flatMap(Self.found)
    }

    private func askAgent(_ machine: Hypervisor.Machine) async -> [String]? {
        let uuid = machine.uuid
        // Started anew it has another agent.
        let agent = "\(uuid) \(machine.now.number ?? 0)"
        guard patience.withLock({ $0.begin(agent, .now) }) else { return nil }
        let call = LateCall { [self] in patience.withLock { $0.isBack(agent) } }
        let question = question
        do throws(RPCError) {
            let interfaces = try await hypervisor.ask(Self.doing(uuid), seconds: hypervisor.settings.agentSeconds) {
                connection throws(LibvirtError) in
                guard call.begin() else { throw LibvirtError(.aborted, "nobody waits for the answer any more") }
                defer { call.end() }
                return try question(connection, uuid)
            }
            patience.withLock { $0.answered(agent) }
            return Self.found(interfaces)
        } catch {
            // That others were before it, or that the daemon is away, is not its silence.
            let hadBegun = call.giveUp()
            if hadBegun, error.code != .unavailable { patience.withLock { $0.wasSilent(agent, .now) } }
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
