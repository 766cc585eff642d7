import CollectorConformance
import Exporting
import ProxmoxCollector
import Testing

/// Names come from whoever may name a guest. They stay names.
@Suite struct HostileTests {
    private static func json(_ text: String) -> String {
        var literal = "\""
        for unit in text.utf16 {
            let digits = String(unit, radix: 16)
            literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        return literal + "\""
    }

    @Test(arguments: [
        "a\"b\\c", "first\nsecond", "\r\n", "x\"} 1\npve_node_up{node=\"fake\"} 1\n", "ends with \\", "# HELP x", "🦅 hoch", "a\u{301}é",
        "\u{0}\u{7}\u{1B}[31m",
        "\u{202E}\u{2028}", "{{template}}", "../../access", "a?b#c&d", "%2e%2e", " ", "\u{FEFF}", String(repeating: "n", count: 5000),
        "=1,", "'", "\u{FFFF}",
    ])
    func `every name survives as it is`(name: String) async throws {
        let word = Self.json(name)
        let disk = #"{"rd_bytes":1}"#
        let machine = #"{"vmid":100,"status":"running","blockstat":{\#(word):\#(disk)},"nics":{\#(word):{"netin":1}}}"#
        let table = [
            "/version": #"{"version":\#(word),"release":\#(word)}"#,
            "/cluster/status": #"[{"type":"cluster","name":\#(word),"quorate":1},{"type":"node","name":\#(word),"online":1}]"#,
            "/cluster/resources": #"[{"type":"node","node":\#(word),"status":"online","cpu":1},"#
                + #"{"type":"storage","node":\#(word),"storage":\#(word),"plugintype":\#(word),"status":\#(word)},"#
                + #"{"type":"qemu","vmid":100,"node":\#(word),"name":\#(word),"tags":\#(word),"pool":\#(word),"status":\#(word)}]"#,
            "/nodes/\(name)/status": Lab.status, "/nodes/\(name)/qemu?full=1": "[\(machine)]", "/nodes/\(name)/lxc": "[]",
        ]
        try await FakeProxmox.serve(table) { fake in
            // The server cannot be asked for a path with a NUL in it; then the node is missing and its guests are not.
            let isAskable = !name.contains("\u{0}")
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.reasons == (isAskable ? [] : ["\(name)/\(name): failed"]))
            for sample in trial.exposition.samples {
                for label in sample.labels where !["vmid", "repoid", "template", "content", "shared"].contains(label.name) {
                    let isKind = label.name == "type" && !sample.family.hasPrefix("pve_storage_")
                    #expect(label.value == (isKind ? "qemu" : name), "\(sample.family) \(label.name)")
                }
            }
            #expect(trial.exposition.samples.count { $0.family == "pve_node_up" } == 1)
            #expect(trial.exposition.samples.count { $0.family == "pve_guest_info" } == 1)
            #expect(trial.families.contains("pve_vm_block_read_bytes_total") == isAskable)
            for problem in trial.problems { #expect(!problem.message.utf8.contains { $0 < 0x20 }) }
        }
    }

    @Test func `names that are no text are as if they were not there`() async throws {
        for word in ["null", "[]", "{}", "\"\""] {
            let table = Lab.table(
                status: [Lab.cluster(), Lab.member("pve1"), #"{"type":"node","name":\#(word),"online":1}"#],
                resources: [
                    Lab.node("pve1"), #"{"type":"node","node":\#(word),"status":"online"}"#,
                    #"{"type":"qemu","vmid":100,"node":"pve1","name":\#(word),"tags":\#(word),"pool":\#(word),"status":"running"}"#,
                    #"{"type":"qemu","vmid":101,"node":\#(word)}"#, #"{"type":"storage","node":"pve1","storage":\#(word)}"#,
                ])
            try await FakeProxmox.serve(table) { fake in
                let trial = try await scrape(ProxmoxCollector(try fake.settings()))
                #expect(trial.info(100) == [["node": "pve1", "name": "", "type": "qemu", "template": "0", "tags": "", "pool": ""]])
                #expect(trial.info(101) == [] && !trial.families.contains("pve_storage_active"))
                #expect(trial.exposition.samples.count { $0.family == "pve_node_up" } == 1)
            }
        }
    }
}
