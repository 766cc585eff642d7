/// Where guests are reached, and who knows it.
extension World {
    /// The length of the prefix of every guest's first network.
    static let prefixLength = 16

    /// The IPv4 address of a guest's first card.
    func address(of guest: Guest) -> IPv4Address {
        dealt.firstGuestAddress?.advanced(by: guest.index)
            ?? IPv4Address(10, 20, UInt8(truncatingIfNeeded: guest.vmid >> 8), UInt8(truncatingIfNeeded: guest.vmid))
    }

    /// As configurations write it: `ip=10.20.0.100/16,gw=10.20.255.254`.
    func addressText(of guest: Guest) -> String { "\(address(of: guest))/\(Self.prefixLength)" }

    /// The last of the guest's first network that a machine can have.
    func gateway(of guest: Guest) -> IPv4Address { IPv4Address(bits: address(of: guest).bits & 0xFFFF_0000 | 0xFFFE) }

    /// Whether a VM gets its address from its configuration: half of those do of which no agent tells it.
    func hasCloudInit(_ guest: Guest) -> Bool {
        let dealt = dealt.guests[guest.index]
        guard dealt.kind == .qemu, dealt.role != .template, !hasGoodAgent(dealt) else { return false }
        var generator = SeededGenerator(seed: inventory.seed, "cloud-init", guest.index)
        return generator.fraction() < 0.5
    }

    /// Whether the configuration of a container says its address, and not that somebody on the network gives it one.
    func hasStaticAddress(_ guest: Guest) -> Bool {
        var generator = SeededGenerator(seed: inventory.seed, "static address", guest.index)
        return generator.fraction() < 0.5
    }

    /// The VM whose address is on a bridge that it has inside: the first Linux whose agent answers.
    var bridgedGuest: Int? {
        dealt.guests.first { $0.kind == .qemu && $0.role == .running && hasGoodAgent($0) && !isWindows($0) }?.index
    }

    /// Whether Windows is inside.
    func isWindows(_ guest: Guest) -> Bool { GuestIdentity(guest, in: self).systemType == "win11" }

    // MARK: agents

    /// How long after its start what runs inside a guest answers.
    static let settlingSeconds = 2.0

    /// Whether the system inside a guest has been up for long enough to answer.
    func isSettled(_ guest: Guest, at moment: Double) -> Bool {
        guard guest.role == .running, case .up(let bootedAt) = presence(of: guest.node, at: moment) else { return false }
        return moment - boot(of: guest, nodeBootedAt: bootedAt) >= Self.settlingSeconds
    }

    /// Whether the agent in a VM answers while it runs: it does in most systems of which the configuration says so.
    func hasAnsweringAgent(_ guest: Guest) -> Bool { guest.role == .running && (guest.agentSwitch ?? hasGoodAgent(guest)) }

    private func hasGoodAgent(_ guest: Guest) -> Bool {
        guard guest.hasAgent else { return false }
        var generator = SeededGenerator(seed: inventory.seed, "agent", guest.index)
        return generator.fraction() < 0.9
    }
}
