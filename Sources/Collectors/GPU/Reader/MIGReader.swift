import Primitives

/// The MIG devices of a card, with what they do.
struct MIGReader {
    let device: UInt
    private var devices: [Device] = []
    private var isGPMSupported: Bool?
    /// By GPU instance.
    private var gpm: [UInt32: Pair] = [:]

    private struct Device {
        let handle: UInt
        var sample: MIGSample
    }

    /// Two samples that are measured between, in turn.
    private struct Pair {
        var older: UInt
        var newer: UInt
        var taken: ContinuousClock.Instant?
        var activity: [String: Double] = [:]
    }

    /// GPM wants as much between two samples.
    private static let pauseSeconds = 1.0
    private static let metrics: [(number: UInt32, name: String)] = [(1, "graphics"), (2, "sm"), (5, "tensor"), (10, "dram")]

    init(device: UInt) { self.device = device }

    mutating func read(_ caller: Caller, isEnabled: Bool, isSlow: Bool, now: ContinuousClock.Instant) -> [MIGSample] {
        guard isEnabled else {
            devices = []
            release(caller, keeping: [])
            return []
        }
        if isSlow { findDevices(caller) }
        var samples: [MIGSample] = []
        for found in devices {
            var sample = found.sample
            var memory = caller.numbers(.memory, found.handle)
            if memory == nil, caller.isAbsent(.memory, found.handle) { memory = caller.numbers(.memoryPlain, found.handle) }
            sample.memoryTotal = memory.map { Double($0.x) }
            sample.memoryUsed = memory.map { Double($0.w) }
            samples.append(sample)
        }
        let instances = Set(samples.compactMap { UInt32(exactly: $0.gpuInstance) })
        release(caller, keeping: instances)
        for instance in instances.sorted() { measure(instance, caller, now) }
        return samples.map { sample in
            var sample = sample
            sample.activity = UInt32(exactly: sample.gpuInstance).flatMap { gpm[$0]?.activity } ?? [:]
            return sample
        }
    }

    /// Instances may be made and destroyed while cards work.
    private mutating func findDevices(_ caller: Caller) {
        guard let limit = caller.numbers(.migDeviceLimit, device)?.x else { return }
        var found: [Device] = []
        for index in 0..<Int(limit.clamped(to: 0...Int64(ReaderLine.migLimit))) {
            // Holes are usual.
            let reply = caller.plainNumbers(.migDevice, device, CallArguments(first: UInt32(index)))
            guard reply.code == .success else { continue }
            let handle = UInt(truncatingIfNeeded: reply.values.x)
            guard let uuid = caller.text(.uuid, handle)?.text, let gpuInstance = caller.numbers(.gpuInstanceID, handle)?.x,
                let computeInstance = caller.numbers(.computeInstanceID, handle)?.x
            else { continue }
            let name = caller.text(.name, handle)?.text ?? ""
            found.append(
                Device(
                    handle: handle,
                    sample: MIGSample(
                        uuid: uuid, gpuInstance: Int(gpuInstance), computeInstance: Int(computeInstance), profile: Self.profile(name))))
        }
        for old in devices where !found.contains(where: { $0.handle == old.handle }) { caller.forget(old.handle) }
        devices = found
    }

    /// Of `NVIDIA H200 MIG 1g.18gb` the last word.
    private static func profile(_ name: String) -> String { name.split(separator: " ").last.map(String.init) ?? "" }

    private mutating func measure(_ instance: UInt32, _ caller: Caller, _ now: ContinuousClock.Instant) {
        if isGPMSupported == nil { isGPMSupported = caller.number(.gpmSupport, device).map { $0 != 0 } }
        guard isGPMSupported == true else { return }
        if gpm[instance] == nil {
            guard let older = caller.handle(.gpmSampleNew) else { return }
            guard let newer = caller.handle(.gpmSampleNew) else {
                _ = caller.plainNumbers(.gpmSampleFree, older)
                return
            }
            gpm[instance] = Pair(older: older, newer: newer)
        }
        guard var pair = gpm[instance] else { return }
        if let taken = pair.taken, (now - taken).seconds < Self.pauseSeconds { return }
        guard caller.plainNumbers(.gpmSampleMIG, device, .with(instance, handle: pair.older)).code == .success else {
            // Between the next one and one that is too old nothing could be told.
            gpm[instance]?.taken = nil
            gpm[instance]?.activity = [:]
            return
        }
        swap(&pair.older, &pair.newer)
        pair.activity = [:]
        if pair.taken != nil {
            let values = caller.gpmMetrics(pair.older, pair.newer, Self.metrics.map(\.number))
            for (metric, value) in zip(Self.metrics, values) {
                if let value, value.isFinite { pair.activity[metric.name] = value / 100 }
            }
        }
        pair.taken = now
        gpm[instance] = pair
    }

    private mutating func release(_ caller: Caller, keeping kept: Set<UInt32>) {
        for (instance, pair) in gpm where !kept.contains(instance) {
            _ = caller.plainNumbers(.gpmSampleFree, pair.older)
            _ = caller.plainNumbers(.gpmSampleFree, pair.newer)
            gpm[instance] = nil
        }
    }
}
