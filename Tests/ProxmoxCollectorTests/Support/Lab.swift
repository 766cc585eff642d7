/// Answers of a cluster, made from rows.
enum Lab {
    static let version = #"{"version":"9.2.11","release":"9.2","repoid":"14a22df3"}"#

    /// Of PVEAuditor on `/`.
    static let rights = #"""
        {"/":{"Sys.Audit":1,"VM.Audit":1,"Datastore.Audit":1,"Pool.Audit":1,"Mapping.Audit":1,"VM.GuestAgent.Audit":1},
        "/vms":{"VM.Audit":1,"VM.GuestAgent.Audit":1},"/nodes":{"Sys.Audit":1},"/storage":{"Datastore.Audit":1},"/pool":{"Pool.Audit":1}}
        """#

    static func rows(_ rows: [String]) -> String { "[" + rows.joined(separator: ",") + "]" }

    // MARK: /cluster/status

    static func cluster(_ name: String = "lab", quorate: Int = 1) -> String {
        #"{"type":"cluster","name":"\#(name)","quorate":\#(quorate),"nodes":2}"#
    }

    static func member(_ name: String, online: Int = 1) -> String { #"{"type":"node","name":"\#(name)","online":\#(online)}"# }

    // MARK: /cluster/resources

    static func node(_ name: String, status: String = "online") -> String {
        #"{"type":"node","node":"\#(name)","status":"\#(status)","cpu":0.25,"maxcpu":16,"mem":1000,"maxmem":4000,"uptime":100}"#
    }

    static func storage(_ node: String, _ name: String = "local", status: String = "available") -> String {
        #"{"type":"storage","node":"\#(node)","storage":"\#(name)","plugintype":"dir","status":"\#(status)","disk":30,"maxdisk":120}"#
    }

    /// A guest's row: cpu 0.5, maxcpu 2, mem 11, maxmem 12, disk 13, maxdisk 14, uptime 15, netin 16.
    static func guest(
        _ vmid: Int, on node: String, _ kind: String = "qemu", name: String? = nil, status: String = "running", template: Int = 0,
        more: String = ""
    ) -> String {
        #"{"type":"\#(kind)","vmid":\#(vmid),"node":"\#(node)","name":"\#(name ?? "guest-\(vmid)")","status":"\#(status)","#
            + #""template":\#(template),"cpu":0.5,"maxcpu":2,"mem":11,"maxmem":12,"disk":13,"maxdisk":14,"uptime":15,"netin":16\#(more)}"#
    }

    /// What is left of a guest whose node fell silent.
    static func remnant(_ vmid: Int, on node: String, _ kind: String = "qemu") -> String {
        #"{"type":"\#(kind)","vmid":\#(vmid),"node":"\#(node)","status":"unknown","id":"\#(kind)/\#(vmid)"}"#
    }

    // MARK: /nodes/N

    static let status = #"{"loadavg":["1.5","2.5","3.5"],"wait":0.01}"#

    /// A row of a list: cpus 4, mem 21, maxmem 22, maxdisk 24, uptime 25, netin 26.
    static func listed(_ vmid: Int, name: String? = nil, status: String = "running", more: String = "") -> String {
        #"{"vmid":\#(vmid),"name":"\#(name ?? "guest-\(vmid)")","status":"\#(status)","cpus":4,"mem":21,"maxmem":22,"maxdisk":24,"#
            + #""uptime":25,"netin":26\#(more)}"#
    }

    // MARK: the whole

    /// The table of a cluster `lab` whose nodes `pve1` and `pve2` are online. Each is handed the guests of its lists.
    static func table(
        status: [String] = [cluster(), member("pve1"), member("pve2")],
        resources: [String] = [node("pve1"), node("pve2"), storage("pve1"), storage("pve2")],
        qemu: [String: [String]] = [:], lxc: [String: [String]] = [:], nodes: [String] = ["pve1", "pve2"]
    ) -> [String: String] {
        var table = [
            "/access/permissions": rights, "/version": version, "/cluster/status": rows(status), "/cluster/resources": rows(resources),
        ]
        for node in nodes {
            table["/nodes/\(node)/status"] = Self.status
            table["/nodes/\(node)/qemu?full=1"] = rows(qemu[node] ?? [])
            table["/nodes/\(node)/lxc"] = rows(lxc[node] ?? [])
        }
        return table
    }
}
