/// What a card tells when it is asked for fields by number.
struct CardFields {
    struct Value {
        let id: Int
        /// The link, or all ones for all of them.
        let scope: UInt32
        let type: Int
        let value: Int
    }

    private(set) var values: [Value] = []

    init(_ card: CardReading) {
        let make = card.plan.make
        let held = card.heldNanoseconds
        let (u32, u64, s32) = (1, 3, 5)
        if card.hasECC { add(1, 1, type: u32) }
        for (id, value) in [
            (74, held.powerCap), (75, held.software), (76, 0), (77, 0), (78, 0), (79, 0), (269, held.software), (270, held.hardware),
            (271, held.powerBrake),
        ] {
            add(id, value, type: u64)
        }
        if let celsius = card.memoryCelsius { add(82, celsius, type: u32) }
        add(83, card.energyMillijoules, type: u64)
        add(94, card.busReplays, type: u32)
        for (id, value) in [(142, card.plan.remappedRows), (143, card.remappedUncorrectable), (144, card.isRemapPending ? 1 : 0), (145, 0)]
        where card.hasECC { add(id, value, type: u32) }
        for id in [173, 179, 180] { add(id, 0, type: u32) }
        let limit = Int(make.powerLimit * 1000)
        for (id, value) in [
            (185, card.powerMilliwatts), (186, card.powerMilliwatts), (187, Int(make.leastPowerLimit * 1000)), (188, limit), (189, limit),
            (190, limit),
        ] { add(id, value, type: u32) }
        // Degrees from the operating limit, as newer cards tell their limits.
        for (id, value) in [(193, make.shutdownLimit), (194, make.slowdownLimit), (196, make.operatingLimit)] {
            add(id, make.operatingLimit - value, type: s32)
        }
        // Older ones have no counters of their bus.
        if make.architecture >= 9 {
            add(197, card.sentBytes, type: u64)
            add(198, card.receivedBytes, type: u64)
        }
        add(230, card.recoveryAction, type: u32)
        guard make.links > 0 else { return }
        add(91, make.links, type: u32)
        for id in [38, 45, 59] { add(id, 0, type: u64) }
        add(52, card.linkReplays, type: u64)
        let each = card.linkKibibytes / make.links
        for id in [138, 139, 140, 141] {
            let share = id < 140 ? each : each + each / 16
            for link in 0..<make.links { add(id, share, type: u64, scope: UInt32(link)) }
            add(id, share * make.links, type: u64, scope: .max)
        }
    }

    private mutating func add(_ id: Int, _ value: Int, type: Int, scope: UInt32 = 0) {
        values.append(Value(id: id, scope: scope, type: type, value: value))
    }
}
