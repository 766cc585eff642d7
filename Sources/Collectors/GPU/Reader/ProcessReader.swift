import Primitives

/// Who works on a card.
struct ProcessReader {
    let device: UInt
    /// Microseconds since 1970 of the newest record of what processes did.
    private var lastSeen: UInt64 = 0
    /// The newest record of each process.
    private var utilization: [Int: (percent: Double, time: UInt64, seen: ContinuousClock.Instant)] = [:]

    /// How long a record stands for a process that has no newer one.
    private static let recordSeconds = 10.0

    init(device: UInt) { self.device = device }

    /// Nil when it cannot be known who works there.
    mutating func read(_ caller: Caller, _ facts: inout [Fact: Double], now: ContinuousClock.Instant) -> [ProcessSample]? {
        let compute = caller.processes(.computeProcesses, device)
        let graphics = caller.processes(.graphicsProcesses, device)
        facts[.computeProcesses] = compute.map { Double(Set($0.map(\.pid)).count) }
        facts[.graphicsProcesses] = graphics.map { Double(Set($0.map(\.pid)).count) }
        guard compute != nil || graphics != nil else { return nil }
        // With one of two lists, what everybody uses would be too little.
        guard compute != nil || caller.isAbsent(.computeProcesses, device), graphics != nil || caller.isAbsent(.graphicsProcesses, device)
        else { return nil }

        /// A process has memory in each GPU instance, and one that computes and draws is in both lists with the same.
        struct Place: Hashable {
            let pid: UInt32
            let gpuInstance: UInt32
            let computeInstance: UInt32
        }
        var memory: [Place: UInt64] = [:]
        var samples: [Int: ProcessSample] = [:]
        for (records, isCompute) in [(compute ?? [], true), (graphics ?? [], false)] {
            for record in records where record.pid > 0 {
                let place = Place(pid: record.pid, gpuInstance: record.gpuInstance, computeInstance: record.computeInstance)
                memory[place] = max(memory[place] ?? 0, record.memory)
                var sample = samples[Int(record.pid)] ?? ProcessSample(pid: Int(record.pid))
                if isCompute { sample.isCompute = true } else { sample.isGraphics = true }
                samples[sample.pid] = sample
            }
        }
        // All ones: not known. Of a process with such a place the sum is not known either.
        var sums: [Int: Double?] = [:]
        for (place, bytes) in memory {
            let sum = sums[Int(place.pid)] ?? .some(0)
            sums[Int(place.pid)] = .some(bytes == .max ? nil : sum.map { $0 + Double(bytes) })
        }
        let shares = readUtilization(caller, now)
        return samples.values.sorted { $0.pid < $1.pid }.prefix(ReaderLine.processLimit).map { sample in
            var sample = sample
            sample.memoryBytes = sums[sample.pid] ?? nil
            sample.utilization = shares.map { $0[sample.pid] ?? 0 }
            return sample
        }
    }

    /// Shares of the card by process; who is not among them has done nothing. Nil where NVML does not tell.
    private mutating func readUtilization(_ caller: Caller, _ now: ContinuousClock.Instant) -> [Int: Double]? {
        guard let records = caller.processUtilization(device, since: lastSeen) else { return nil }
        for record in records where record.pid > 0 && record.sm <= 100 {
            let pid = Int(record.pid)
            if let known = utilization[pid], known.time > record.time { continue }
            utilization[pid] = (Double(record.sm), record.time, now)
            lastSeen = max(lastSeen, record.time)
        }
        utilization = utilization.filter { (now - $0.value.seen).seconds < Self.recordSeconds }
        return utilization.mapValues { $0.percent / 100 }
    }
}
