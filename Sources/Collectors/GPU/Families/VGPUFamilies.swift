import Metrics
import Ownership

/// vGPUs, seen from the host that has the card.
struct VGPUFamilies: Sendable {
    private static let infoLabels = FactTable.labels.adding("vgpu_uuid", "vgpu_type", "vm_id", "vm_name", "vm_uuid", "guest_driver")
    private static let labels = FactTable.labels.adding("vgpu_uuid", "vm_id", "vm_name")
    private static let licenseLabels = labels.adding("state")
    private static let typeLabels = FactTable.labels.adding("vgpu_type")
    private static let licenses = StateSet(licenseLabels, LicenseState.allCases.map(\.rawValue))

    private let info: Metric
    private let sm: Metric
    private let memory: Metric
    private let encoder: Metric
    private let decoder: Metric
    private let used: Metric
    private let total: Metric
    private let license: Metric
    private let frames: Metric
    private let instances: Metric
    private let instancesMax: Metric

    init(_ catalogue: inout Catalogue) {
        info = catalogue.info(
            "llm_monitor_vgpu_info", "A vGPU that runs, and the virtual machine that has it; vm_id is empty where it cannot be found.",
            labels: Self.infoLabels,
            source: "nvmlVgpuInstanceGetUUID, -VmID, -MdevUUID, -VmDriverVersion, nvmlVgpuTypeGetName and /etc/pve/qemu-server")
        func gauge(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.gauge("llm_monitor_vgpu_" + name, help, labels: Self.labels, source: source)
        }
        let call = "nvmlDeviceGetVgpuUtilization "
        sm = gauge("sm_utilization_ratio", "Share of the physical card's multiprocessors that the vGPU uses, 0-1.", call + "smUtil / 100")
        memory = gauge(
            "memory_bandwidth_utilization_ratio", "Share of the physical card's memory bandwidth that the vGPU uses, 0-1.",
            call + "memUtil / 100")
        encoder = gauge(
            "encoder_utilization_ratio", "Share of the physical card's video encoder that the vGPU uses, 0-1.", call + "encUtil / 100")
        decoder = gauge(
            "decoder_utilization_ratio", "Share of the physical card's video decoder that the vGPU uses, 0-1.", call + "decUtil / 100")
        used = gauge("framebuffer_used_bytes", "Memory of the vGPU that its guest uses.", "nvmlVgpuInstanceGetFbUsage")
        total = gauge("framebuffer_total_bytes", "Memory of the vGPU.", "nvmlVgpuTypeGetFramebufferSize")
        license = catalogue.gauge(
            "llm_monitor_vgpu_license_state", "1 for the state of the guest's licence, 0 for the others.", labels: Self.licenseLabels,
            source: "nvmlVgpuInstanceGetLicenseInfo_v2 currentState, else nvmlVgpuInstanceGetLicenseStatus")
        frames = gauge(
            "frame_rate_limit", "Frames a second that the vGPU is limited to; 0 is no limit.", "nvmlVgpuInstanceGetFrameRateLimit")
        instances = catalogue.gauge(
            "llm_monitor_vgpu_instances", "Number of vGPUs that run on the card.", labels: FactTable.labels,
            source: "nvmlDeviceGetActiveVgpus")
        instancesMax = catalogue.gauge(
            "llm_monitor_vgpu_instances_max", "How many vGPUs of a type the card can have; of the types in use.", labels: Self.typeLabels,
            source: "nvmlVgpuTypeGetMaxInstances")
    }

    /// - Parameter guests: of each vGPU that it was looked for. The others wait: a series whose VM becomes known later would be two.
    func write(
        _ sample: CardSample, _ guests: [String: VMDirectory.Guest?], _ card: LabelSet, into buffer: inout SampleBuffer
    ) {
        guard let vgpus = sample.vgpus else { return }
        let (uuid, index) = (sample.identity.uuid, String(sample.identity.index))
        buffer.add(instances, card, sample.facts[.vgpus])
        for (type, count) in sample.vgpuInstancesMax.sorted(by: { $0.key < $1.key }) {
            buffer.add(instancesMax, buffer.labels(Self.typeLabels, uuid, index, type), count)
        }
        var written: Set<String> = []
        for vgpu in vgpus where written.insert(vgpu.uuid).inserted {
            guard let guest = guests[vgpu.uuid] else { continue }
            // What Xen calls a VM is a number of its own.
            let id = guest?.id ?? (vgpu.isVMUUID ? "" : vgpu.vm)
            let name = guest?.name ?? ""
            buffer.add(
                info,
                buffer.labels(
                    Self.infoLabels, uuid, index, vgpu.uuid, vgpu.type, id, name, vgpu.isVMUUID ? vgpu.vm : "", vgpu.guestDriver), true)
            let labels = buffer.labels(Self.labels, uuid, index, vgpu.uuid, id, name)
            buffer.add(sm, labels, vgpu.smUtilization)
            buffer.add(memory, labels, vgpu.memoryUtilization)
            buffer.add(encoder, labels, vgpu.encoderUtilization)
            buffer.add(decoder, labels, vgpu.decoderUtilization)
            buffer.add(used, labels, vgpu.framebufferUsed)
            buffer.add(total, labels, vgpu.framebufferTotal)
            buffer.add(frames, labels, vgpu.frameRateLimit)
            buffer.add(license, extending: labels, Self.licenses, vgpu.license)
        }
    }
}
