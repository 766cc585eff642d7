/// The numbers of a guest at a moment. Counters run from its start; a guest that is not live has zeros.
struct GuestReading: Sendable {
    /// What a virtual disk has done since the guest's start.
    struct Disk: Sendable {
        var readBytes = 0
        var writtenBytes = 0
        var readOperations = 0
        var writeOperations = 0
        var flushOperations = 0
        var unmapOperations = 0
        var readNanoseconds = 0
        var writeNanoseconds = 0
        var flushNanoseconds = 0
        var unmapNanoseconds = 0
        var idleNanoseconds = 0

        fileprivate mutating func add(reads: Int, writes: Int, bytes: Int) {
            readOperations &+= reads
            writeOperations &+= writes
            readBytes &+= reads &* bytes
            writtenBytes &+= writes &* bytes
        }

        fileprivate mutating func delay(reads: Int, writes: Int) {
            readNanoseconds &+= reads &* 120_000_000
            writeNanoseconds &+= writes &* 160_000_000
        }
    }

    /// What a virtual network card has moved since the guest's start, as the guest sees it.
    struct Card: Sendable {
        var receivedBytes = 0
        var sentBytes = 0
    }

    var uptimeSeconds = 0.0
    var processID = 0
    /// Fraction of the guest's CPUs.
    var cpu = 0.0
    /// As the guest sees it, and as its process weighs on the host.
    var memoryBytes = 0
    var hostMemoryBytes = 0
    var swapUsedBytes = 0
    /// Containers only: nothing tells how full a VM's disks are.
    var diskUsedBytes = 0
    /// A container has one of each.
    var cards = (Card(), Card())
    var disks = (Disk(), Disk(), Disk())
    /// Hundredths of a percent of time in which something in the guest waited.
    var cpuPressure = 0
    var memoryPressure = 0

    var receivedBytes: Int { cards.0.receivedBytes + cards.1.receivedBytes }
    var sentBytes: Int { cards.0.sentBytes + cards.1.sentBytes }
    var readBytes: Int { disks.0.readBytes + disks.1.readBytes + disks.2.readBytes }
    var writtenBytes: Int { disks.0.writtenBytes + disks.1.writtenBytes + disks.2.writtenBytes }
}

extension World {
    /// What the guest shows at `moment`, on a node that has run since `nodeBootedAt`.
    ///
    /// - Parameter isInside: as the system inside counts, which does not notice that it was moved; else as its hypervisor does.
    func reading(of guest: Guest, at moment: Double, nodeBootedAt: Double, isInside: Bool = false) -> GuestReading {
        guard guest.isLive else { return GuestReading() }
        let starts = starts(of: guest, nodeBootedAt: nodeBootedAt)
        let counted = isInside ? starts.system : starts.counters
        // A paused guest does nothing, but its process grows older.
        let active = max(counted, guest.role == .paused ? min(moment, Self.pausedAt) : moment)
        var reading = GuestReading()
        reading.uptimeSeconds = max(0, moment - starts.system)
        reading.processID = processID(of: guest, bootedAt: starts.counters)
        reading.cpu = cpu(of: guest, at: moment)
        reading.cpuPressure = has(.hostSaturated, guest, at: moment) ? 4_500 : Int(reading.cpu * reading.cpu * 2_000)
        let fullness = fullness(of: guest, at: active)
        reading.memoryBytes = Self.pages(Double(guest.memoryBytes) * fullness)
        reading.hostMemoryBytes = Self.hostMemoryBytes(of: guest, fullness)
        if guest.role == .running { reading.memoryPressure = has(.swapping, guest, at: moment) ? 3_000 : Int(fullness * 20) }
        addTraffic(of: guest, from: counted, to: active, to: &reading)
        if guest.kind == .lxc {
            let isSwapping = has(.swapping, guest, at: moment)
            reading.swapUsedBytes = Self.pages(Double(guest.swapBytes) * (isSwapping ? 0.7 : (guest.memory.base - 0.1) * 0.1))
            let isFull = has(.diskFull, guest, at: moment)
            reading.diskUsedBytes = Self.pages(Double(guest.diskBytes) * (isFull ? 0.985 : guest.memory.value(at: active / 50)))
        }
        return reading
    }

    /// What the guest's disks and cards did from one moment to another.
    func traffic(of guest: Guest, from start: Double, to end: Double) -> GuestReading {
        var reading = GuestReading()
        addTraffic(of: guest, from: start, to: end, to: &reading)
        return reading
    }

    private func addTraffic(of guest: Guest, from start: Double, to active: Double, to reading: inout GuestReading) {
        let received = guest.network.area(from: start, to: active)
        let read = guest.diskReads.area(from: start, to: active)
        let written = guest.diskWrites.area(from: start, to: active)
        defer { addDelays(of: guest, stretches(of: .diskLatency, guest, from: start, to: active), to: &reading) }
        if guest.kind == .qemu {
            reading.cards.0 = card(guest, received * 0.85)
            reading.cards.1 = card(guest, received * 0.15)
            reading.disks.0 = disk(guest, read: read * 0.7, written: written * 0.7, moment: active)
            reading.disks.1 = disk(guest, read: read * 0.25, written: written * 0.25, moment: active + 1)
            reading.disks.2 = disk(guest, read: read * 0.05, written: written * 0.05, moment: active + 2)
        } else {
            reading.cards.0 = card(guest, received)
            reading.disks.0 = disk(guest, read: read, written: written, moment: active)
        }
    }

    /// Which fraction of its memory is in use.
    private func fullness(of guest: Guest, at moment: Double) -> Double {
        let usual = guest.memory.value(at: moment)
        guard guest.role == .running else { return usual }
        // Who swaps is short of memory.
        return has(.memoryHigh, guest, at: moment) ? 0.96 : has(.swapping, guest, at: moment) ? max(usual, 0.85) : usual
    }

    /// Requests to slow disks: there are more of them than usual, and each takes a tenth of a second and more.
    private func addDelays(of guest: Guest, _ stretches: [Span], to reading: inout GuestReading) {
        for stretch in stretches {
            let added = Int(stretch.seconds * 20)
            let reads = Int(guest.diskReads.area(from: stretch.start, to: stretch.end)) / guest.operationBytes
            let writes = Int(guest.diskWrites.area(from: stretch.start, to: stretch.end)) / guest.operationBytes
            reading.disks.0.add(reads: added, writes: added, bytes: guest.operationBytes)
            reading.disks.0.delay(reads: reads &+ added, writes: writes &+ added)
            guard guest.kind == .qemu else { continue }
            reading.disks.1.add(reads: added / 4, writes: added / 4, bytes: guest.operationBytes)
            reading.disks.1.delay(reads: reads / 4 &+ added / 4, writes: writes / 4 &+ added / 4)
        }
    }

    /// What the guest's process weighs on its node.
    func hostMemoryBytes(of guest: Guest, at moment: Double) -> Int {
        guard guest.isLive else { return 0 }
        let active = guest.role == .paused ? min(moment, Self.pausedAt) : moment
        return Self.hostMemoryBytes(of: guest, fullness(of: guest, at: active))
    }

    private static func hostMemoryBytes(of guest: Guest, _ fullness: Double) -> Int {
        let inside = Double(guest.memoryBytes) * fullness
        return pages(guest.kind == .qemu ? inside * 1.02 + Double(48 << 20) : inside)
    }

    /// Hundredths of a percent of time in which something in the guest waited for a disk.
    func ioPressure(of guest: Guest, at moment: Double) -> Int {
        guard guest.role == .running else { return 0 }
        return has(.diskLatency, guest, at: moment) ? 4_500 : Int(guest.diskWrites.value(at: moment) / guest.diskWrites.peak * 300)
    }

    private func card(_ guest: Guest, _ received: Double) -> GuestReading.Card {
        GuestReading.Card(receivedBytes: Int(received), sentBytes: Int(received * guest.transmitRatio))
    }

    private func disk(_ guest: Guest, read: Double, written: Double, moment: Double) -> GuestReading.Disk {
        let reads = Int(read) / guest.operationBytes
        let writes = Int(written) / guest.operationBytes
        let (flushes, unmaps) = (writes / 20, writes / 400)
        return GuestReading.Disk(
            readBytes: reads * guest.operationBytes, writtenBytes: writes * guest.operationBytes,
            readOperations: reads, writeOperations: writes, flushOperations: flushes, unmapOperations: unmaps,
            readNanoseconds: reads &* guest.readNanoseconds, writeNanoseconds: writes &* guest.writeNanoseconds,
            flushNanoseconds: flushes &* guest.writeNanoseconds &* 3, unmapNanoseconds: unmaps &* guest.writeNanoseconds,
            idleNanoseconds: 1_000_000 + Int((moment.magnitude * 7.919).truncatingRemainder(dividingBy: 0.9) * 1e9))
    }

    /// Changes with every start.
    func processID(of guest: Guest, bootedAt boot: Double) -> Int {
        var generator = SeededGenerator(seed: inventory.seed ^ UInt64(bitPattern: Int64(boot * 1000)), "process", guest.vmid)
        return 1_000 + generator.below(4_000_000)
    }

    /// A whole number of pages.
    static func pages(_ bytes: Double) -> Int { Int(max(0, bytes)) & ~0xFFF }
}
