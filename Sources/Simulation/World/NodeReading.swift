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
    /// What the node, on since `bootedAt`, shows at `moment`.
    func reading(of node: Node, at moment: Double, bootedAt: Double) -> NodeReading {
        var reading = NodeReading()
        var memory = node.memory.value(at: moment)
        var busy = node.cpu.value(at: moment)
        for index in node.qemu { add(inventory.guests[index], at: moment, &busy, &memory) }
        for index in node.lxc { add(inventory.guests[index], at: moment, &busy, &memory) }
        reading.uptimeSeconds = max(0, moment - bootedAt)
        reading.busyThreads = busy
        // A node was built for the guests that it had: where more were moved to it, it does what it can.
        reading.cpu = min(1, busy / Double(node.threads))
        reading.ioWait = node.ioWait.value(at: moment)
        // Kernels count memory in pages, and used is what is not available.
        reading.memoryUsedBytes = Self.pages(min(memory, Double(node.memoryBytes) * 0.98))
        reading.memoryAvailableBytes = node.memoryBytes - reading.memoryUsedBytes
        reading.memoryFreeBytes = Self.pages(Double(reading.memoryAvailableBytes) * node.freeShare.value(at: moment))
        reading.swapUsedBytes = Self.pages(node.swapUsed.value(at: moment))
        reading.rootUsedBytes = Self.pages(node.rootUsed.value(at: moment))
        reading.poolUsedBytes = Self.pages(node.poolUsed.value(at: moment))
        reading.sharedBytes = Self.pages(node.sharedPages.value(at: moment))
        return reading
    }

    private func add(_ guest: Guest, at moment: Double, _ busy: inout Double, _ memory: inout Double) {
        guard guest.isLive else { return }
        busy += cpu(of: guest, at: moment) * Double(guest.cpus)
        memory += Double(hostMemoryBytes(of: guest, at: moment))
    }

    /// Seconds of work that threads of the node have done in a stretch of time, by who did it.
    func work(of node: Node, from start: Double, to end: Double, bootedAt: Double) -> (host: Double, qemu: Double, lxc: Double) {
        var (qemu, lxc) = (0.0, 0.0)
        forEachVisit(of: node, bootedAt: bootedAt, until: end) { guest, came, left, isActive in
            guard isActive else { return }
            let work = workArea(of: guest, from: max(start, came), to: left) * Double(guest.cpus)
            if guest.kind == .qemu { qemu += work } else { lxc += work }
        }
        return (node.cpu.area(from: start, to: end), qemu, lxc)
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
            return (work.host + work.qemu + work.lxc + waiting) / (moment - start)
        }
        return LoadAverages(one: average(over: 60), five: average(over: 300), fifteen: average(over: 900))
    }
}
