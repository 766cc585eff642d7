import CollectorConformance
import JSON
import Primitives
import Testing

@testable import ProxmoxDropIn

/// What a real API said, and what `/pve` makes of it.
@Suite struct RecordingTests {
    private static let folder =
        #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/EndToEnd/recordings/pve-9.2-cluster/"

    /// The recorded answers by path, as the node pve1 gave them; those with status 200.
    private static func answers() throws -> [String: FakeAPI.Answer] {
        var answers: [String: FakeAPI.Answer] = [:]
        let manifest = try JSONDocument(parsing: try Files.read(folder + "manifest.json"))
        try manifest.withRoot { root in
            try root.forEachElement { entry in
                guard entry["status"]?.integer == 200, let path = entry["path"]?.text, let file = entry["file"]?.text else { return }
                answers[String(path.dropFirst("/api2/json".count))] = .body(try Files.read(folder + file))
            }
        }
        return answers
    }

    private func expose(_ change: (inout [String: FakeAPI.Answer]) -> Void = { _ in }) async throws -> ExpositionText {
        var table = try Self.answers()
        change(&table)
        var found: ExpositionText?
        try await serving(table) { api, exporter in
            let answer = try await exporter.ask()
            #expect(answer.status == 200, "\(answer.text)")
            let calls = api.takeCalls()
            #expect(Set(calls).count == calls.count, "each endpoint once")
            found = answer.exposition
        }
        let exposition = try #require(found)
        #expect(exposition.faults == [])
        return exposition
    }

    @Test func `status`() async throws {
        let exposition = try await expose()
        #expect(
            exposition.lines("pve_up") == [
                #"pve_up{id="cluster/lab"} 1.0"#, #"pve_up{id="lxc/200"} 1.0"#, #"pve_up{id="lxc/210"} 0.0"#,
                #"pve_up{id="node/pve1"} 1.0"#,
                #"pve_up{id="node/pve2"} 1.0"#, #"pve_up{id="node/pve3"} 0.0"#, #"pve_up{id="qemu/100"} 1.0"#,
                #"pve_up{id="qemu/101"} 0.0"#,
                #"pve_up{id="qemu/102"} 0.0"#, #"pve_up{id="qemu/103"} 0.0"#, #"pve_up{id="qemu/110"} 1.0"#, #"pve_up{id="qemu/120"} 0.0"#,
            ] + exposition.lines("pve_up").filter { $0.contains("storage/") })
        #expect(exposition.family("pve_up").count { $0.label("id")?.hasPrefix("storage/") == true } > 3)
        #expect(
            exposition.lines("pve_node_info") == [
                #"pve_node_info{id="node/pve1",level="",name="pve1",nodeid="1"} 1.0"#,
                #"pve_node_info{id="node/pve2",level="",name="pve2",nodeid="2"} 1.0"#,
                #"pve_node_info{id="node/pve3",level="",name="pve3",nodeid="3"} 1.0"#,
            ])
        #expect(exposition.lines("pve_cluster_info") == [#"pve_cluster_info{id="cluster/lab",nodes="3",quorate="1",version="3"} 1.0"#])
        #expect(
            exposition.lines("pve_version_info") == [#"pve_version_info{release="9.2",repoid="14a22df35955d97d",version="9.2.11"} 1.0"#])
    }

    @Test func `guests, as their row has it and no more`() async throws {
        let exposition = try await expose()
        #expect(
            exposition.lines("pve_guest_info") == [
                #"pve_guest_info{id="lxc/200",node="pve1",name="ct-200",type="lxc",template="0",tags="ct"} 1.0"#,
                #"pve_guest_info{id="lxc/210",node="pve2",name="ct-210",type="lxc",template="0",tags=""} 1.0"#,
                #"pve_guest_info{id="qemu/100",node="pve1",name="web-100",type="qemu",template="0",tags="prod;web"} 1.0"#,
                #"pve_guest_info{id="qemu/101",node="pve1",name="db-101",type="qemu",template="0",tags=""} 1.0"#,
                #"pve_guest_info{id="qemu/102",node="pve1",name="tmpl-debian12",type="qemu",template="1",tags=""} 1.0"#,
                #"pve_guest_info{id="qemu/103",node="pve1",name="paused-103",type="qemu",template="0",tags=""} 1.0"#,
                #"pve_guest_info{id="qemu/110",node="pve2",name="app-110",type="qemu",template="0",tags="prod"} 1.0"#,
                #"pve_guest_info{id="qemu/120",node="pve3",name="",type="qemu",template="",tags=""} 1.0"#,
            ])
        #expect(
            exposition[#"pve_memory_usage_bytes{id="qemu/100"}"#] == 8_101_888
                && exposition[#"pve_memory_size_bytes{id="qemu/100"}"#] == 134_217_728)
        #expect(
            exposition[#"pve_cpu_usage_ratio{id="qemu/100"}"#] == 0.0203041267381385
                && exposition[#"pve_cpu_usage_limit{id="qemu/100"}"#] == 2)
        #expect(
            exposition[#"pve_network_receive_bytes_total{id="qemu/100"}"#] == 90
                && exposition[#"pve_network_receive_bytes{id="qemu/100"}"#] == 90)
        #expect(
            exposition[#"pve_network_transmit_bytes_total{id="qemu/100"}"#] == 0
                && exposition[#"pve_disk_read_bytes_total{id="qemu/100"}"#] == 512)
        #expect(
            exposition[#"pve_disk_written_bytes_total{id="qemu/100"}"#] == 0
                && exposition[#"pve_disk_size_bytes{id="qemu/100"}"#] == 4_294_967_296)
        #expect(exposition[#"pve_uptime_seconds{id="qemu/100"}"#] == 165)
        // Absent is not zero.
        for family in exposition.types.keys where !["pve_up", "pve_guest_info", "pve_ha_state", "pve_lock_state"].contains(family) {
            #expect(!exposition.family(family).contains { $0.label("id") == "qemu/120" } || family == "pve_not_backed_up_info", "\(family)")
        }
        // Pools have rows too.
        #expect(exposition[#"pve_memory_usage_bytes{id="/pool/prod"}"#] == 15_945_728)
    }

    @Test func `states`() async throws {
        let exposition = try await expose()
        func held(_ family: String) -> [String] {
            exposition.family(family).filter { $0.value == 1 }.map { "\($0.label("id") ?? "") \($0.label("state") ?? "")" }.sorted()
        }
        #expect(held("pve_lock_state") == ["qemu/101 backup"])
        // `ignored` is none of the states that the series are for.
        #expect(held("pve_ha_state").filter { !$0.hasPrefix("node/") } == ["lxc/210 error", "qemu/100 started", "qemu/110 started"])
        #expect(exposition.family("pve_ha_state").count { $0.label("id") == "qemu/120" } == 11)
        #expect(exposition.family("pve_lock_state").count { $0.label("id") == "qemu/120" } == 9)
        #expect(exposition.family("pve_ha_state").count { $0.label("id") == "node/pve1" } == 5)
    }

    @Test func `start at boot, for guests of the node that say so`() async throws {
        #expect(
            try await expose().lines("pve_onboot_status") == [
                #"pve_onboot_status{id="lxc/200",node="pve1",type="lxc"} 1.0"#,
                #"pve_onboot_status{id="qemu/100",node="pve1",type="qemu"} 1.0"#,
            ])
    }

    @Test func `replication`() async throws {
        let exposition = try await expose()
        #expect(
            exposition.lines("pve_replication_info") == [
                #"pve_replication_info{id="100-0",type="local",source="node/pve1",target="node/pve2",guest="qemu/100"} 1.0"#,
                #"pve_replication_info{id="101-0",type="local",source="node/pve1",target="node/pve2",guest="qemu/101"} 1.0"#,
            ])
        // A job that never ran has no duration, and its times are the API's 0.
        #expect(exposition.lines("pve_replication_duration_seconds") == [#"pve_replication_duration_seconds{id="100-0"} 0.008804"#])
        #expect(exposition[#"pve_replication_last_sync_timestamp_seconds{id="100-0"}"#] == 1_795_170_000)
        #expect(exposition[#"pve_replication_last_sync_timestamp_seconds{id="101-0"}"#] == 0)
        #expect(exposition[#"pve_replication_last_try_timestamp_seconds{id="100-0"}"#] == 1_795_173_360)
        #expect(exposition[#"pve_replication_next_sync_timestamp_seconds{id="100-0"}"#] == 1_795_175_160)
        #expect(exposition[#"pve_replication_next_sync_timestamp_seconds{id="101-0"}"#] == 1800)
        #expect(
            exposition[#"pve_replication_failed_syncs{id="100-0"}"#] == 4 && exposition[#"pve_replication_failed_syncs{id="101-0"}"#] == 0)
    }

    /// The list says of each job what the job's own status says, so that one call does for all.
    @Test(arguments: ["nodes-pve1-replication-100-0-status.json", "more-nodes-pve1-replication-101-0-status.json"])
    func `a job's own status is its row in the list`(file: String) throws {
        func fields(_ row: JSONValue) -> [String: String] {
            var fields: [String: String] = [:]
            row.forEachMember { fields[$0.text] = $1.labelText }
            return fields
        }
        let one = try JSONDocument(parsing: try Files.read(Self.folder + file)).withRoot { $0["data"].map(fields) }
        var rows: [[String: String]] = []
        try JSONDocument(parsing: try Files.read(Self.folder + "nodes-pve1-replication.json")).withRoot { root in
            root["data"]?.forEachElement { rows.append(fields($0)) }
        }
        #expect(rows.contains(try #require(one)))
    }

    @Test func `subscription`() async throws {
        let exposition = try await expose()
        #expect(exposition.lines("pve_subscription_info") == [#"pve_subscription_info{id="node/pve1",level="unknown"} 1.0"#])
        #expect(
            exposition.lines("pve_subscription_status")
                == ["active", "expired", "invalid", "new", "notfound", "suspended"].map {
                    #"pve_subscription_status{id="node/pve1",status="\#($0)"} \#($0 == "notfound" ? "1.0" : "0.0")"#
                })
        #expect(exposition.types["pve_subscription_next_due_timestamp_seconds"] == nil)
        let paid = try await expose {
            $0["/nodes/pve1/subscription"] = .data(
                #"{"status":"active","level":"c","nextduedate":"2026-11-05","regdate":"2025-11-05 10:11:12"}"#)
        }
        #expect(paid.lines("pve_subscription_info") == [#"pve_subscription_info{id="node/pve1",level="c"} 1.0"#])
        let due = try #require(paid[#"pve_subscription_next_due_timestamp_seconds{id="node/pve1"}"#])
        // Midnight of that day somewhere on Earth.
        #expect(abs(due - 1_793_836_800) <= 14 * 3600)
    }

    @Test func `backups and quorum device`() async throws {
        let exposition = try await expose()
        #expect(exposition.lines("pve_not_backed_up_total") == [#"pve_not_backed_up_total{id="cluster/lab"} 6.0"#])
        #expect(
            exposition.lines("pve_not_backed_up_info")
                == ["lxc/200", "lxc/210", "qemu/101", "qemu/102", "qemu/103", "qemu/120"].map {
                    "pve_not_backed_up_info{id=\"\($0)\"} 1.0"
                })
        // The cluster that was recorded has none.
        #expect(exposition.types["pve_qdevice_up"] == nil && exposition.types["pve_qdevice_info"] == nil)
        let device =
            #"{"Model":"Net","Algorithm":"Fifty-Fifty split","QNetd host":"198.51.100.9:5403","Tie-breaker":"Node with lowest node ID","State":"\#("STATE")"}"#
        for (state, value) in [("Connected", 1.0), ("connected", 0), ("Disconnected", 0)] {
            let with = try await expose { $0["/cluster/config/qdevice"] = .data(device.replacing("STATE", with: state)) }
            #expect(with.lines("pve_qdevice_up") == [#"pve_qdevice_up{id="cluster/lab"} \#(value)"#])
            #expect(
                with.lines("pve_qdevice_info") == [
                    #"pve_qdevice_info{id="cluster/lab",model="Net",algorithm="Fifty-Fifty split",qnetd_host="198.51.100.9:5403","#
                        + #"tie_breaker="Node with lowest node ID",state="\#(state)"} 1.0"#
                ])
        }
    }

    @Test func `kinds of content stand in one order`() async throws {
        let one = try await expose {
            $0["/cluster/resources"] = .data(
                #"[{"id":"storage/pve1/nas","type":"storage","node":"pve1","storage":"nas","content":"iso,backup,images"}]"#)
        }
        #expect(
            one.lines("pve_storage_info") == [
                #"pve_storage_info{id="storage/pve1/nas",node="pve1",storage="nas",plugintype="",content="backup,images,iso"} 1.0"#
            ])
        #expect(
            try await expose().family("pve_storage_info").allSatisfy { sample in
                let kinds = (sample.label("content") ?? "").split(separator: ",", omittingEmptySubsequences: false)
                return kinds == kinds.sorted()
            })
    }

    @Test func `a node without a cluster`() async throws {
        var calls: [String] = []
        var exposition = ExpositionText("")
        var table = Lab.answers
        table["/cluster/status"] = .data("[\(Lab.node)]")
        try await serving(table) { api, exporter in
            exposition = try await exporter.ask().exposition
            calls = api.takeCalls()
        }
        #expect(exposition.faults == [] && exposition.types["pve_cluster_info"] == nil)
        #expect(exposition.lines("pve_not_backed_up_total") == [#"pve_not_backed_up_total{id="cluster/pve1"} 1.0"#])
        // There is no cluster that could have a quorum device.
        #expect(calls == Lab.all.filter { $0 != "/cluster/config/qdevice" })
    }
}
