/// How full a node's disks are, how much its tasks wait, what its cache does.
extension World {
    /// Of the root file system, which the storage `local` is on.
    func rootUsedBytes(of node: Node, at moment: Double) -> Int {
        let usual = node.rootUsed.value(at: moment) / Double(node.rootBytes)
        return Self.pages(Double(node.rootBytes) * (has(.diskFull, node, at: moment) ? 0.97 : filling(usual, node, at: moment)))
    }

    /// Of the pool that guests' disks are on.
    func poolUsedBytes(of node: Node, at moment: Double) -> Int {
        let usual = node.poolUsed.value(at: moment) / Double(node.poolBytes)
        return Self.pages(Double(node.poolBytes) * (has(.storageFull, node, at: moment) ? 0.97 : filling(usual, node, at: moment)))
    }

    /// Two thirds when it begins, and 6 % more each hour.
    private func filling(_ usual: Double, _ node: Node, at moment: Double) -> Double {
        guard let span = trouble(.diskFilling, node: node.index, at: moment) else { return usual }
        return min(0.94, max(usual, 0.66) + (moment - span.start) / 3600 * 0.06)
    }

    // MARK: pressure, as a share of time and as seconds

    /// In which some task waits for a CPU.
    func cpuPressure(of node: Node, at moment: Double) -> Double {
        node.cpuPressure.value(at: moment) + (has(.hostSaturated, node, at: moment) ? 0.6 : 0)
    }

    func cpuPressureSeconds(of node: Node, from start: Double, to end: Double) -> Double {
        node.cpuPressure.area(from: start, to: end) + 0.6 * seconds(of: .hostSaturated, node, from: start, to: end)
    }

    /// In which some task waits for a disk.
    func ioPressure(of node: Node, at moment: Double) -> Double {
        node.ioPressure.value(at: moment) + (has(.diskLatency, node, at: moment) ? 0.5 : 0)
    }

    func ioPressureSeconds(of node: Node, from start: Double, to end: Double) -> Double {
        node.ioPressure.area(from: start, to: end) + 0.5 * seconds(of: .diskLatency, node, from: start, to: end)
    }

    /// In which some task waits for memory.
    func memoryPressure(of node: Node, at moment: Double) -> Double {
        node.ioPressure.value(at: moment) * 0.01 + (has(.swapping, node, at: moment) ? 0.2 : 0)
    }

    func memoryPressureSeconds(of node: Node, from start: Double, to end: Double) -> Double {
        node.ioPressure.area(from: start, to: end) * 0.01 + 0.2 * seconds(of: .swapping, node, from: start, to: end)
    }

    // MARK: the cache of ZFS

    /// What it takes of the memory that counts as used, and between which bounds it stays. Where memory is short it has given up all that it can.
    func cache(of node: Node, at moment: Double, used: Int) -> (size: Int, minimum: Int, maximum: Int) {
        let minimum = Self.pages(Double(node.memoryBytes) / 32)
        let wanted = Double(node.memoryBytes) * (0.04 + 0.03 * node.freeShare.value(at: moment))
        let size = has(.memoryHigh, node, at: moment) ? minimum : Self.pages(min(wanted, Double(used) / 2))
        return (size, minimum, Self.pages(Double(node.memoryBytes) / 10))
    }

    /// How often it was asked for something, and how often it did not have that.
    func cacheAccesses(of node: Node, from start: Double, to end: Double) -> (all: Double, misses: Double) {
        func asked(_ start: Double, _ end: Double) -> Double { node.switches.area(from: start, to: end) * 0.1 }
        let cold = stretches(of: .arcCold, node, from: start, to: end).reduce(0) { $0 + asked($1.start, $1.end) }
        let all = asked(start, end)
        return (all, all * 0.03 + cold * 0.57)
    }
}
