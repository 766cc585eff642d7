import Glibc

/// The cards of a machine of the world, as a function of time: nothing is remembered between two questions.
struct GPUWorld: Sendable {
    let plan: GPUPlan
    let world: World
    var driver = GPUDriver.current

    /// How long events are told.
    private static let eventSeconds = 120.0
    /// A card without air is too hot after so many seconds.
    static let heatingSeconds = 45.0
    private static let heatingLag = 15.0

    /// The card that a scenario is about where nothing else is said.
    private var victim: Int { min(1, plan.cards.count - 1) }

    func spans(_ scenario: Scenario) -> [Span] { world.troubles.all(scenario, node: nil) }
    private func isOn(_ scenario: Scenario, _ moment: Double) -> Bool { world.trouble(scenario, at: moment) != nil }

    /// Everything at a moment.
    func state(at moment: Double) -> GPUState {
        let isRemoved = isOn(.gpuRemoved, moment) && plan.cards.count > 1
        let cards = plan.cards.dropLast(isRemoved ? 1 : 0).map { reading(of: $0, at: moment) }
        return GPUState(
            unixSeconds: world.timeline.epoch + moment, driver: driver, cards: cards,
            events: events(until: moment).filter { $0.card < cards.count },
            driverCode: isOn(.gpuDriverMismatch, moment) ? 18 : 0)
    }

    // MARK: Load

    /// What a card is asked to do, and what befalls it.
    func load(of card: CardPlan) -> CardLoad {
        let make = card.make
        var streams: [CardLoad.Stream] = []
        if let load = card.load { streams.append(CardLoad.Stream(wave: load, weight: 1)) }
        streams += card.instances.map { CardLoad.Stream(wave: $0.load, weight: Double($0.slices) / 7) }
        streams += sharers(of: card).map { CardLoad.Stream(wave: wave(of: $0), weight: 1, spans: stays(of: $0)) }
        var overlays: [CardLoad.Overlay] = []
        overlays += spans(.gpuSaturated).map { CardLoad.Overlay(span: $0, power: 0.985, work: 0.99) }
        overlays += spans(.gpuThrottled).map { CardLoad.Overlay(span: $0, power: 0.62, work: 0.99) }
        overlays += serving(on: card)
        if card.index == victim {
            overlays += hotSpans(of: card).map { CardLoad.Overlay(span: $0, power: 0.55, work: 0.97) }
            for scenario in [Scenario.gpuLost, .gpuResetRequired] {
                overlays += spans(scenario).map { CardLoad.Overlay(span: $0, power: 0, work: 0) }
            }
        }
        overlays.sort { $0.span.start < $1.span.start }
        return CardLoad(idlePower: make.idlePower, powerLimit: make.powerLimit, streams: streams, overlays: overlays)
    }

    /// When a card was too hot.
    private func hotSpans(of card: CardPlan) -> [Span] {
        guard card.index == victim else { return [] }
        return spans(.gpuHot).compactMap { $0.part(from: $0.start + Self.heatingSeconds, to: .infinity) }
    }

    /// Degrees that a card is warmer for want of air.
    private func heat(of card: CardPlan, at moment: Double) -> Double {
        guard card.index == victim else { return 0 }
        let make = card.make
        let power = make.idlePower + (make.powerLimit - make.idlePower) * 0.55
        let whole = Double(make.slowdownLimit) + 2.5 - make.coldest - make.degreesPerWatt * power
        return spans(.gpuHot).reduce(0) { sum, span in
            guard moment > span.start else { return sum }
            let reached = 1 - exp(-(min(moment, span.end) - span.start) / Self.heatingLag)
            return sum + whole * reached * (moment > span.end ? exp(-(moment - span.end) / Self.heatingLag) : 1)
        }
    }

    // MARK: One card

    private func reading(of card: CardPlan, at moment: Double) -> CardReading {
        let make = card.make
        let load = load(of: card)
        let work = load.work(at: moment)
        let isIdle = work < 0.005
        let percent = Int((work * 100).rounded())
        let since = card.loadedAt
        let celsius = make.coldest + make.degreesPerWatt * load.laggingPower(at: moment) + heat(of: card, at: moment)
        let memoryWork = work * 0.55
        let isVictim = card.index == victim
        let instances = card.instances.enumerated().map { instance($1, of: card, at: moment, position: $0) }
        let vgpus = vgpus(of: card, load: load, at: moment)
        let processes = processes(of: card, work: work, instances: instances, vgpus: vgpus, at: moment)
        // Each has some more for itself than the driver tells.
        var used = processes.reduce(0) { $0 + $1.memoryBytes + Self.overheadBytes(card) }
        if !instances.isEmpty { used = instances.reduce(0) { $0 + $1.usedBytes } }
        let uncorrected = isVictim ? spans(.gpuECC).reduce(0) { $0 + Self.count(of: $1, every: 10, until: moment) } : 0
        let hasTrouble = isVictim && (isOn(.gpuECC, moment) || isOn(.gpuXID, moment))
        let traffic = card.traffic.area(from: since, to: moment)
        let kilobytes = Int(card.traffic.value(at: moment) / 1000)
        let isEncoding = card.processes.contains(where: \.encodes)
        let sessions = (isEncoding ? 1 : 0) + vgpus.reduce(0) { $0 + $1.encoderSessions }
        let (reasons, slowness) = reasons(of: card, isIdle: isIdle, at: moment)
        let condition: CardReading.Condition =
            isVictim && isOn(.gpuLost, moment) ? .lost : isVictim && isOn(.gpuResetRequired, moment) ? .resetRequired : .well
        return CardReading(
            plan: card, condition: condition, hangs: isVictim && isOn(.gpuHang, moment), processorsPercent: percent,
            memoryPercent: Int((memoryWork * 100).rounded()), encoderPercent: make.hasEncoder ? sessions * 9 : 0,
            decoderPercent: isEncoding ? 14 : 0, usedBytes: used, bar1UsedBytes: 2 << 20 + processes.count << 21,
            powerMilliwatts: Int(load.energy(from: moment - 1, to: moment) * 1000),
            energyMillijoules: Int(load.energy(from: since, to: moment) * 1000),
            celsius: Int(celsius.rounded()), memoryCelsius: make.hasMemoryTemperature ? Int((celsius + 5 + 7 * memoryWork).rounded()) : nil,
            clocks: clocks(of: make, isIdle: isIdle, slowness: slowness, work: work), reasons: reasons,
            heldNanoseconds: heldTimes(of: card, until: moment), performanceState: isIdle && make.links == 0 ? 8 : 0,
            fanPercent: make.hasFans ? min(100, max(30, Int((celsius - 30) * 1.4))) : nil,
            correctedErrors: card.correctedErrors + Int(max(0, moment) / 86_400) * min(1, card.correctedErrors),
            uncorrectedErrors: uncorrected,
            remappedUncorrectable: uncorrected > 0 ? 1 : 0, isRemapPending: uncorrected > 0,
            recoveryAction: condition == .well ? hasTrouble ? 1 : 0 : 2, sentBytes: Int(traffic / 3), receivedBytes: Int(traffic),
            sentKilobytesPerSecond: kilobytes / 3, receivedKilobytesPerSecond: kilobytes, busReplays: card.index == 2 ? 3 : 0,
            linkKibibytes: Int(load.shareArea(from: since, to: moment) * card.linkBytesPerSecond / 1024),
            linkReplays: isVictim ? spans(.gpuXID).reduce(0) { $0 + Self.count(of: $1, every: 5, until: moment) } : 0,
            encoderSessions: sessions, processes: processes, instances: instances,
            activity: make.hasActivity && instances.isEmpty
                ? Self.activity(share: load.share(at: moment), area: load.shareArea(from: since, to: moment)) : [],
            vgpus: vgpus, sinceLoadedSeconds: moment - since)
    }

    /// How often something has happened that happens at once and then every so often.
    private static func count(of span: Span, every seconds: Double, until moment: Double) -> Int {
        guard let part = span.part(from: span.start, to: moment) else { return 0 }
        return Int(part.seconds / seconds) + 1
    }

    /// What holds the clocks back, and to which fraction.
    private func reasons(of card: CardPlan, isIdle: Bool, at moment: Double) -> (bits: Int, slowness: Double) {
        if isOn(.gpuThrottled, moment) { return (0x4 | 0x8 | 0x80, 0.62) }
        if hotSpans(of: card).contains(where: { $0.contains(moment) }) { return (0x8 | 0x20 | 0x40, 0.55) }
        if isIdle { return (0x1, 1) }
        return isOn(.gpuSaturated, moment) ? (0x4, 0.93) : (0, 1)
    }

    private func heldTimes(of card: CardPlan, until moment: Double) -> CardReading.HeldTimes {
        func nanoseconds(_ spans: [Span]) -> Int { Int(spans.reduce(0) { $0 + ($1.part(from: $1.start, to: moment)?.seconds ?? 0) } * 1e9) }
        let (throttled, hot) = (nanoseconds(spans(.gpuThrottled)), nanoseconds(hotSpans(of: card)))
        return CardReading.HeldTimes(
            powerCap: throttled + nanoseconds(spans(.gpuSaturated)), software: hot, hardware: hot, powerBrake: throttled)
    }

    /// In steps of 15 MHz, as cards have them.
    private func clocks(
        of make: CardClass, isIdle: Bool, slowness: Double, work: Double
    ) -> (processors: Int, memory: Int, video: Int) {
        guard !isIdle else { return make.idleClocks }
        func stepped(_ clock: Int) -> Int { Int(Double(clock) * slowness * (1 - 0.03 * work) / 15) * 15 }
        return (stepped(make.clocks.processors), make.clocks.memory, stepped(make.clocks.video))
    }

    // MARK: Who works on it

    private func instance(_ plan: CardPlan.Instance, of card: CardPlan, at moment: Double, position: Int) -> CardReading.Instance {
        let total = (card.make.memoryBytes - card.make.reservedBytes) / 8 * plan.memorySlices & ~0xFFFFF
        let memory = card.processes.filter { $0.instance == position }.reduce(0) { $0 + World.pages(Double(total) * $1.memoryShare) }
        return CardReading.Instance(
            name: "\(card.make.name) MIG \(plan.profile)", uuid: plan.uuid, gpuInstance: plan.gpuInstance, plan: plan, totalBytes: total,
            usedBytes: memory + 64 << 20,
            activity: Self.activity(share: plan.load.value(at: moment), area: plan.load.area(from: card.loadedAt, to: moment)))
    }

    /// Graphics, SM, occupancy, tensor cores, memory.
    private static func activity(share: Double, area: Double) -> [CardReading.Activity] {
        [(1, 0.97), (2, 0.9), (3, 0.31), (5, 0.42), (10, 0.55)].map {
            CardReading.Activity(metric: $0.0, percent: share * $0.1 * 100, area: area * $0.1 * 100)
        }
    }

    private func processes(
        of card: CardPlan, work: Double, instances: [CardReading.Instance], vgpus: [CardReading.VGPU], at moment: Double
    ) -> [CardReading.Process] {
        if card.role == .shared { return Self.managers(of: vgpus) }
        var processes = card.processes.map { process in
            let instance = process.instance.map { instances[$0] }
            let room = instance?.totalBytes ?? (card.make.memoryBytes - card.make.reservedBytes)
            return CardReading.Process(
                pid: process.pid, name: process.name, tenant: plan.tenants[process.tenant],
                memoryBytes: World.pages(Double(room) * process.memoryShare), draws: process.draws,
                // Cards that are in instances do not tell who does how much.
                processors: instance == nil ? Int(work * process.workShare * 100) : 0,
                memory: instance == nil ? Int(work * 0.55 * process.workShare * 100) : 0, encoder: process.encodes ? 9 : 0,
                decoder: process.encodes ? 14 : 0, gpuInstance: instance?.gpuInstance)
        }
        if card.index == 0, isOn(.gpuMemoryFull, moment), !processes.isEmpty, instances.isEmpty {
            let used = processes.reduce(0) { $0 + $1.memoryBytes + Self.overheadBytes(card) }
            processes[0].memoryBytes += max(0, card.make.memoryBytes - card.make.reservedBytes - used - 96 << 20)
        }
        return processes
    }

    private static func overheadBytes(_ card: CardPlan) -> Int { (card.role == .shared ? 96 : 384) << 20 }

    /// The processes in which a host runs its part of vGPUs: of a service, not of the virtual machine.
    private static func managers(of vgpus: [CardReading.VGPU]) -> [CardReading.Process] {
        let service = Tenant(kind: .unit, id: "nvidia-vgpu-mgr.service", name: "nvidia-vgpu-mgr.service")
        return vgpus.map {
            CardReading.Process(
                pid: 2_000_000 + $0.vmid, name: "vgpu", tenant: service, memoryBytes: GPUState.vgpuFramebufferBytes - 512 << 20,
                draws: true,
                processors: $0.processors, memory: $0.memory, encoder: $0.encoder, decoder: $0.decoder, gpuInstance: nil)
        }
    }

    // MARK: Events

    private func events(until moment: Double) -> [GPUState.Event] {
        var events: [GPUState.Event] = []
        for (scenario, xids, seconds) in [(Scenario.gpuLost, [79], Double.infinity), (.gpuECC, [48, 63], .infinity), (.gpuXID, [74], 60)] {
            for span in spans(scenario) {
                let last = min(moment, span.end)
                // The first ones that are still told.
                let skipped = seconds.isFinite ? max(0, ((moment - Self.eventSeconds - span.start) / seconds).rounded(.up)) : 0
                var next = span.start + (skipped > 0 ? skipped * seconds : 0)
                while next <= last, next >= moment - Self.eventSeconds {
                    for (number, xid) in xids.enumerated() {
                        events.append(
                            GPUState.Event(unixSeconds: world.timeline.epoch + next + Double(number) / 1000, card: victim, xid: xid))
                    }
                    next += seconds
                }
            }
        }
        let now = world.timeline.epoch + moment
        return events.filter { $0.unixSeconds <= now }.sorted { $0.unixSeconds < $1.unixSeconds }
    }
}
