import Metrics

/// The seven names that dashboards of nvidia_gpu_prometheus_exporter read, with their labels and units.
struct CompatibleFamilies: Sendable {
    private static let labels = LabelSchema("minor_number", "uuid", "name")

    private let count: Metric
    private let memoryUsed: Metric
    private let memoryTotal: Metric
    private let dutyCycle: Metric
    private let power: Metric
    private let temperature: Metric
    private let fanSpeed: Metric

    init(_ catalogue: inout Catalogue) {
        count = catalogue.gauge("nvidia_gpu_num_devices", "Cards of the machine.", source: "nvmlDeviceGetCount_v2")
        func gauge(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.gauge("nvidia_gpu_" + name, help, labels: Self.labels, source: source)
        }
        memoryUsed = gauge(
            "memory_used_bytes", "Memory of the card that is allocated, with what the driver reserves.",
            "nvmlDeviceGetMemoryInfo_v2 used + reserved")
        memoryTotal = gauge("memory_total_bytes", "Memory of the card.", "nvmlDeviceGetMemoryInfo_v2 total")
        dutyCycle = gauge(
            "duty_cycle", "Share of the time in which any kernel ran on the card, 0-100.", "nvmlDeviceGetUtilizationRates gpu")
        power = gauge("power_usage_milliwatts", "Power that the card draws, in thousandths of a watt.", "nvmlDeviceGetPowerUsage")
        temperature = gauge("temperature_celsius", "Temperature of the card.", "nvmlDeviceGetTemperatureV temperature")
        fanSpeed = gauge("fanspeed_percent", "Speed that the fan is told to have, 0-100.", "nvmlDeviceGetFanSpeed")
    }

    func write(count number: Int, into buffer: inout SampleBuffer) { buffer.add(count, .empty, Double(number)) }

    func write(_ sample: CardSample, _ identity: CardIdentity, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, identity.minorNumber.map(String.init) ?? "", identity.uuid, identity.name)
        let facts = sample.facts
        // Where what is reserved is not known, it is among what is used.
        buffer.add(memoryUsed, labels, facts[.memoryUsed].map { $0 + (facts[.memoryReserved] ?? 0) })
        buffer.add(memoryTotal, labels, facts[.memoryTotal])
        // Whole numbers there: what was divided is multiplied, and what that leaves behind is rounded off.
        buffer.add(dutyCycle, labels, facts[.utilization].map { ($0 * 100).rounded() })
        buffer.add(power, labels, facts[.power].map { ($0 * 1000).rounded() })
        buffer.add(temperature, labels, facts[.temperature])
        buffer.add(fanSpeed, labels, facts[.fan].map { ($0 * 100).rounded() })
    }
}
