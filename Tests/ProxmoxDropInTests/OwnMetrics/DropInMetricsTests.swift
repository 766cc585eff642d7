import CollectorConformance
import Exporting
import Metrics
import Primitives
import ProxmoxAPI
import Testing
import Web

@testable import ProxmoxDropIn

@Suite struct DropInMetricsTests {
    private func expose(_ collector: any Collector) async throws -> ExpositionText {
        let http = try HTTPClient()
        defer { http.close() }
        let sink = SampleSink()
        await collector.collect(into: sink, CollectionContext(deadline: .after(seconds: 10), http: http, logger: .silent))
        #expect(sink.contents.pending == [] && sink.contents.problems.isEmpty)
        var bytes: [UInt8] = []
        let exposition = Exposition(try FamilyTable([collector.catalogue]), [sink.contents.committed])
        #expect(exposition.duplicateCount == 0)
        TextFormat.write(exposition, through: &bytes) { _ in }
        let text = ExpositionText(String(decoding: bytes, as: UTF8.self))
        #expect(text.faults == [])
        return text
    }

    private func settings(calls: Bool = false, targets: Bool = false) -> DropInSettings {
        var settings = DropInSettings()
        (settings.countsCalls, settings.countsTargets) = (calls, targets)
        return settings
    }

    @Test func `families and their labels`() {
        let descriptors = DropInHandler.metricsOfNothing.catalogue.descriptors
        let lines = descriptors.map { "\($0.name) \($0.kind) \($0.labels.names.joined(separator: ","))" }
        #expect(
            lines == [
                "pve_collection_duration_seconds summary module", "pve_request_errors_total counter module",
                "pve_scrape_api_duration_seconds histogram method,url", "pve_scrape_api_errors_total counter method,url",
                "pve_scrape_target_duration_seconds histogram target,cluster,node",
                "pve_scrape_target_errors_total counter target,cluster,node",
                "martlet_pve_dropped_observations_total counter ",
            ])
        #expect(DropInHandler.metricsOfNothing.name == "pve")
    }

    @Test func `nothing configured and nothing asked writes nothing`() async throws {
        #expect(try await expose(DropInHandler.metricsOfNothing).samples.isEmpty)
    }

    @Test func `modules are there from the start, at 0`() async throws {
        let tally = DropInTally(settings())
        tally.begin(["b", "a"])
        let exposition = try await expose(DropInMetrics(tally))
        #expect(exposition.types == ["pve_collection_duration_seconds": "summary", "pve_request_errors_total": "counter"])
        #expect(
            exposition.samples.map { "\($0.series) \($0.value)" } == [
                #"pve_collection_duration_seconds_sum{module="a"} 0.0"#, #"pve_collection_duration_seconds_count{module="a"} 0.0"#,
                #"pve_collection_duration_seconds_sum{module="b"} 0.0"#, #"pve_collection_duration_seconds_count{module="b"} 0.0"#,
                #"pve_request_errors_total{module="a"} 0.0"#, #"pve_request_errors_total{module="b"} 0.0"#,
            ])
    }

    @Test func `successes have durations, failures are counted`() async throws {
        let tally = DropInTally(settings(targets: true))
        tally.begin(["default"])
        let target = DropInTally.Target(name: "pve1", cluster: true, node: false)
        tally.noteScrape(target, module: "default", 0.25, isFailure: false)
        tally.noteScrape(target, module: "default", 0.5, isFailure: false)
        tally.noteScrape(target, module: "default", 8, isFailure: true)
        let exposition = try await expose(DropInMetrics(tally))
        #expect(exposition[#"pve_collection_duration_seconds_sum{module="default"}"#] == 0.75)
        #expect(exposition[#"pve_collection_duration_seconds_count{module="default"}"#] == 2)
        #expect(exposition[#"pve_request_errors_total{module="default"}"#] == 1)
        // Of targets, both have a duration.
        #expect(exposition[#"pve_scrape_target_duration_seconds_count{target="pve1",cluster="1",node="0"}"#] == 3)
        #expect(exposition[#"pve_scrape_target_duration_seconds_sum{target="pve1",cluster="1",node="0"}"#] == 8.75)
        #expect(exposition[#"pve_scrape_target_errors_total{target="pve1",cluster="1",node="0"}"#] == 1)
    }

    @Test func `buckets`() async throws {
        let tally = DropInTally(settings(calls: true, targets: true))
        for seconds in [0, 0.005, 0.0051, 1, 7.5, 10, 10.1, 100, 1000] {
            tally.noteCall("GET", "https://pve1:8006/api2/json/version", seconds, false)
            tally.noteScrape(DropInTally.Target(name: "x", cluster: false, node: true), module: "m", seconds, isFailure: false)
        }
        let exposition = try await expose(DropInMetrics(tally))
        func buckets(_ family: String) -> [String] {
            exposition.family(family + "_bucket").map { "\($0.labels.last?.value ?? "")=\(Int($0.value))" }
        }
        // A bucket holds what is not larger than its bound, and all before it.
        #expect(
            buckets("pve_scrape_api_duration_seconds") == [
                "0.005=2", "0.01=3", "0.025=3", "0.05=3", "0.075=3", "0.1=3", "0.25=3", "0.5=3", "0.75=3", "1.0=4", "2.5=4", "5.0=4",
                "7.5=5", "10.0=6",
                "+Inf=9",
            ])
        #expect(
            buckets("pve_scrape_target_duration_seconds") == [
                "0.05=3", "0.1=3", "0.25=3", "0.5=3", "0.75=3", "1.0=4", "2.5=4", "5.0=4", "7.5=5", "10.0=6", "25.0=7", "50.0=7", "75.0=7",
                "100.0=8", "+Inf=9",
            ])
        #expect(exposition.family("pve_scrape_api_duration_seconds_count").map(\.value) == [9])
        #expect(
            exposition.family("pve_scrape_api_duration_seconds_bucket").allSatisfy { $0.labels.map(\.name) == ["method", "url", "le"] })
    }

    @Test(
        arguments: [
            ("/nodes/pve1/qemu/100/config", "/nodes/pve1/qemu/{vmid}/config"),
            ("/nodes/pve1/lxc/200/config", "/nodes/pve1/lxc/{vmid}/config"),
            ("/nodes/pve1/qemu", "/nodes/pve1/qemu"), ("/nodes/pve1/lxc", "/nodes/pve1/lxc"), ("/cluster/status", "/cluster/status"),
            // Nodes may have any name.
            ("/nodes/qemu/qemu/100/config", "/nodes/qemu/qemu/{vmid}/config"),
            ("/nodes/lxc/qemu/100/config", "/nodes/lxc/qemu/{vmid}/config"),
            ("/nodes/qemu/replication", "/nodes/qemu/replication"), ("/nodes/lxc/lxc", "/nodes/lxc/lxc"),
            ("/nodes/100/qemu/100/config", "/nodes/100/qemu/{vmid}/config"),
        ])
    func `a guest's number is no series`(path: String, expected: String) {
        let tally = DropInTally(settings(calls: true))
        tally.noteCall("GET", "https://pve1:8006/api2/json" + path, 1, false)
        #expect(tally.counts.calls.keys.map(\.url) == ["https://pve1:8006/api2/json" + expected])
    }

    @Test func `there is an end to series, and what finds no place is counted`() async throws {
        let tally = DropInTally(settings(calls: true, targets: true))
        for number in 0..<6000 {
            tally.noteCall("GET", "https://pve\(number)/api2/json/version", 1, number.isMultiple(of: 2))
            tally.noteScrape(DropInTally.Target(name: "pve\(number)", cluster: true, node: true), module: "default", 1, isFailure: false)
        }
        #expect(tally.counts.calls.count == 2048 && tally.counts.targets.count == 2048 && tally.counts.modules.count == 1)
        #expect(tally.counts.dropped == 2 * (6000 - 2048))
        // A name of the API that is as long as it likes takes no place.
        tally.noteCall("GET", "https://pve0/api2/json/nodes/" + String(repeating: "n", count: 600), 1, true)
        #expect(tally.counts.dropped == 2 * (6000 - 2048) + 1)
        // Those that are there go on counting.
        tally.noteCall("GET", "https://pve0/api2/json/version", 1, true)
        #expect(tally.counts.calls[DropInTally.Call(method: "GET", url: "https://pve0/api2/json/version")]?.errors == 2)
        let few = DropInTally(settings(targets: true))
        #expect(try await expose(DropInMetrics(few)).samples.map(\.series) == ["martlet_pve_dropped_observations_total"])
    }

    @Test func `names of requests stay names`() async throws {
        let tally = DropInTally(settings(targets: true))
        for name in ["a\"b\\c", "x\"} 1\nfake 1\n", "\u{0}", "ü"] {
            tally.noteScrape(DropInTally.Target(name: name, cluster: true, node: true), module: "default", 1, isFailure: true)
        }
        let exposition = try await expose(DropInMetrics(tally))
        #expect(
            Set(exposition.family("pve_scrape_target_errors_total").compactMap { $0.label("target") }) == [
                "a\"b\\c", "x\"} 1\nfake 1\n", "\u{0}", "ü",
            ])
    }

    // MARK: as requests count

    @Test func `requests are counted by what became of them`() async throws {
        try await serving(Lab.answers, settings(calls: true, targets: true)) { api, exporter in
            for query in ["", "target=lab&node=0", "target=\(api.authority)"] { #expect(try await exporter.ask(query).status == 200) }
            api["/version"] = .refusal(500, "no")
            #expect(try await exporter.ask().status == 500)
            // What was turned away is a failure of its module, if there is one, and no request to a target.
            for query in ["module=x", "target=evil", "target=%00"] { _ = try await exporter.ask(query) }
            let exposition = try await expose(exporter.handler.metrics)
            #expect(exposition[#"pve_collection_duration_seconds_count{module="default"}"#] == 3)
            #expect(exposition.lines("pve_request_errors_total") == [#"pve_request_errors_total{module="default"} 3.0"#])
            let count = "pve_scrape_target_duration_seconds_count"
            #expect(exposition[#"\#(count){target="localhost",cluster="1",node="1"}"#] == 2, "what no target means in the other exporter")
            #expect(exposition[#"\#(count){target="lab",cluster="1",node="0"}"#] == 1)
            #expect(exposition[#"\#(count){target="\#(api.authority)",cluster="1",node="1"}"#] == 1)
            #expect(exposition.family(count).count == 3)
            let calls = exposition.family("pve_scrape_api_duration_seconds_count")
            #expect(calls.allSatisfy { $0.label("method") == "GET" && $0.label("url")?.hasPrefix(api.url + "/api2/json/") == true })
            #expect(exposition[#"pve_scrape_api_errors_total{method="GET",url="\#(api.url)/api2/json/version"}"#] == 1)
            #expect(
                exposition[
                    #"pve_scrape_api_duration_seconds_count{method="GET",url="\#(api.url)/api2/json/nodes/pve1/qemu/{vmid}/config"}"#] ?? 0
                    >= 2)
            #expect(!exposition.samples.contains { $0.series.contains("/100/") || $0.series.contains("?") })
        }
    }

    @Test func `without the two settings nothing of calls and targets is counted`() async throws {
        try await serving { _, exporter in
            _ = try await exporter.ask()
            let exposition = try await expose(exporter.handler.metrics)
            #expect(exposition.types.keys.sorted() == ["pve_collection_duration_seconds", "pve_request_errors_total"])
        }
    }
}
