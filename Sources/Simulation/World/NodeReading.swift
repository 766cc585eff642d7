/// The numbers of a node at a moment at which it is on.
struct NodeReading: Sendable {
    var uptimeSeconds = 0.0
    /// Threads at work, and the fraction of all threads.
    var busyThreads = 0.0
    var cpu = 0.0
    /// Fraction of all threads that wait for disks.
    var ioWait = 0.0
    var memoryUsedBytes = 0
    var memoryAvailableBytes = 0
    var memoryFreeBytes = 0
    var swapUsedBytes = 0
    var rootUsedBytes = 0
    var poolUsedBytes = 0
    var sharedBytes = 0
}

/// The three load averages of a node.
struct LoadAverages: Sendable {
    let one: Double
    let five: Double
    let fifteen: Double
}

extension World {
    /// Of its threads, how many a saturated node keeps at work.
    private static let saturatedShare = 0.95

    /// What the node, on since `bootedAt`, shows at `moment`.
    func reading(of node: Node, at moment: Double, bootedAt: Double) -> NodeReading {
        var reading = NodeReading()
        var memory = node.memory.value(at: moment)
        var busy = node.cpu.value(at: moment)
        for index in node.qemu { add(inventory.guests[index], at: moment, &busy, &memory) }
        for index in node.lxc { add(inventory.guests[index], at: moment, &busy, &memory) }
        if has(.hostSaturated, node, at: moment) { busy = max(busy, Double(node.threads) * Self.saturatedShare) }
        // More must leave.
        let isShort = has(.memoryHigh, node, at: moment)
        if isShort { memory = Double(node.memoryBytes) }
        reading.uptimeSeconds = max(0, moment - bootedAt)
        reading.busyThreads = busy
        // A node was built for the guests that it had: where more were moved to it, it does what it can.
        reading.cpu = min(1, busy / Double(node.threads))
        reading.ioWait = node.ioWait.value(at: moment)
        // Kernels count memory in pages, and used is what is not available.
        reading.memoryUsedBytes = Self.pages(min(memory, Double(node.memoryBytes) * (isShort ? 0.985 : 0.98)))
        reading.memoryAvailableBytes = node.memoryBytes - reading.memoryUsedBytes
        reading.memoryFreeBytes = Self.pages(Double(reading.memoryAvailableBytes) * node.freeShare.value(at: moment))
        // What was moved out long ago stays there: nobody asks for it.
        reading.swapUsedBytes = Self.pages(has(.swapping, node, at: moment) ? Double(node.swapBytes) * 0.7 : node.swapUsed.base)
        reading.rootUsedBytes = rootUsedBytes(of: node, at: moment)
        reading.poolUsedBytes = poolUsedBytes(of: node, at: moment)
        reading.sharedBytes = Self.pages(node.sharedPages.value(at: moment))
        return reading
    }

    private func add(_ guest: Guest, at moment: Double, _ busy: inout Double, _ memory: inout Double) {
        guard guest.isLive else { return }
        busy += cpu(of: guest, at: moment) * Double(guest.cpus)
        memory += Double(hostMemoryBytes(of: guest, at: moment))
    }

    /// Seconds of work that threads of the node have done in a stretch of time, by who did it.
    ///
    /// - Parameter isUsual: without what a scenario adds.
    func work(
        of node: Node, from start: Double, to end: Double, bootedAt: Double, isUsual: Bool = false
    ) -> (host: Double, qemu: Double, lxc: Double) {
        var (qemu, lxc) = (0.0, 0.0)
        forEachVisit(of: node, bootedAt: bootedAt, until: end) { guest, came, left, isActive in
            guard isActive else { return }
            let work = workArea(of: guest, from: max(start, came), to: left) * Double(guest.cpus)
            if guest.kind == .qemu { qemu += work } else { lxc += work }
        }
        let own = node.cpu.area(from: start, to: end)
        let stretches = stretches(of: .hostSaturated, node, from: start, to: end)
        guard !stretches.isEmpty, !isUsual else { return (own, qemu, lxc) }
        let saturation = stretches.reduce(0) { sum, stretch in
            let usual = work(of: node, from: stretch.start, to: stretch.end, bootedAt: bootedAt, isUsual: true)
            return sum + max(0, Double(node.threads) * Self.saturatedShare * stretch.seconds - usual.host - usual.qemu - usual.lxc)
        }
        return (own + saturation, qemu, lxc)
    }

    /// The threads that ran or waited for a disk, on average over the last 1, 5 and 15 minutes since the node's start.
    func load(of node: Node, at moment: Double, bootedAt: Double) -> LoadAverages {
        func average(over seconds: Double) -> Double {
            let start = max(bootedAt, moment - seconds)
            guard moment - start > 1 else {
                return reading(of: node, at: moment, bootedAt: bootedAt).busyThreads
            }
            let work = work(of: node, from: start, to: moment, bootedAt: bootedAt)
            let waiting = node.ioWait.area(from: start, to: moment) * Double(node.threads)
            let queue = Double(node.threads) * 2 * self.seconds(of: .hostSaturated, node, from: start, to: moment)
            return (work.host + work.qemu + work.lxc + waiting + queue) / (moment - start)
        }
        return LoadAverages(one: average(over: 60), five: average(over: 300), fifteen: average(over: 900))
    }
}
