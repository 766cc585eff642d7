/// vGPUs: parts of cards that virtual machines of the cluster have.
extension GPUWorld {
    /// The virtual machines that have part of a card, wherever they are now, by their configuration.
    private var partOwners: [Guest] {
        world.dealt.passthrough.filter { $0.value.hasPrefix("mapping=") }.keys.sorted().map { world.dealt.guests[$0] }.filter {
            $0.node == Passthrough.sharingNode
        }
    }

    /// Those whose part is of this card: the first four have parts of the first, and so on.
    func sharers(of card: CardPlan) -> [Guest] {
        guard card.role == .shared else { return [] }
        let number = plan.cards[..<card.index].count { $0.role == .shared }
        return Array(partOwners.dropFirst(number * GPUState.vgpusPerCard).prefix(GPUState.vgpusPerCard))
    }

    /// When a guest ran on the machine with the cards.
    func stays(of guest: Guest) -> [Span] {
        guard let history = world.histories[guest.index] else { return [Span(start: guest.firstBoot, end: .infinity)] }
        return history.stays.filter { $0.isActive && $0.node == Passthrough.sharingNode }.map { Span(start: $0.start, end: $0.end) }
    }

    /// What a guest wants of its card. One has no driver, and wants nothing.
    func wave(of guest: Guest) -> Wave {
        var generator = SeededGenerator(seed: plan.seed, "vgpu", guest.index)
        return Wave(base: hasDriver(guest) ? generator.uniform(0.06, 0.14) : 0, depth: 0.7, &generator)
    }

    private func hasDriver(_ guest: Guest) -> Bool {
        let owners = partOwners
        return owners.count < 4 || owners[owners.count - 2].index != guest.index
    }

    func vgpus(of card: CardPlan, load: CardLoad, at moment: Double) -> [CardReading.VGPU] {
        let sharers = sharers(of: card)
        let unlicensed = world.trouble(.vgpuUnlicensed, at: moment) != nil ? partOwners.first?.index : nil
        // The tenant's streams are the card's only ones, in the same order.
        return sharers.enumerated().compactMap { position, guest in
            let stays = stays(of: guest)
            guard let stay = stays.last(where: { $0.contains(moment) }) else { return nil }
            var generator = SeededGenerator(seed: plan.seed, "vgpu identity", guest.index)
            let uuid = generator.uuid()
            let fullness = Wave(base: generator.uniform(0.35, 0.7), depth: 0.25, &generator)
            let isActive = hasDriver(guest)
            let work = load.work(ofStream: position, at: moment)
            let isLicensed = isActive && guest.index != unlicensed
            let present = world.inventory.guests[guest.index]
            let encodes = position == 0 && isActive
            return CardReading.VGPU(
                // Another one each time that the guest starts.
                id: Int(guest.index) << 3 & 0xFF8 | stays.count { $0.start <= moment } & 7, vmid: guest.vmid,
                vmName: present.name,
                vmUUID: GuestIdentity(present, in: world).machine, uuid: uuid,
                mdevUUID: plan.profile == .vgpu ? Self.mdevUUID(of: guest) : nil,
                guestDriver: isActive ? "580.95.02" : "Not Available", guestBusID: "00000000:00:10.0",
                framebufferUsedBytes: isActive
                    ? World.pages(Double(GPUState.vgpuFramebufferBytes) * fullness.value(at: max(stay.start, moment))) : 0,
                isLicensed: isLicensed, licenseState: isLicensed ? 5 : isActive ? 4 : 1,
                frameRateLimit: isLicensed || !isActive ? GPUState.vgpuFrameRateLimit : 3, encoderSessions: encodes ? 1 : 0,
                isActive: isActive,
                processors: Int(work * 100), memory: Int(work * 55), encoder: encodes ? 9 : 0, decoder: 0)
        }
    }

    /// The form in which Proxmox VE makes them where the kernel has mediated devices: the number of the device, and of the guest.
    private static func mdevUUID(of guest: Guest) -> String {
        let digits = String(guest.vmid)
        return "00000000-0000-0000-0000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }
}
