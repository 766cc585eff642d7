/// Answers of a cluster with one node and nothing on it, and pieces to change them.
enum Lab {
    static let cluster = #"{"type":"cluster","name":"lab","id":"cluster","nodes":1,"quorate":1,"version":3}"#
    static let node = #"{"type":"node","id":"node/pve1","name":"pve1","nodeid":1,"online":1,"local":1,"level":"","ip":"192.0.2.1"}"#

    static let answers: [String: FakeAPI.Answer] = [
        "/version": .data(#"{"version":"9.2.11","release":"9.2","repoid":"14a22df3"}"#),
        "/cluster/status": .data("[\(cluster),\(node)]"),
        "/cluster/resources": .data(
            #"[{"id":"node/pve1","type":"node","node":"pve1","status":"online","cpu":0.25,"maxcpu":8},"#
                + #"{"id":"qemu/100","type":"qemu","vmid":100,"node":"pve1","status":"running","name":"web","mem":5}]"#),
        "/cluster/backup-info/not-backed-up": .data(#"[{"type":"qemu","vmid":100,"name":"web"}]"#),
        "/cluster/config/qdevice": .data(#"{"State":"Connected","Model":"Net"}"#),
        "/nodes/pve1/qemu": .data(#"[{"vmid":100}]"#), "/nodes/pve1/lxc": .data(#"[{"vmid":"200"}]"#),
        "/nodes/pve1/qemu/100/config": .data(#"{"onboot":1}"#), "/nodes/pve1/lxc/200/config": .data("{}"),
        "/nodes/pve1/replication": .data("[]"), "/nodes/pve1/subscription": .data(#"{"status":"notfound"}"#),
    ]

    static let ofCluster = [
        "/cluster/backup-info/not-backed-up", "/cluster/config/qdevice", "/cluster/resources", "/cluster/status", "/version",
    ]
    static let ofNode = [
        "/cluster/status", "/nodes/pve1/lxc", "/nodes/pve1/lxc/200/config", "/nodes/pve1/qemu", "/nodes/pve1/qemu/100/config",
        "/nodes/pve1/replication", "/nodes/pve1/subscription",
    ]
    static let all = Set(ofCluster + ofNode).sorted()

    /// A JSON string literal of any text.
    static func json(_ text: String) -> String {
        var literal = "\""
        for unit in text.utf16 {
            let digits = String(unit, radix: 16)
            literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        return literal + "\""
    }
}
