import Metrics

/// Cards that are divided by MIG.
struct MIGFamilies: Sendable {
    private static let infoLabels = FactTable.labels.adding("gpu_instance", "compute_instance", "mig_uuid", "profile")
    private static let labels = FactTable.labels.adding("gpu_instance")

    private let info: Metric
    private let used: Metric
    private let total: Metric
    private let activity: [(name: String, metric: Metric)]

    init(_ catalogue: inout Catalogue) {
        info = catalogue.info(
            "llm_monitor_gpu_mig_info", "A MIG device: a compute instance of a GPU instance.", labels: Self.infoLabels,
            source: "nvmlDeviceGetMigDeviceHandleByIndex, -GpuInstanceId, -ComputeInstanceId, -UUID, -Name")
        func gauge(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.gauge("llm_monitor_gpu_mig_" + name, help, labels: Self.labels, source: source)
        }
        used = gauge("memory_used_bytes", "Memory of a GPU instance that is in use.", "nvmlDeviceGetMemoryInfo_v2 used of a MIG device")
        total = gauge("memory_total_bytes", "Memory of a GPU instance.", "nvmlDeviceGetMemoryInfo_v2 total of a MIG device")
        activity = [
            ("graphics", "in which graphics or compute engines were at work", 1), ("sm", "of its multiprocessors that had work", 2),
            ("tensor", "in which tensor cores were at work", 5), ("dram", "in which its memory was read or written", 10),
        ].map { name, what, number in
            (
                name,
                gauge(
                    "\(name)_activity_ratio", "Of a GPU instance, the share \(what), 0-1.", "nvmlGpmMetricsGet \(number) / 100")
            )
        }
    }

    func write(_ sample: CardSample, into buffer: inout SampleBuffer) {
        let (uuid, index) = (sample.identity.uuid, String(sample.identity.index))
        var written: Set<Int> = []
        for mig in sample.migs {
            buffer.add(
                info,
                buffer.labels(
                    Self.infoLabels, uuid, index, String(mig.gpuInstance), String(mig.computeInstance), mig.uuid, mig.profile), true)
            // Memory and activity are the GPU instance's, which may have several compute instances.
            guard written.insert(mig.gpuInstance).inserted else { continue }
            let labels = buffer.labels(Self.labels, uuid, index, String(mig.gpuInstance))
            buffer.add(used, labels, mig.memoryUsed)
            buffer.add(total, labels, mig.memoryTotal)
            for (name, metric) in activity { buffer.add(metric, labels, mig.activity[name]) }
        }
    }
}
