import CollectorConformance
import Primitives
import Testing

@testable import ProxmoxDropIn

/// Answers that no honest API gives. They must not trap, grow without bound, or make a text that Prometheus refuses.
@Suite struct HostileTests {
    /// What `/pve` makes of the lab with some answers in place of its own.
    private func ask(_ answers: [String: String], _ query: String = "") async throws -> Exporter.Answer {
        var found: Exporter.Answer?
        let table = Lab.answers.merging(answers.mapValues { FakeAPI.Answer.data($0) }) { $1 }
        try await serving(table) { _, exporter in found = try await exporter.ask(query) }
        return try #require(found)
    }

    @Test(arguments: [
        "1e308", "-1e308", "1e-400", "18446744073709551615", "-9223372036854775808", "99999999999999999999999999", "0.1", "-0", "1E5",
        "\"1e308\"",
        "\"0x10\"", "\"nan\"", "\"inf\"", "\"\"", "\" 1\"", "\"1\"", "null", "true", "false", "[]", "{}", "[1]", #"{"a":1}"#, "\"x\"",
        "[[[[[[]]]]]]",
    ])
    func `any value in any place`(value: String) async throws {
        let fields = [
            "id", "type", "status", "hastate", "lock", "node", "name", "template", "tags", "storage", "plugintype", "content", "maxdisk",
            "disk", "maxmem",
            "mem", "netout", "netin", "diskwrite", "diskread", "cpu", "maxcpu", "uptime", "shared", "vmid",
        ]
        var rows = fields.map { field in "{\"id\":\"qemu/\(field)\",\"type\":\"qemu\",\"\(field)\":\(value)}" }
        rows += fields.map { field in "{\"id\":\"storage/\(field)\",\"type\":\"storage\",\"\(field)\":\(value)}" }
        rows += [value, "{\"id\":\(value),\"type\":\(value)}", "{}"]
        let answer = try await ask([
            "/cluster/resources": "[\(rows.joined(separator: ","))]",
            "/cluster/status":
                "[{\"type\":\"cluster\",\"name\":\(value),\"quorate\":\(value),\"nodes\":\(value),\"id\":\(value)},\(Lab.node),"
                + "{\"type\":\"node\",\"name\":\(value),\"online\":\(value),\"id\":\(value),\"nodeid\":\(value),\"level\":\(value),\"local\":0}]",
            "/version": "{\"version\":\(value),\"release\":\(value),\"repoid\":\(value)}",
            "/cluster/backup-info/not-backed-up": "[\(value),{\"type\":\(value),\"vmid\":\(value)}]",
            "/cluster/config/qdevice": "{\"State\":\(value),\"Model\":\(value),\"x\":\(value)}",
            "/nodes/pve1/qemu": "[\(value),{\"vmid\":100,\"name\":\(value)}]", "/nodes/pve1/lxc": "[\(value)]",
            "/nodes/pve1/qemu/100/config": "{\"onboot\":\(value)}",
            "/nodes/pve1/replication":
                "[\(value),{\"id\":\(value),\"guest\":\(value),\"duration\":\(value),\"last_sync\":\(value),\"fail_count\":\(value)}]",
            "/nodes/pve1/subscription": "{\"status\":\(value),\"level\":\(value),\"nextduedate\":\(value)}",
        ])
        #expect(answer.status == 200, "\(answer.text)")
        let exposition = answer.exposition
        #expect(exposition.faults == [])
        #expect(exposition.samples.allSatisfy { $0.value.isFinite })
        #expect(exposition.family("pve_not_backed_up_total").map(\.value) == [2])
    }

    @Test(arguments: [
        "a\"b\\c", "first\nsecond", "\r\n", "x\"} 1\npve_up{id=\"fake\"} 1\n", "ends with \\", "# HELP x", "🦅 hoch", "a\u{301}é",
        "\u{0}\u{7}\u{1B}[31m",
        "\u{202E}\u{2028}", "../../access", "a?b#c&d", "%2e%2e", " ", "\u{FEFF}", "=1,", "'", "\u{FFFF}", "", "True", "None",
    ])
    func `every name survives as it is`(name: String) async throws {
        let word = Lab.json(name)
        let answer = try await ask(
            [
                "/cluster/resources":
                    "[{\"id\":\(Lab.json("qemu/" + name)),\"type\":\"qemu\",\"status\":\"running\",\"node\":\(word),\"name\":\(word),\"tags\":\(word),\"template\":\(word)},"
                    + "{\"id\":\(Lab.json("storage/" + name)),\"type\":\"storage\",\"status\":\"x\",\"node\":\(word),\"storage\":\(word),\"plugintype\":\(word)}]",
                "/cluster/status":
                    "[{\"type\":\"cluster\",\"name\":\(word),\"quorate\":1,\"extra\":\(word)},{\"type\":\"node\",\"id\":\(Lab.json("node/" + name)),"
                    + "\"name\":\(word),\"level\":\(word),\"nodeid\":1,\"online\":1}]",
                "/version": "{\"version\":\(word)}", "/cluster/config/qdevice": "{\"State\":\(word),\"Model\":\(word)}",
            ], "node=0")
        #expect(answer.status == 200)
        let exposition = answer.exposition
        #expect(exposition.faults == [])
        for family in ["pve_guest_info", "pve_storage_info", "pve_node_info", "pve_cluster_info", "pve_version_info", "pve_qdevice_info"] {
            let sample = try #require(exposition.family(family).first, "\(family)")
            for label in ["node", "name", "tags", "template", "storage", "plugintype", "level", "extra", "version", "model", "state"] {
                if let value = sample.label(label) { #expect(value == name, "\(family) \(label)") }
            }
        }
        #expect(exposition.family("pve_cluster_info").first?.label("id") == "cluster/\(name)")
        #expect(
            exposition.family("pve_up").compactMap { $0.label("id") }.sorted()
                == ["cluster/", "node/", "qemu/", "storage/"].map { $0 + name })
    }

    // MARK: label names that the API chooses

    @Test func `a cluster's row cannot have more labels than anybody reads, nor names that are none`() async throws {
        let bad = [
            "", "1a", "a-b", "a.b", "a b", "a\"b", "a=\"x\",b", "ü", "__name__", "__x", "a\nb", "a{", "id", "type", "name",
            String(repeating: "n", count: 65),
        ]
        let good = ["quorate", "nodes", "version", "_x", "A", "a1", String(repeating: "n", count: 64)]
        let fields = (bad + good).map { "\(Lab.json($0)):\($0 == "type" ? "\"cluster\"" : $0 == "name" ? "\"lab\"" : "\"v\"")" }
        let row = "{\(fields.joined(separator: ","))}"
        let exposition = try await ask(["/cluster/status": "[\(row),\(Lab.node)]"]).exposition
        #expect(exposition.faults == [])
        let info = try #require(exposition.family("pve_cluster_info").first)
        #expect(info.label("id") == "cluster/lab" && info.labels.allSatisfy { $0.name.utf8.count <= 64 && !$0.name.hasPrefix("__") })
        for name in good { #expect(info.label(name) == "v", "\(name)") }

        let many = (0..<10_000).map { "\"label\($0)\":\"v\"" }.joined(separator: ",")
        let answer = try await ask(["/cluster/status": "[{\"type\":\"cluster\",\"name\":\"lab\",\(many)},\(Lab.node)]"])
        #expect(answer.status == 200 && answer.exposition.faults == [])
        #expect(try #require(answer.exposition.family("pve_cluster_info").first).labels.count <= 64)
    }

    @Test func `a field that stands twice is one label`() async throws {
        let exposition = try await ask([
            "/cluster/status": "[{\"type\":\"cluster\",\"name\":\"lab\",\"nodes\":1,\"nodes\":2,\"quorate\":1,\"nodes\":3},\(Lab.node)]"
        ]).exposition
        #expect(exposition.faults == [])
        #expect(exposition.lines("pve_cluster_info") == ["pve_cluster_info{id=\"cluster/lab\",nodes=\"1\",quorate=\"1\"} 1.0"])
    }

    @Test func `the order of a row's fields does not matter`() async throws {
        let one = try await ask(["/cluster/status": #"[{"type":"cluster","name":"lab","b":1,"a":2,"id":"cluster"},\#(Lab.node)]"#])
            .exposition
        let other = try await ask(["/cluster/status": #"[{"id":"cluster","a":2,"name":"lab","b":1,"type":"cluster"},\#(Lab.node)]"#])
            .exposition
        #expect(one.lines("pve_cluster_info") == other.lines("pve_cluster_info"))
        #expect(one.lines("pve_cluster_info") == ["pve_cluster_info{id=\"cluster/lab\",a=\"2\",b=\"1\"} 1.0"])
    }

    // MARK: rows that stand twice

    @Test func `what stands twice is written once`() async throws {
        let row = #"{"id":"qemu/100","type":"qemu","node":"pve1","status":"running","mem":5,"name":"web"}"#
        let job = #"{"id":"100-0","type":"local","source":"pve1","target":"pve2","vmtype":"qemu","guest":100,"last_sync":1}"#
        let exposition = try await ask([
            "/cluster/resources": "[\(row),\(row),\(row.replacing("\"mem\":5", with: "\"mem\":6"))]",
            "/cluster/status": "[\(Lab.cluster),\(Lab.node),\(Lab.node),\(Lab.cluster)]",
            "/cluster/backup-info/not-backed-up": #"[{"type":"qemu","vmid":100},{"type":"qemu","vmid":100}]"#,
            "/nodes/pve1/qemu": #"[{"vmid":100},{"vmid":100},{"vmid":"100"}]"#,
            "/nodes/pve1/replication": "[\(job),\(job.replacing("\"last_sync\":1", with: "\"last_sync\":2"))]",
        ]).exposition
        #expect(exposition.faults == [])
        #expect(exposition["pve_memory_usage_bytes{id=\"qemu/100\"}"] == 5, "the first holds")
        #expect(exposition.family("pve_guest_info").count == 1 && exposition.family("pve_not_backed_up_info").count == 1)
        #expect(exposition.family("pve_onboot_status").count == 1 && exposition.family("pve_replication_info").count == 1)
        #expect(exposition["pve_replication_last_sync_timestamp_seconds{id=\"100-0\"}"] == 1)
        #expect(exposition["pve_not_backed_up_total{id=\"cluster/lab\"}"] == 2)
    }

    // MARK: paths

    @Test(arguments: [
        #""../../access/ticket""#, #""100/config/../../101""#, #""100?x=1""#, #""100#""#, "-1", "1.5", "null", "[]", #""""#, "1e300",
        #""1e2""#, "true", #""0x64""#,
        #"" 100""#, #""100 ""#,
    ])
    func `a vmid is a number, and the path says nothing else`(vmid: String) async throws {
        try await serving { api, exporter in
            api["/nodes/pve1/qemu"] = .data("[{\"vmid\":\(vmid)}]")
            _ = try await exporter.ask()
            for call in api.takeCalls() {
                let isKnown = Lab.all.contains(call)
                let parts = call.split(separator: "/")
                let isConfiguration =
                    parts.count == 5 && call.hasPrefix("/nodes/pve1/qemu/") && call.hasSuffix("/config") && Int(parts[3]) != nil
                #expect(isKnown || isConfiguration, "\(call)")
            }
        }
    }

    @Test(arguments: ["../../access", "..", ".", "a/b", "a?b=c", "a#b", "%2e%2e", "a b", "ü", "pve1/../pve2"])
    func `a node's name stays one part of the path`(name: String) async throws {
        try await serving { api, exporter in
            api["/cluster/status"] = .data("[\(Lab.cluster),{\"type\":\"node\",\"name\":\(Lab.json(name)),\"local\":1,\"online\":1}]")
            let status = try await exporter.ask().status
            #expect(status == 500)
            for call in api.takeCalls() where call.hasPrefix("/nodes/") { #expect(call.hasPrefix("/nodes/\(name)/"), "\(call)") }
        }
    }

    @Test func `more guests than a node can carry are not asked for`() async throws {
        try await serving { api, exporter in
            api["/nodes/pve1/qemu"] = .data("[" + (1...5000).map { "{\"vmid\":\($0)}" }.joined(separator: ",") + "]")
            let answer = try await exporter.ask("cluster=0")
            #expect(
                answer.status == 500
                    && answer.text == "\(api.authority): GET /nodes/pve1/qemu: JSON without the data that this path promises\n")
            #expect(api.takeCalls().count { $0.hasSuffix("/config") } <= 1)
        }
    }

    // MARK: size

    /// Sixteen mebibytes of answer must not become gigabytes here.
    @Test func `more rows than any cluster has are not believed`() async throws {
        try await serving { api, exporter in
            for row in ["0", #"{"id":"qemu/1","type":"qemu"}"#] {
                let count = (15 << 20) / (row.utf8.count + 1)
                api["/cluster/resources"] = .body(
                    Array(("{\"data\":[" + [String](repeating: row, count: count).joined(separator: ",") + "]}").utf8))
                let answer = try await exporter.ask("node=0")
                #expect(answer.status == 500, "\(row)")
                #expect(answer.text == "\(api.authority): GET /cluster/resources: JSON without the data that this path promises\n")
            }
        }
    }

    @Test func `a large cluster is believed`() async throws {
        let rows = (0..<4000).map {
            #"{"id":"qemu/\#($0)","type":"qemu","node":"pve1","name":"g\#($0)","status":"running","mem":\#($0)}"#
        }
        let exposition = try await ask(["/cluster/resources": "[\(rows.joined(separator: ","))]"], "node=0").exposition
        #expect(exposition.faults == [] && exposition.family("pve_guest_info").count == 4000)
        #expect(exposition["pve_memory_usage_bytes{id=\"qemu/3999\"}"] == 3999)
    }

    @Test func `one long name does not stand in the answer a hundred times`() async throws {
        let long = String(repeating: "x", count: 4 << 20)
        let answer = try await ask(
            [
                "/cluster/resources": #"[{"id":"\#(long)","type":"qemu","name":"\#(long)","tags":"\#(long)"}]"#,
                "/cluster/status":
                    #"[{"type":"cluster","name":"\#(long)","quorate":1},{"type":"node","name":"pve1","id":"\#(long)","local":1,"online":1}]"#,
                "/cluster/backup-info/not-backed-up": #"[{"type":"\#(long)","vmid":1}]"#,
            ])
        #expect(answer.status == 200 && answer.exposition.faults == [])
        #expect(answer.text.utf8.count < 2 << 20)
    }
}
