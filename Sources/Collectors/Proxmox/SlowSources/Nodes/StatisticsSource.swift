import Metrics
import ProxmoxAPI

/// What a node's statistics daemon writes into its round-robin database and nowhere else.
struct StatisticsSource: SlowSource {
    var profile = SlowProfile(
        name: "statistics", scope: .node, periodSeconds: 60, endpoint: "/nodes/N/rrddata?timeframe=hour&cf=AVERAGE")
    private let cpuSome: Metric
    private let ioSome: Metric
    private let ioFull: Metric
    private let memorySome: Metric
    private let memoryFull: Metric
    private let arc: Metric

    init(_ catalogue: inout Catalogue) {
        let source = "/nodes/N/rrddata, the newest row with "
        func pressure(_ name: String, _ help: String) -> Metric {
            let key = "pressure" + name.filter { $0 != "_" }
            return catalogue.gauge(
                "pve_node_pressure_\(name)_ratio", help, labels: NodeFamilies.labels, source: source + "\(key) / 100")
        }
        cpuSome = pressure("cpu_some", "Share of time that some task of the node waited for a CPU, 0-1; from Proxmox VE 9 on.")
        ioSome = pressure("io_some", "Share of time that some task of the node waited for input or output, 0-1; from Proxmox VE 9 on.")
        ioFull = pressure("io_full", "Share of time that all tasks of the node waited for input or output, 0-1; from Proxmox VE 9 on.")
        memorySome = pressure("memory_some", "Share of time that some task of the node waited for memory, 0-1; from Proxmox VE 9 on.")
        memoryFull = pressure("memory_full", "Share of time that all tasks of the node waited for memory, 0-1; from Proxmox VE 9 on.")
        arc = catalogue.gauge(
            "pve_zfs_arc_size_bytes", "Memory that ZFS caches in, which counts as used; 0 without ZFS, from Proxmox VE 9 on.",
            labels: NodeFamilies.labels, source: source + "arcsize")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: NodeStatistics?) async throws(ProxmoxError) -> NodeStatistics {
        try await call.client.statistics(subject.node, http: call.http, by: call.deadline)
    }

    func write(_ subject: SlowSubject, _ statistics: NodeStatistics, into page: inout SlowPage) {
        let labels = page.labels(ofNode: subject.node)
        page.buffer.add(cpuSome, labels, statistics.cpuSome.map { $0 / 100 })
        page.buffer.add(ioSome, labels, statistics.ioSome.map { $0 / 100 })
        page.buffer.add(ioFull, labels, statistics.ioFull.map { $0 / 100 })
        page.buffer.add(memorySome, labels, statistics.memorySome.map { $0 / 100 })
        page.buffer.add(memoryFull, labels, statistics.memoryFull.map { $0 / 100 })
        page.buffer.add(arc, labels, statistics.arcBytes)
    }
}
