import Metrics
import Testing

/// What the golden files hold.
enum GoldenExposition {
    static let folder = "\(#filePath)".split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/Golden/"

    /// One of everything that promtool likes.
    static func plain() throws -> Exposition {
        let (catalogues, buffers) = sources()
        return try exposition(catalogues, buffers)
    }

    /// The same, then what has another name or type in OpenMetrics than the kind alone would give it, distributions, and values that a type
    /// must not have.
    static func withOddities() throws -> Exposition {
        let (catalogues, buffers) = sources()
        let (odd, oddBuffer) = oddities()
        return try exposition(catalogues + [odd], buffers + [[oddBuffer]])
    }

    private static func exposition(_ catalogues: [Catalogue], _ buffers: [[SampleBuffer]]) throws -> Exposition {
        let exposition = Exposition(try FamilyTable(catalogues), buffers)
        #expect(exposition.duplicateCount == 0)
        return exposition
    }

    private static func sources() -> ([Catalogue], [[SampleBuffer]]) {
        let node = LabelSchema("cluster", "node")
        let guest = node.adding("vmid").adding("name")
        var cluster = Catalogue()
        let up = cluster.gauge("pve_node_up", "Whether corosync sees the node (1) or not (0).", labels: node, source: "GET /cluster/status")
        let memory = cluster.gauge("pve_vm_memory_used_bytes", "Memory in use.", labels: guest, source: "GET /cluster/resources mem")
        let info = cluster.info(
            "pve_guest_info", "What a guest is: C:\\ in a help text,\nand a second line.", labels: guest.adding("os"),
            source: "GET /cluster/resources")
        let received = cluster.counter(
            "pve_vm_network_receive_bytes_total", "Bytes received.", labels: guest, source: "GET /cluster/resources netin")
        _ = cluster.gauge("pve_without_samples", "A family that has none leaves no header.", labels: node, source: "nowhere")
        var own = Catalogue()
        let build = own.info("martlet_build_info", "Which martlet this is.", labels: LabelSchema("version", "revision"), source: "martlet")
        let edges = own.gauge(
            "martlet_test_edges", "Numbers that are none, and those at the edge.", labels: LabelSchema("edge"), source: "martlet")
        let plain = own.counter("martlet_test_scrapes_total", "Scrapes, without labels.", source: "martlet")

        var buffers: [SampleBuffer] = []
        for (number, name) in ["pve2", "pve1"].enumerated() {
            var buffer = SampleBuffer(part: name)
            buffer.add(up, buffer.labels(node, "lab", name), number == 1)
            for vmid in 100..<102 {
                let hostile = #"web "\#(vmid)" \ é"# + "\nforged 1"
                let set = buffer.labels(guest, "lab", name, "\(vmid)", hostile)
                buffer.add(memory, set, vmid == 100 ? 1_073_741_824 : nil)
                buffer.add(info, buffer.labels(guest.adding("os"), extending: set, "l26"), 1)
                buffer.add(received, set, Double(vmid) * 1e13)
            }
            buffers.append(buffer)
        }
        var service = SampleBuffer(part: "")
        service.add(build, service.labels(LabelSchema("version", "revision"), "0.1.0", "unknown"), 1)
        for value in [Double.nan, .infinity, -.infinity, 0, -0.5, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e15, 0.1] {
            service.add(edges, service.labels(LabelSchema("edge"), "\(value)"), value)
        }
        service.add(plain, .empty, 42)
        return ([cluster, own], [buffers, [service]])
    }

    private static func oddities() -> (Catalogue, SampleBuffer) {
        let labels = LabelSchema("label")
        var catalogue = Catalogue()
        let unknown = catalogue.counter("odd_reads", "A counter whose name does not say so.", source: "s")
        let gauge = catalogue.info("odd_system", "An info whose name does not say so.", labels: labels, source: "s")
        let total = catalogue.gauge("odd_nodes_total", "A gauge that is named like a counter.", source: "s")
        let bytesTotal = catalogue.gauge("odd_memory_bytes_total", "A unit that does not end the name.", source: "s")
        let seconds = catalogue.counter("odd_cpu_seconds_total", "A unit that ends the family's name.", source: "s")
        let ratio = catalogue.gauge("odd_fill_ratio", #"Says "full" at 1."#, source: "s")
        let losses = catalogue.counter("odd_losses_total", "Only two of these are counts.", labels: labels, source: "s")
        let flags = catalogue.info("odd_flag_info", "Only one of these is an info.", labels: labels, source: "s")
        let wait = catalogue.histogram("odd_wait_seconds", "Bounds at the edge of exponents.", labels: labels, source: "s")
        let drift = catalogue.histogram("odd_drift", "A bound below zero, and so no sum.", labels: .none, source: "s")
        let run = catalogue.summary("odd_run_seconds", "A sum and a count.", labels: labels, source: "s")
        var buffer = SampleBuffer(part: "")
        for metric in [unknown, total, bytesTotal, seconds] { buffer.add(metric, .empty, 7.5) }
        buffer.add(ratio, .empty, 1)
        for value in [Double.nan, -1, 0, .infinity] { buffer.add(losses, buffer.labels(labels, "\(value)"), value) }
        for value in [0, 1, 2.0] { buffer.add(flags, buffer.labels(labels, "\(value)"), value) }
        let hostile = buffer.labels(labels, "a\"b\\c\nd")
        buffer.add(gauge, hostile, 1)
        var waits = Distribution(bounds: [0.00001, 0.0001, 0.005, 1, 10, 100_000, 1_000_000, 2_500_000, 1e23])
        for value in [0.001, 0.005, 7, 3_000_000, 1e30, .nan] { waits.observe(value) }
        buffer.add(wait, hostile, waits)
        var drifts = Distribution(bounds: [-1, 0, 1])
        for value in [-3, 0.5, 1] { drifts.observe(value) }
        buffer.add(drift, .empty, drifts)
        var runs = Distribution()
        runs.observe(0.25)
        buffer.add(run, hostile, runs)
        return (catalogue, buffer)
    }
}
