import NVMLABI
import SimulatedNVMLState

/// Writes what one card shows into its place in the state file.
struct CardRecord {
    let card: CardReading
    let index: Int
    /// Whether the driver is an old one, which knows fewer fields.
    let isOld: Bool
    let record: OpaquePointer

    init(_ card: CardReading, index: Int, isOld: Bool, in record: OpaquePointer) {
        self.card = card
        self.index = index
        self.isOld = isOld
        self.record = record
    }

    private var make: CardClass { card.plan.make }

    func write() {
        let plan = card.plan
        mlt_sim_set_identity(record, make.name, plan.uuid, plan.serial, make.firmware, make.partNumber)
        mlt_sim_set_bus(record, plan.busID, plan.legacyBusID, UInt32(plan.bus), UInt32(make.deviceID), UInt32(make.subsystemID))
        var numbers = numbers()
        mlt_sim_set_numbers(record, &numbers)
        for (call, code) in CardSupport(card).codes.enumerated() {
            mlt_sim_set_code(record, Int32(call), UInt16(code.card), UInt16(code.instance))
        }
        writeErrors()
        for link in 0..<make.links { mlt_sim_set_nvlink(record, UInt32(link), 1, UInt64(link == 0 ? card.linkReplays : 0)) }
        for field in CardFields(card).values where !isOld || field.id <= GPUDriver.lastOldField {
            mlt_sim_add_field(record, UInt32(field.id), field.scope, UInt32(field.type), UInt64(bitPattern: Int64(field.value)))
        }
        writeTenants()
    }

    private func numbers() -> mlt_sim_card_numbers {
        let isShared = card.plan.role == .shared
        var numbers = mlt_sim_card_numbers()
        numbers.minor = UInt32(index)
        numbers.architecture = UInt32(make.architecture)
        numbers.brand = UInt32(make.brand)
        numbers.persistence_mode = 1
        numbers.virtualization_mode = UInt32(isShared ? NVML_ABI_VIRTUALIZATION_HOST_VGPU : NVML_ABI_VIRTUALIZATION_NONE)
        numbers.host_vgpu_mode = UInt32(NVML_ABI_HOST_VGPU_SRIOV)
        numbers.capability_major = Int32(make.capability.major)
        numbers.capability_minor = Int32(make.capability.minor)
        numbers.utilization = nvml_abi_utilization(gpu: UInt32(card.processorsPercent), memory: UInt32(card.memoryPercent))
        numbers.engines = (UInt32(card.encoderPercent), UInt32(card.decoderPercent), 0, 0)
        numbers.engine_periods = (167_000, 167_000, 167_000, 167_000)
        numbers.memory = Self.memory(total: make.memoryBytes, reserved: make.reservedBytes, used: card.usedBytes)
        numbers.bar1 = nvml_abi_bar1(
            total: UInt64(make.bar1Bytes), free: UInt64(make.bar1Bytes - card.bar1UsedBytes), used: UInt64(card.bar1UsedBytes))
        let limit = UInt32(make.powerLimit * 1000)
        numbers.power = UInt32(card.powerMilliwatts)
        numbers.power_enforced = limit
        numbers.power_limit = limit
        numbers.power_default = limit
        numbers.power_least = UInt32(make.leastPowerLimit * 1000)
        numbers.power_most = limit
        numbers.energy = UInt64(card.energyMillijoules)
        numbers.temperature = Int32(card.celsius)
        numbers.margin = Int32(make.operatingLimit - card.celsius)
        numbers.thresholds = (
            Int32(make.shutdownLimit), Int32(make.slowdownLimit), make.hasMemoryTemperature ? Int32(make.memoryLimit) : -1,
            Int32(make.operatingLimit), -1, -1, -1, -1
        )
        let (now, most) = (card.clocks, make.clocks)
        numbers.clocks = (UInt32(now.processors), UInt32(now.processors), UInt32(now.memory), UInt32(now.video))
        numbers.clocks_max = (UInt32(most.processors), UInt32(most.processors), UInt32(most.memory), UInt32(most.video))
        numbers.reasons = UInt64(card.reasons)
        numbers.reasons_supported = 0x1FF
        let held = card.heldNanoseconds
        numbers.violations = (UInt64(held.powerCap), UInt64(held.software), 0, 0, 0, 0)
        numbers.violation_reference = UInt64(max(0, card.sinceLoadedSeconds) * 1e9)
        numbers.performance_state = UInt32(card.performanceState)
        numbers.fan_count = make.hasFans ? 1 : 0
        numbers.fan_speed = UInt32(card.fanPercent ?? 0)
        numbers.ecc_current = card.hasECC ? 1 : 0
        numbers.ecc_pending = card.hasECC ? 1 : 0
        numbers.remapped = (
            UInt32(card.plan.remappedRows), UInt32(card.remappedUncorrectable), card.isRemapPending ? 1 : 0, 0
        )
        numbers.remapped_v2.corrected_active = UInt32(card.plan.remappedRows)
        numbers.remapped_v2.uncorrected_active = UInt32(card.remappedUncorrectable)
        numbers.remapped_v2.pending = card.isRemapPending ? 1 : 0
        let worn = card.plan.remappedRows + card.remappedUncorrectable
        numbers.row_histogram = nvml_abi_row_histogram(all: UInt32(3072 - worn), high: UInt32(worn), partial: 0, low: 0, none: 0)
        let generation = UInt32(make.pcieGeneration)
        numbers.pcie_generation = card.performanceState == 8 ? 1 : generation
        numbers.pcie_width = 16
        numbers.pcie_generation_max = generation
        numbers.pcie_width_max = 16
        numbers.pcie_generation_max_of_card = generation
        numbers.pcie_replays = UInt32(card.busReplays)
        numbers.pcie_throughput = (UInt32(card.sentKilobytesPerSecond), UInt32(card.receivedKilobytesPerSecond))
        numbers.nvlink_count = UInt32(make.links)
        numbers.nvlink_version = make.links > 0 ? 4 : 0
        numbers.encoder_rate = card.encoderSessions > 0 ? 30 : 0
        numbers.encoder_latency = card.encoderSessions > 0 ? 2100 : 0
        let isDivided = !card.plan.instances.isEmpty
        numbers.mig_current = isDivided ? 1 : 0
        numbers.mig_pending = isDivided ? 1 : 0
        numbers.mig_limit = make.hasInstances ? 7 : 0
        numbers.gpm_supported = make.hasActivity ? 1 : 0
        numbers.vgpu_types = isShared ? 1 : 0
        numbers.vgpu_types_creatable = isShared && card.vgpus.count < GPUState.vgpusPerCard ? 1 : 0
        numbers.event_types = UInt64(NVML_ABI_EVENT_XID) | 0x3
        return numbers
    }

    private static func memory(total: Int, reserved: Int, used: Int) -> nvml_abi_memory_v2 {
        nvml_abi_memory_v2(
            version: 0, total: UInt64(total), reserved: UInt64(reserved), free: UInt64(max(0, total - reserved - used)), used: UInt64(used))
    }

    private func writeErrors() {
        guard card.hasECC else { return }
        let dram = UInt32(NVML_ABI_LOCATION_DRAM)
        // What was counted before the driver was loaded stays in the card.
        mlt_sim_set_ecc(record, 0, 0, dram, UInt64(card.correctedErrors))
        mlt_sim_set_ecc(record, 0, 1, dram, UInt64(card.correctedErrors + card.plan.correctedErrors * 5))
        mlt_sim_set_ecc(record, 1, 0, dram, UInt64(card.uncorrectedErrors))
        mlt_sim_set_ecc(record, 1, 1, dram, UInt64(card.uncorrectedErrors))
    }

    private func writeTenants() {
        for process in card.processes {
            guard let place = mlt_sim_add_process(record) else { break }
            place.pointee.pid = UInt32(process.pid)
            place.pointee.kinds = process.draws ? 2 : 1
            place.pointee.memory = UInt64(process.memoryBytes)
            place.pointee.gpu_instance = process.gpuInstance.map { UInt32($0) } ?? .max
            place.pointee.compute_instance = process.gpuInstance == nil ? .max : 0
            place.pointee.is_active = process.processors + process.memory + process.encoder + process.decoder > 0 ? 1 : 0
            place.pointee.sm = UInt32(process.processors)
            place.pointee.memory_share = UInt32(process.memory)
            place.pointee.encoder = UInt32(process.encoder)
            place.pointee.decoder = UInt32(process.decoder)
            GPUStateFile.copy(process.name, to: &place.pointee.name)
            if process.encoder > 0, card.vgpus.isEmpty { writeEncoderSession(pid: process.pid, vgpu: 0) }
        }
        for instance in card.instances {
            guard let place = mlt_sim_add_mig_device(record) else { break }
            place.pointee.gpu_instance = UInt32(instance.gpuInstance)
            place.pointee.compute_instance = UInt32(instance.computeInstance)
            place.pointee.memory = Self.memory(total: instance.totalBytes, reserved: 0, used: instance.usedBytes)
            place.pointee.attributes = nvml_abi_attributes(
                multiprocessors: UInt32(instance.plan.processors), copy_engines: UInt32(instance.plan.slices),
                decoders: UInt32(instance.plan.slices),
                encoders: 0, jpeg_engines: UInt32(instance.plan.slices), ofa_engines: 0, gpu_slices: UInt32(instance.plan.slices),
                compute_slices: UInt32(instance.plan.slices), memory_mib: UInt64(instance.totalBytes >> 20))
            GPUStateFile.copy(instance.name, to: &place.pointee.name)
            GPUStateFile.copy(instance.uuid, to: &place.pointee.uuid)
            Self.write(instance.activity, to: &place.pointee.gpm)
        }
        if let gpm = mlt_sim_gpm_of(record) { Self.write(card.activity, to: &gpm.pointee) }
        for vgpu in card.vgpus { write(vgpu) }
    }

    private static func write(_ activity: [CardReading.Activity], to gpm: inout mlt_sim_gpm) {
        for metric in activity {
            guard let place = mlt_sim_add_gpm_metric(&gpm) else { break }
            place.pointee = mlt_sim_gpm_metric(metric: UInt32(metric.metric), value: metric.percent, area: metric.area)
        }
    }

    private func writeEncoderSession(pid: Int, vgpu: UInt32) {
        guard let place = mlt_sim_add_encoder_session(record) else { return }
        place.pointee = nvml_abi_encoder_session(
            session: UInt32(pid & 0xFFFF), pid: UInt32(pid), vgpu: vgpu, codec: 0, width: 1920, height: 1080, frames_per_second: 30,
            latency: 2100)
    }

    private func write(_ vgpu: CardReading.VGPU) {
        guard let place = mlt_sim_add_vgpu(record) else { return }
        let id = mlt_sim_vgpu_id(UInt32(index), UInt32(vgpu.id))
        place.pointee.id = id
        place.pointee.type = UInt32(Passthrough.partType)
        place.pointee.vm_kind = UInt32(NVML_ABI_VM_ID_UUID)
        place.pointee.frame_rate_limit = UInt32(vgpu.frameRateLimit)
        place.pointee.ecc_mode = 1
        place.pointee.gpu_instance = .max
        place.pointee.framebuffer_used = UInt64(vgpu.framebufferUsedBytes)
        place.pointee.license.is_licensed = vgpu.isLicensed ? 1 : 0
        place.pointee.license.state = UInt32(vgpu.licenseState)
        if vgpu.isLicensed {
            place.pointee.license.expiry = nvml_abi_license_expiry(year: 2038, month: 1, day: 19, hour: 3, minute: 14, second: 7, status: 2)
        }
        place.pointee.is_active = vgpu.isActive ? 1 : 0
        place.pointee.sm = UInt32(vgpu.processors)
        place.pointee.memory = UInt32(vgpu.memory)
        place.pointee.encoder = UInt32(vgpu.encoder)
        place.pointee.decoder = UInt32(vgpu.decoder)
        place.pointee.encoder_sessions = UInt32(vgpu.encoderSessions)
        place.pointee.encoder_rate = vgpu.encoderSessions > 0 ? 30 : 0
        place.pointee.encoder_latency = vgpu.encoderSessions > 0 ? 2100 : 0
        GPUStateFile.copy(vgpu.vmUUID, to: &place.pointee.vm)
        GPUStateFile.copy(vgpu.uuid, to: &place.pointee.uuid)
        GPUStateFile.copy(vgpu.mdevUUID ?? "", to: &place.pointee.mdev_uuid)
        GPUStateFile.copy(vgpu.guestDriver, to: &place.pointee.guest_driver)
        GPUStateFile.copy(vgpu.guestBusID, to: &place.pointee.guest_pci_id)
        if vgpu.encoderSessions > 0 { writeEncoderSession(pid: 4242, vgpu: id) }
    }
}
