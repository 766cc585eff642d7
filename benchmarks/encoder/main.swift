import AllocationCounter
import Metrics
import Primitives

// 10,000 gauges with three labels: what one scrape costs when the label sets are those of the scrape before. Prints one line of JSON
// a case; benchmarks/run puts it beside client_golang.

/// Runs `body` for about three seconds and returns how often it ran, how long that took and what it allocated.
func measure(_ body: () -> Void) -> (runs: Int, seconds: Double, allocations: UInt64) {
    for _ in 0..<20 { body() }
    let allocations = mlt_allocation_count()
    let start = ContinuousClock.now
    var runs = 0
    var seconds = 0.0
    while seconds < 3 {
        for _ in 0..<20 { body() }
        runs += 20
        seconds = (ContinuousClock.now - start).seconds
    }
    return (runs, seconds, mlt_allocation_count() - allocations)
}

let series = 10_000
let schema = LabelSchema("cluster", "node", "vmid")
var catalogue = Catalogue()
let metric = catalogue.gauge("pve_vm_memory_used_bytes", "Memory in use.", labels: schema, source: "benchmark")
let table = try FamilyTable([catalogue])

for (name, value) in [("int", { Double($0 * 4096) }), ("float", { Double($0) * 0.123456789 })] as [(String, (Int) -> Double)] {
    let values = (0..<series).map(value)
    var buffer = SampleBuffer(part: "benchmark", reservingSamples: series)
    let labels = (0..<series).map { buffer.labels(schema, "lab", "pve\($0 % 32)", "\(100 + $0)") }
    for index in 0..<series { buffer.add(metric, labels[index], values[index]) }
    let ready = Exposition(table, [[buffer]])
    var text: [UInt8] = []
    text.reserveCapacity(2 << 20)
    var bytes = 0
    TextFormat.write(ready, through: &text) { chunk in
        bytes += chunk.count
        chunk.removeAll(keepingCapacity: true)
    }
    let encode = measure { TextFormat.write(ready, through: &text) { $0.removeAll(keepingCapacity: true) } }
    let open = measure { OpenMetricsFormat.write(ready, through: &text) { $0.removeAll(keepingCapacity: true) } }
    let whole = measure {
        buffer.removeSamples()
        for index in 0..<series { buffer.add(metric, labels[index], values[index]) }
        TextFormat.write(Exposition(table, [[buffer]]), through: &text) { $0.removeAll(keepingCapacity: true) }
    }
    func rate(_ result: (runs: Int, seconds: Double, allocations: UInt64)) -> Int { Int(Double(result.runs * series) / result.seconds) }
    func perSample(_ result: (runs: Int, seconds: Double, allocations: UInt64)) -> Double {
        Double(result.allocations) / Double(result.runs * series)
    }
    print(
        "{\"encoder\":\"martlet\",\"values\":\"\(name)\",\"series\":\(series),\"gather_and_text_samples_per_second\":\(rate(whole)),"
            + "\"text_samples_per_second\":\(rate(encode)),\"openmetrics_samples_per_second\":\(rate(open)),\"bytes\":\(bytes),"
            + "\"allocations_per_sample_gather\":\(perSample(whole)),\"allocations_per_sample_text\":\(perSample(encode)),"
            + "\"allocations_per_sample_openmetrics\":\(perSample(open))}")
}
