import Metrics

/// Who uses how much of which card.
struct OwnerFamilies: Sendable {
    private static let shareLabels = FactTable.labels.adding("owner_kind", "owner")
    private static let infoLabels = LabelSchema("owner_kind", "owner", "owner_id")
    private static let instanceLabels = FactTable.labels.adding("gpu_instance", "owner_kind", "owner")
    private static let processLabels = FactTable.labels.adding("pid", "owner_kind", "owner")

    private let memory: Metric
    private let utilization: Metric
    private let count: Metric
    private let info: Metric
    private let instanceInfo: Metric
    private let instanceMemory: Metric
    private let processMemory: Metric
    private let processUtilization: Metric

    /// Owners of a card with series of their own.
    static let limit = 100
    /// Processes of a card, where they are wanted.
    static let processLimit = 1000

    init(_ catalogue: inout Catalogue) {
        let source = "nvmlDeviceGetComputeRunningProcesses_v3, nvmlDeviceGetGraphicsRunningProcesses_v3 and /proc/PID/cgroup"
        memory = catalogue.gauge(
            "llm_monitor_gpu_owner_memory_bytes",
            "Memory of the card that all processes of an owner have together; of a virtual machine with a vGPU what its guest uses.",
            labels: Self.shareLabels, source: source + ", nvmlVgpuInstanceGetFbUsage")
        utilization = catalogue.gauge(
            "llm_monitor_gpu_owner_utilization_ratio",
            "Share of the card's multiprocessors that all processes of an owner, or its vGPUs, use together, 0-1.",
            labels: Self.shareLabels, source: "nvmlDeviceGetProcessUtilization, nvmlDeviceGetVgpuUtilization smUtil / 100")
        count = catalogue.gauge(
            "llm_monitor_gpu_owners", "Owners of processes on the card; those beyond \(Self.limit) have their series as other.",
            labels: FactTable.labels, source: source)
        info = catalogue.info(
            "llm_monitor_gpu_owner_info", "An owner of processes on any card, with the vmid, container, unit or UUID that it is.",
            labels: Self.infoLabels, source: "/proc/PID/cgroup and /proc/PID/cmdline")
        instanceInfo = catalogue.info(
            "llm_monitor_gpu_mig_owner_info", "An owner of processes in a GPU instance.", labels: Self.instanceLabels, source: source)
        instanceMemory = catalogue.gauge(
            "llm_monitor_gpu_mig_owner_memory_bytes", "Memory of a GPU instance that all processes of an owner have together.",
            labels: Self.instanceLabels, source: source)
        processMemory = catalogue.gauge(
            "llm_monitor_gpu_process_memory_bytes", "Memory of the card that a process has; only with gpu.per_process.",
            labels: Self.processLabels, source: source)
        processUtilization = catalogue.gauge(
            "llm_monitor_gpu_process_utilization_ratio",
            "Share of the card's multiprocessors that a process uses, 0-1; only with gpu.per_process.", labels: Self.processLabels,
            source: "nvmlDeviceGetProcessUtilization smUtil / 100")
    }

    /// - Parameter names: of all owners on all cards.
    func write(
        _ usage: OwnerUsage, _ identity: CardIdentity, names: [OwnerKey: String], _ labels: LabelSet, into buffer: inout SampleBuffer
    ) {
        buffer.add(count, labels, Double(usage.shares.count))
        for share in OwnerUsage.bounded(usage.shares, limit: Self.limit) {
            let name = names[share.owner] ?? share.owner.name
            let set = buffer.labels(Self.shareLabels, identity.uuid, String(identity.index), share.owner.kind, name)
            buffer.add(memory, set, share.memoryBytes)
            buffer.add(utilization, set, share.utilization)
        }
        for share in usage.instances.prefix(Self.limit) {
            let set = buffer.labels(
                Self.instanceLabels, identity.uuid, String(identity.index), String(share.gpuInstance), share.owner.kind,
                names[share.owner] ?? share.owner.name)
            buffer.add(instanceInfo, set, true)
            buffer.add(instanceMemory, set, share.memoryBytes)
        }
    }

    /// Those that have series.
    static func shown(_ usage: OwnerUsage, _ processes: [ProcessSample]) -> [OwnerKey] {
        OwnerUsage.bounded(usage.shares, limit: limit).map(\.owner) + usage.instances.prefix(limit).map(\.owner)
            + processes.prefix(processLimit).map { usage.owners[$0.pid] ?? .unknown }
    }

    func write(
        _ processes: [ProcessSample], _ usage: OwnerUsage?, _ identity: CardIdentity, names: [OwnerKey: String],
        into buffer: inout SampleBuffer
    ) {
        for process in processes.prefix(Self.processLimit) {
            let owner = usage?.owners[process.pid] ?? .unknown
            let set = buffer.labels(
                Self.processLabels, identity.uuid, String(identity.index), String(process.pid), owner.kind, names[owner] ?? owner.name)
            buffer.add(processMemory, set, process.memoryBytes)
            buffer.add(processUtilization, set, process.utilization)
        }
    }

    /// Once for all cards, of owners that have series.
    func write(_ names: [OwnerKey: String], into buffer: inout SampleBuffer) {
        for (owner, name) in names.sorted(by: { $0.key < $1.key }) where !owner.id.isEmpty {
            buffer.add(info, buffer.labels(Self.infoLabels, owner.kind, name, owner.id), true)
        }
    }
}
