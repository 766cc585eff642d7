import CollectorConformance
import Exporting
import Metrics
import Primitives
import Testing
import Web

@testable import ProxmoxCollector

/// A collector whose timers run beside the scrapes, and that asks for some sources only.
struct SlowScrapes: Sendable {
    let collector: ProxmoxCollector
    private let source: String

    /// All there are.
    static var all: [String] { ProxmoxFamilies().slow.profiles.map(\.name) }

    /// Runs the collector while `body` lasts.
    static func run(_ source: String, _ fake: FakeProxmox, _ body: (SlowScrapes) async throws -> Void) async throws {
        try await run([source], fake, body)
    }

    /// - Parameter clock: of the timers.
    static func run(
        _ sources: [String], _ fake: FakeProxmox, periods: [String: Double] = [:], clock: SlowClock = .impatient,
        _ body: (SlowScrapes) async throws -> Void
    ) async throws {
        var slow = SlowSettings()
        slow.skipped = Set(all).subtracting(sources)
        slow.periods = periods
        let source = sources.joined(separator: ", ")
        let collector = ProxmoxCollector(ProxmoxSettings(clusters: [try fake.cluster()], slow: slow), clock: clock)
        let http = try HTTPClient()
        defer { http.close() }
        let context = LogLines().context(http: http, deadlineSeconds: 86_400)
        let timers = Task { await collector.run(context) }
        do {
            try await body(SlowScrapes(collector: collector, source: source))
        } catch {
            timers.cancel()
            await timers.value
            throw error
        }
        timers.cancel()
        await timers.value
    }

    /// A scrape after which a wish is fulfilled, which is tried again and again; the last one when the time is over.
    func scrape(withinSeconds limit: Double = 60, until isDone: (Trial) async throws -> Bool) async throws -> Trial {
        let end = Deadline.after(seconds: limit)
        while true {
            let trial = try await ProxmoxCollectorTests.scrape(collector)
            if try await isDone(trial) { return trial }
            if end.hasPassed {
                Issue.record("nothing came of \(source) in \(limit) s")
                return trial
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// One scrape, whatever it shows.
    func scrape() async throws -> Trial { try await ProxmoxCollectorTests.scrape(collector) }

    /// Longer than it takes until somebody looks whether something is due.
    func pause() async throws { try await Task.sleep(for: .milliseconds(300)) }

    /// Until everybody who is due was asked and has answered, however slow the machine is.
    func rest(withinSeconds limit: Double = 60) async throws {
        let end = Deadline.after(seconds: limit)
        repeat {
            if collector.clusters.allSatisfy(\.slowLane.isAtRest) { return }
            try await Task.sleep(for: .milliseconds(5))
        } while !end.hasPassed
        Issue.record("\(source) came to no rest in \(limit) s")
    }

    /// Lets time pass once nobody is busy: when a call is next due is counted from its end.
    func advance(_ hand: HandClock, _ seconds: Double) async throws {
        try await rest()
        hand.advance(seconds)
    }

    /// A scrape that shows a family.
    func scrape(until family: String) async throws -> Trial { try await scrape { $0.families.contains(family) } }

    /// A scrape after an answer was kept, also when there is nothing in it to show.
    func scrapeOfAnswer() async throws -> Trial {
        _ = try await scrape { _ in try await own("martlet_proxmox_source_age_seconds").contains { $0.label("source") == source } }
        return try await ProxmoxCollectorTests.scrape(collector)
    }

    /// A scrape after all calls of some endpoints were answered, whatever with.
    func scrape(after calls: [String]) async throws -> Trial {
        _ = try await scrape { _ in
            let asked = try await own("martlet_proxmox_api_requests_total").compactMap { $0.label("endpoint") }
            return calls.allSatisfy(asked.contains)
        }
        // The last answer may have come and not be kept yet.
        try await rest()
        return try await ProxmoxCollectorTests.scrape(collector)
    }

    /// How often the source failed.
    func failures() async throws -> Double? {
        try await own("martlet_proxmox_source_failures_total").first { $0.label("source") == source }?.value
    }

    func own(_ family: String) async throws -> [ExpositionText.Sample] {
        try await ProxmoxCollectorTests.scrape(collector.requests).exposition.family(family)
    }
}

extension Trial {
    /// What a slow source wrote: all lines but those of an empty cluster, with `N` for the labels of its node and `C` for that of the cluster.
    var slowLines: [String] {
        let always = [
            "pve_version_info", "pve_cluster_quorate", "pve_cluster_nodes_total", "pve_cluster_nodes_online", "pve_node_up",
            "pve_node_statistics_stale", "pve_node_vm_count", "pve_node_lxc_count",
        ]
        return exposition.samples.filter { !always.contains($0.family) }.map { sample in
            let series = sample.series.replacing(#"cluster="lab",node="pve1""#, with: "N").replacing(#"cluster="lab""#, with: "C")
            let value = sample.value == sample.value.rounded() && abs(sample.value) < 1e15 ? "\(Int(sample.value))" : "\(sample.value)"
            return "\(series) \(value)"
        }
    }
}

extension Trial {
    /// The lines of some families, by how their names begin, with `G` for the labels of guest 100 on `pve1` and `L` for those of 200.
    func lines(_ prefixes: String...) -> [String] {
        slowLines.filter { line in prefixes.contains { line.hasPrefix($0) } }.map {
            $0.replacing(#"N,vmid="100",name="web",type="qemu""#, with: "G").replacing(#"N,vmid="200",name="ct",type="lxc""#, with: "L")
        }
    }
}

extension Lab {
    /// The nodes `pve1` and `pve2`, the machine 100 (web) and the container 200 (ct), which run.
    static func guests(on node: String = "pve1", status: String = "running", _ answers: [String: String] = [:]) -> [String: String] {
        table(
            resources: [
                Lab.node("pve1"), Lab.node("pve2"), guest(100, on: node, name: "web", status: status),
                guest(200, on: node, "lxc", name: "ct", status: status), storage("pve1", "zfs"), storage("pve2", "zfs"),
            ],
            qemu: [node: [listed(100, name: "web", status: status)]], lxc: [node: [listed(200, name: "ct", status: status)]]
        ).merging(answers) { $1 }
    }

    /// A node and nothing else, with what some paths say beside.
    static func alone(_ answers: [String: String] = [:]) -> [String: String] {
        var table = table(
            status: [cluster(), member("pve1")], resources: [#"{"type":"node","node":"pve1","status":"online"}"#], nodes: ["pve1"])
        table["/nodes/pve1/status"] = "{}"
        return table.merging(answers) { $1 }
    }
}
