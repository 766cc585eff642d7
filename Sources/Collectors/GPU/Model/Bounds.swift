/// What a card's numbers can be. A driver or library that errs must not raise every alarm there is, so what is beyond is not shown.
enum Bounds {
    private static let bytes = 0.0...1e15
    /// Counters of 64 bits, and whatever has no smaller bound.
    private static let number = 0.0...1.9e19
    /// Measured over a time that is not quite ours, a share may come out a little over the whole.
    private static let slack = 1.05

    private static let shares: Set<Fact> = [.utilization, .memoryUtilization, .encoder, .decoder, .jpeg, .ofa]
    private static let memory: Set<Fact> = [.memoryUsed, .memoryTotal, .memoryFree, .memoryReserved]

    private static func range(_ fact: Fact) -> ClosedRange<Double> {
        if memory.contains(fact) { return bytes }
        if fact.name.hasPrefix("temperature") || fact.name.hasPrefix("limit_margin") { return -300...1000 }
        if fact.name.hasPrefix("power") { return 0...100_000 }
        if fact.name.hasPrefix("clock") { return 0...1e12 }
        // Fans may be told to go faster than their full speed.
        return fact == .fan ? 0...3 : number
    }

    static func share(_ value: Double) -> Double? {
        guard value >= 0, value <= slack else { return nil }
        return min(value, 1)
    }

    static func memory(_ value: Double) -> Double? { bytes.contains(value) ? value : nil }

    static func count(_ value: Double) -> Double? { number.contains(value) ? value : nil }

    static func value(_ value: Double, of fact: Fact) -> Double? {
        shares.contains(fact) ? share(value) : range(fact).contains(value) ? value : nil
    }
}

extension CardSample {
    /// Takes out what cannot be.
    ///
    /// - Returns: how many numbers these were.
    mutating func refuseAbsurd() -> Int {
        var refused = 0
        func check(_ value: inout Double?, _ bound: (Double) -> Double?) {
            guard let old = value else { return }
            value = bound(old)
            if value == nil { refused += 1 }
        }
        for (fact, old) in facts {
            var value: Double? = old
            check(&value) { Bounds.value($0, of: fact) }
            if value != old { facts[fact] = value }
        }
        processes = processes.map { processes in
            processes.map { process in
                var process = process
                check(&process.memoryBytes, Bounds.memory)
                check(&process.utilization, Bounds.share)
                for (instance, old) in process.instances {
                    var value = old
                    check(&value, Bounds.memory)
                    process.instances[instance] = .some(value)
                }
                return process
            }
        }
        for place in migs.indices {
            check(&migs[place].memoryUsed, Bounds.memory)
            check(&migs[place].memoryTotal, Bounds.memory)
            for (name, old) in migs[place].activity {
                var value: Double? = old
                check(&value, Bounds.share)
                migs[place].activity[name] = value
            }
        }
        vgpus = vgpus.map { vgpus in
            vgpus.map { vgpu in
                var vgpu = vgpu
                for share in [\VGPUSample.smUtilization, \.memoryUtilization, \.encoderUtilization, \.decoderUtilization] {
                    check(&vgpu[keyPath: share], Bounds.share)
                }
                for memory in [\VGPUSample.framebufferUsed, \.framebufferTotal] { check(&vgpu[keyPath: memory], Bounds.memory) }
                check(&vgpu.frameRateLimit, Bounds.count)
                return vgpu
            }
        }
        for (type, old) in vgpuInstancesMax {
            var value: Double? = old
            check(&value, Bounds.count)
            vgpuInstancesMax[type] = value
        }
        return refused
    }
}
