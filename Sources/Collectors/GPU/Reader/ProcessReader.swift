import Primitives

/// Who works on a card.
struct ProcessReader {
    let device: UInt
    private var clock = RecordClock()
    /// The newest record of each process.
    private var utilization: [Int: (percent: Double, time: UInt64, seen: ContinuousClock.Instant)] = [:]

    /// How long a record stands for a process that has no newer one.
    private static let recordSeconds = 10.0

    init(device: UInt) { self.device = device }

    /// Nil when it cannot be known who works there.
    mutating func read(_ caller: Caller, _ facts: inout [Fact: Double], now: ContinuousClock.Instant, unixSeconds: Double)
        -> [ProcessSample]?
    {
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
            let (pid, bytes) = (Int(place.pid), bytes == .max ? nil : Double(bytes))
            sums[pid] = .some(Self.sum(sums[pid] ?? .some(0), bytes))
            guard place.gpuInstance != .max else { continue }
            let instance = Int(place.gpuInstance)
            let known = samples[pid]?.instances[instance] ?? .some(0)
            samples[pid]?.instances[instance] = .some(Self.sum(known, bytes))
        }
        let shares = readUtilization(caller, now, unixSeconds)
        return samples.values.sorted { $0.pid < $1.pid }.prefix(ReaderLine.processLimit).map { sample in
            var sample = sample
            sample.memoryBytes = sums[sample.pid] ?? nil
            sample.utilization = shares.flatMap { $0[sample.pid] ?? 0 }
            return sample
        }
    }

    private static func sum(_ first: Double?, _ second: Double?) -> Double? {
        guard let first, let second else { return nil }
        return first + second
    }

    /// Shares of the card by process; who is not among them has done nothing, and nil is one that is not known. Nil where NVML does not
    /// tell.
    private mutating func readUtilization(
        _ caller: Caller, _ now: ContinuousClock.Instant, _ unixSeconds: Double
    ) -> [Int: Double?]? {
        let start = clock.start(unixSeconds)
        guard let records = caller.processUtilization(device, since: start) else { return nil }
        utilization = utilization.filter {
            (now - $0.value.seen).seconds < Self.recordSeconds && clock.believes($0.value.time, unixSeconds)
        }
        var shares: [Int: Double?] = [:]
        for record in records where record.pid > 0 {
            let pid = Int(record.pid)
            guard record.sm <= 100, clock.believes(record.time, unixSeconds) else {
                shares[pid] = .some(nil)
                continue
            }
            if let known = utilization[pid], known.time > record.time { continue }
            utilization[pid] = (Double(record.sm), record.time, now)
            clock.note(record.time)
        }
        for (pid, record) in utilization { shares[pid] = .some(record.percent / 100) }
        return shares
    }
}
