import Primitives

/// The vGPUs that a card has given to virtual machines.
struct VGPUReader {
    let device: UInt
    private var known: [UInt32: VGPUSample] = [:]
    private var types: [UInt32: (name: String, framebuffer: Double?)] = [:]
    private var clock = RecordClock()
    private var utilization: [UInt32: (record: VGPUUtilizationReply.Record, seen: ContinuousClock.Instant)] = [:]
    /// Instances that the card has room for, of the types that are in use.
    private(set) var instancesMax: [String: Double] = [:]
    /// How many there are, with those that do not say what they are.
    private(set) var count = 0

    /// How long a record stands for a vGPU that has no newer one.
    private static let recordSeconds = 60.0

    init(device: UInt) { self.device = device }

    /// Nil when they could not be read.
    mutating func read(_ caller: Caller, isSlow: Bool, now: ContinuousClock.Instant, unixSeconds: Double) -> [VGPUSample]? {
        guard let ids = caller.vgpus(device) else { return nil }
        count = ids.count
        let present = Set(ids.prefix(ReaderLine.vgpuLimit))
        for gone in known.keys where !present.contains(gone) {
            known[gone] = nil
            utilization[gone] = nil
            caller.forget(UInt(gone))
        }
        let tellsUtilization = readUtilization(caller, now, unixSeconds)
        instancesMax = [:]
        var samples: [VGPUSample] = []
        for id in present.sorted() {
            guard var sample = sample(id, caller, isSlow: isSlow) else { continue }
            sample.framebufferUsed = caller.number(.vgpuFramebufferUsed, UInt(id))
            sample.license = license(id, caller)
            if tellsUtilization, let record = utilization[id]?.record {
                sample.smUtilization = record.sm / 100
                sample.memoryUtilization = record.memory / 100
                sample.encoderUtilization = record.encoder / 100
                sample.decoderUtilization = record.decoder / 100
            }
            samples.append(sample)
        }
        return samples
    }

    /// What a vGPU is: asked for once, but for what its guest may change.
    private mutating func sample(_ id: UInt32, _ caller: Caller, isSlow: Bool) -> VGPUSample? {
        let handle = UInt(id)
        var sample: VGPUSample
        if let old = known[id] {
            sample = old
        } else {
            guard let uuid = caller.text(.vgpuUUID, handle)?.text, !uuid.isEmpty else { return nil }
            sample = VGPUSample(uuid: uuid)
        }
        if sample.vm.isEmpty, let vm = caller.text(.vgpuVM, handle) {
            sample.vm = vm.text
            sample.isVMUUID = vm.kind == 1
        }
        if sample.mdevUUID.isEmpty, let mdev = caller.text(.vgpuMdevUUID, handle)?.text { sample.mdevUUID = mdev }
        if let number = caller.number(.vgpuType, handle), let type = UInt32(exactly: number) {
            let known = type_(type, caller)
            sample.type = known.name
            sample.framebufferTotal = known.framebuffer
            if !known.name.isEmpty, instancesMax[known.name] == nil {
                instancesMax[known.name] = caller.number(.vgpuTypeInstancesMax, device, CallArguments(first: type))
            }
        }
        if isSlow || known[id] == nil {
            // Until the guest's driver runs there is none.
            let driver = caller.text(.vgpuGuestDriver, handle)?.text ?? ""
            let before = sample.guestDriver
            sample.guestDriver = driver == "Not Available" ? "" : driver
            // With another driver the guest may have a licence, and whatever else it lacked.
            if before != sample.guestDriver { caller.forget(handle) }
            sample.frameRateLimit = caller.number(.vgpuFrameRateLimit, handle)
        }
        if !caller.verdict.isFinal { known[id] = sample }
        return sample
    }

    private mutating func type_(_ type: UInt32, _ caller: Caller) -> (name: String, framebuffer: Double?) {
        if let known = types[type] { return known }
        let found = (
            name: caller.text(.vgpuTypeName, UInt(type))?.text ?? "", framebuffer: caller.number(.vgpuTypeFramebuffer, UInt(type))
        )
        if !found.name.isEmpty, found.framebuffer != nil { types[type] = found }
        return found
    }

    private func license(_ id: UInt32, _ caller: Caller) -> String? {
        if let values = caller.numbers(.vgpuLicense, UInt(id)) {
            return LicenseState.name(values.y) ?? (values.x != 0 ? LicenseState.licensed : .unlicensed).rawValue
        }
        guard caller.isAbsent(.vgpuLicense, UInt(id)) else { return nil }
        return caller.number(.vgpuLicensePlain, UInt(id)).map { ($0 != 0 ? LicenseState.licensed : .unlicensed).rawValue }
    }

    /// Whether the card tells of its vGPUs at all.
    private mutating func readUtilization(_ caller: Caller, _ now: ContinuousClock.Instant, _ unixSeconds: Double) -> Bool {
        let start = clock.start(unixSeconds)
        guard let records = caller.vgpuUtilization(device, since: start) else {
            utilization = [:]
            return false
        }
        utilization = utilization.filter {
            (now - $0.value.seen).seconds < Self.recordSeconds && clock.believes($0.value.record.time, unixSeconds)
        }
        for record in records where clock.believes(record.time, unixSeconds) {
            if let old = utilization[record.vgpu], old.record.time > record.time { continue }
            utilization[record.vgpu] = (record, now)
            clock.note(record.time)
        }
        return true
    }
}

enum LicenseState: String, Sendable, CaseIterable {
    case licensed, unlicensed, unknown, uninitialized
    case unlicensedUnrestricted = "unlicensed_unrestricted"
    case unlicensedRestricted = "unlicensed_restricted"

    /// Of the licence's record.
    static func name(_ number: Int64) -> String? {
        let states: [Int64: LicenseState] = [
            0: .unknown, 1: .uninitialized, 2: .unlicensedUnrestricted, 3: .unlicensedRestricted, 4: .unlicensed, 5: .licensed,
        ]
        return states[number]?.rawValue
    }
}
