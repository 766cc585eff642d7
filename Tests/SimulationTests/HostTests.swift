import Primitives
import Testing
import Web

@testable import Simulation

/// The node exporters, read as Prometheus would.
@Suite struct HostTests {
    private typealias Samples = [String: Double]

    private func scrape(_ world: World, node: Int, after seconds: Double) throws -> Samples {
        let moment = world.moment(of: epoch + seconds)
        let view = world.view(of: node, at: moment)
        let text = String(decoding: HostExposition(world: world, view: view, moment: moment).text(), as: UTF8.self)
        var samples: Samples = [:]
        var family = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# TYPE ") {
                family = String(line.split(separator: " ")[2])
            } else if !line.hasPrefix("#") {
                let space = try #require(line.lastIndex(of: " "))
                let series = String(line[..<space])
                #expect(series == family || series.hasPrefix(family + "{"), "\(line)")
                #expect(samples[series] == nil, "twice: \(series)")
                let value: Double = try #require(Double(String(line[line.index(after: space)...])))
                samples[series] = value
            }
        }
        return samples
    }

    @Test func `families begin once, each with help and type`() throws {
        let world = try world()
        let text = String(decoding: HostExposition(world: world, view: world.view(of: 0, at: 5), moment: 5).text(), as: UTF8.self)
        let lines = text.split(separator: "\n")
        let types = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
        let helps = lines.filter { $0.hasPrefix("# HELP ") }.map { $0.split(separator: " ")[2] }
        #expect(types == helps && Set(types).count == types.count && text.hasSuffix("\n"))
        for name in [
            "node_cpu_seconds_total", "node_cpu_guest_seconds_total", "node_load1", "node_load5", "node_load15",
            "node_memory_MemTotal_bytes",
            "node_memory_MemAvailable_bytes", "node_memory_SwapFree_bytes", "node_filesystem_avail_bytes", "node_filesystem_files",
            "node_disk_io_time_seconds_total", "node_disk_read_bytes_total", "node_network_receive_bytes_total",
            "node_network_transmit_drop_total", "node_pressure_memory_stalled_seconds_total", "node_vmstat_oom_kill",
            "node_boot_time_seconds", "node_time_seconds", "node_uname_info", "node_os_info", "node_exporter_build_info",
            "node_context_switches_total", "node_intr_total", "node_forks_total", "node_procs_running", "node_procs_blocked",
            "node_scrape_collector_success", "node_scrape_collector_duration_seconds", "node_timex_sync_status",
        ] { #expect(types.contains(Substring(name)), "\(name)") }
    }

    @Test func `it agrees with the API of the same world`() throws {
        let world = try world([Step(after: 600, scenario: .cpuSaturation)])
        for seconds in [300.0, 1800] {
            let answers = answers(world, after: seconds)
            let view = world.view(of: 0, at: answers.moment)
            let status = try #require(try Tree(answers.nodeStatus(view))["data"])
            let samples = try scrape(world, node: 0, after: seconds)
            let earlier = try scrape(world, node: 0, after: seconds - 1)
            let cpu = 1 - rate(samples, earlier, mode: "idle") - rate(samples, earlier, mode: "iowait")
            #expect(abs(cpu - (status["cpu"]?.number ?? 0)) < 0.01)
            #expect(samples["node_load1"].map { "\($0)" }.flatMap(Double.init) == Double(status["loadavg"]?.elements[0].string ?? ""))
            #expect(samples["node_memory_MemTotal_bytes"] == status["memory"]?["total"]?.number)
            #expect(samples["node_memory_MemAvailable_bytes"] == status["memory"]?["available"]?.number)
            #expect(samples["node_memory_MemFree_bytes"] == status["memory"]?["free"]?.number)
            #expect(
                samples[#"node_filesystem_avail_bytes{device="/dev/mapper/pve-root",fstype="ext4",mountpoint="/"}"#]
                    == status["rootfs"]?["avail"]?.number)
            let uptime = (samples["node_time_seconds"] ?? 0) - (samples["node_boot_time_seconds"] ?? 0)
            #expect(abs(uptime - (status["uptime"]?.number ?? 0)) <= 1)
            let guests = try rows(answers.qemuList(view, isFull: true)) + rows(answers.lxcList(view))
            #expect(
                samples[#"node_disk_written_bytes_total{device="nvme0n1"}"#] == guests.reduce(0) { $0 + ($1["diskwrite"]?.number ?? 0) })
            let card = try #require(samples.keys.first { $0.hasPrefix(#"node_network_receive_bytes_total{device="tap"#) })
            let name = try #require(card.split(separator: "\"").dropFirst().first)
            let vm = try #require(guests.first { $0["nics"]?[String(name)] != nil })
            // What a guest sends, its host receives.
            #expect(samples[card] == vm["nics"]?[String(name)]?["netout"]?.number)
        }
    }

    /// The mean over all CPUs of a mode's seconds per second.
    private func rate(_ samples: Samples, _ earlier: Samples, mode: String) -> Double {
        let series = samples.keys.filter { $0.hasPrefix("node_cpu_seconds_total") && $0.contains("mode=\"\(mode)\"") }
        return series.reduce(0) { $0 + (samples[$1] ?? 0) - (earlier[$1] ?? 0) } / Double(series.count)
    }

    @Test func `counters grow and CPU time adds up`() throws {
        let world = try world([Step(after: 200, scenario: .cpuSaturation), Step(after: 400.5, scenario: .normal)], guests: 30)
        var last: Samples = [:]
        for seconds in [0, 100, 199.99, 200, 200.01, 300, 400, 400.5, 401, 2000] {
            let samples = try scrape(world, node: 0, after: seconds)
            for (series, value) in samples where series.contains("_total") || series.hasPrefix("node_vmstat") {
                if let before = last[series] { #expect(value >= before, "\(series) at \(seconds)") }
                #expect(value >= 0)
            }
            let node = world.inventory.nodes[0]
            for thread in [0, 1, node.threads - 1] {
                let modes = samples.filter { $0.key.hasPrefix("node_cpu_seconds_total{cpu=\"\(thread)\"") }
                #expect(modes.count == 8)
                #expect(abs(modes.values.reduce(0, +) - (seconds - node.firstBoot)) < 0.1)
            }
            #expect(Set(last.keys).isSubset(of: samples.keys) || last.isEmpty)
            last = samples
        }
    }

    @Test func `a host that is off says nothing, and starts anew`() async throws {
        let clock = TestClock(epoch + 100)
        let source = try WorldSource(seed: 7, nodes: 2, guests: 10, cluster: "lab", directory: nil, clock: clock.wall, logger: .silent)
        let service = HostService(
            source: source, scenarios: ScenarioEndpoint(store: source.scenarios, nodeCount: 2, clock: clock.wall),
            guests: GuestEndpoint(source: source))
        let request = HTTPServerRequest(method: "GET", path: "/metrics")
        #expect(service.hostAnswer(request, node: 1).status == 200)
        _ = try await source.scenarios.begin(.nodeDown, node: nil)
        #expect(service.hostAnswer(request, node: 1).isDropped && !service.hostAnswer(request, node: 0).isDropped)
        clock.now = epoch + 900
        _ = try await source.scenarios.begin(.normal, node: nil)
        clock.now = epoch + 930
        let samples = try scrape(source.current(), node: 1, after: 930 + epoch - source.current().timeline.epoch)
        #expect((samples["node_time_seconds"] ?? 0) - (samples["node_boot_time_seconds"] ?? 0) == 30)
    }

    @Test func `other paths and methods`() throws {
        let source = try WorldSource(seed: 7, nodes: 2, guests: 10, cluster: "lab", directory: nil, clock: .fixed(epoch), logger: .silent)
        let service = HostService(
            source: source, scenarios: ScenarioEndpoint(store: source.scenarios, nodeCount: 2, clock: .fixed(epoch)),
            guests: GuestEndpoint(source: source))
        #expect(service.hostAnswer(HTTPServerRequest(method: "GET", path: "/nosuch"), node: 0).status == 404)
        #expect(service.hostAnswer(HTTPServerRequest(method: "POST", path: "/metrics"), node: 0).status == 405)
        let zipped = service.hostAnswer(
            HTTPServerRequest(method: "GET", path: "/metrics", headers: HTTPHeaders([("Accept-Encoding", "gzip")])), node: 0)
        #expect(zipped.headers["Content-Encoding"] == "gzip")
    }
}
