/// What a guest's configuration says beyond its size: its numbers, addresses and remarks. Made when it is asked for.
struct GuestIdentity: Sendable {
    /// SHA-1 of the configuration.
    let digest: String
    /// UUIDs.
    let machine: String
    let generation: String
    /// Of the first and the second network card.
    let hardwareAddresses: (String, String)
    /// Unix time, before the world's epoch.
    let created: Int
    let startsOnBoot: Bool
    let description: String?
    let systemType: String
    /// As it was set: plainly, or with an option.
    let agent: String

    init(_ guest: Guest, in world: World) {
        var generator = SeededGenerator(seed: world.inventory.seed, "configuration", guest.index)
        let digest = generator.hexadecimal(digits: 40)
        machine = generator.uuid()
        generation = generator.uuid()
        hardwareAddresses = (Self.hardwareAddress(&generator), Self.hardwareAddress(&generator))
        created = max(0, Int(world.timeline.epoch + guest.firstBoot) - 3600 - generator.below(86_400 * 300))
        startsOnBoot = guest.role != .template && generator.fraction() < 0.6
        // Whoever renames a guest writes no other remark.
        let owner = world.dealt.guests[guest.index].name.prefix { $0 != "-" }
        let remark = generator.fraction()
        description = remark < 0.25 ? "\(owner): main" : remark < 0.4 ? "Owner: team \(owner)\nAsk before a restart.\n" : nil
        let system = generator.fraction()
        systemType = guest.kind == .qemu ? (system < 0.85 ? "l26" : "win11") : (system < 0.7 ? "debian" : "alpine")
        agent = generator.fraction() < 0.7 ? "1" : "enabled=1,fstrim_cloned_disks=1"
        if let count = world.histories[guest.index]?.changeCount {
            var changed = SeededGenerator(seed: world.inventory.seed ^ UInt64(count), "changed configuration", guest.index)
            self.digest = changed.hexadecimal(digits: 40)
        } else {
            self.digest = digest
        }
    }

    /// Within the block of Proxmox.
    private static func hardwareAddress(_ generator: inout SeededGenerator) -> String {
        (["BC", "24", "11"] + (0..<3).map { _ in generator.hexadecimal(digits: 2).uppercased() }).joined(separator: ":")
    }
}
