@testable import Discovery
import Testing

@Suite struct TargetQueryTests {
    private static func query(_ text: String) throws -> TargetQuery {
        try TargetQuery(
            text.split(separator: "&").map { part in
                let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(halves[0]), halves.count > 1 ? String(halves[1]) : "")
            })
    }

    private static func taken(_ text: String) throws -> [String] {
        var book = try book([
            Row(vmid: 100, name: "web", tags: "prod;web", pool: "shop"), Row(vmid: 101, node: "pve2", name: "db", tags: "prod"),
            Row(vmid: 102, type: "lxc", name: "dns"), Row(vmid: 103, name: "off", status: "stopped"),
            Row(vmid: 104, name: "asleep", status: "paused"),
        ])
        for job in book.takeDue(now: 0).values.flatMap({ $0 }) {
            book.finish(job, .good(job, systemType: job.vmid == 101 ? "win11" : job.vmid == 104 ? "other" : "l26"), now: 0, spread: 1)
        }
        let query = try query(text)
        return TargetEntry.all(of: book, cluster: "lab", DiscoverySettings(clusters: [])).filter(query.takes).map { entry in
            let labels = String(decoding: entry.labels, as: UTF8.self)
            let name = labels.split(separator: "\"__meta_proxmox_name\":\"").last ?? ""
            return String(name.prefix { $0 != "\"" })
        }
    }

    @Test(arguments: [
        ("", ["web", "db", "dns", "asleep"]), ("type=qemu", ["web", "db", "asleep"]), ("type=lxc", ["dns"]),
        ("type=node", ["pve1", "pve2"]),
        ("type=*", ["web", "db", "dns", "asleep", "pve1", "pve2"]), ("type=qemu&type=lxc", ["web", "db", "dns", "asleep"]),
        ("exclude_type=lxc", ["web", "db", "asleep"]), ("node=pve2", ["db"]), ("type=node&node=pve2", ["pve2"]),
        ("tag=prod", ["web", "db"]),
        ("tag=w*", ["web"]), ("exclude_tag=prod", ["dns", "asleep"]), ("tag=prod&exclude_tag=web", ["db"]), ("pool=shop", ["web"]),
        ("exclude_pool=shop", ["db", "dns", "asleep"]), ("os=windows", ["db"]), ("os=linux", ["web", "dns"]), ("os=other", ["asleep"]),
        ("state=stopped", ["off"]), ("state=*", ["web", "db", "dns", "off", "asleep"]), ("exclude_state=paused", ["web", "db", "dns"]),
        ("state=running&state=stopped", ["web", "db", "dns", "off"]), ("cluster=lab", ["web", "db", "dns", "asleep"]),
        ("cluster=other", []),
        ("node=nobody", []), ("port=9999", ["web", "db", "dns", "asleep"]),
    ])
    func `what a query takes`(query: String, names: [String]) throws { #expect(try Self.taken(query) == names) }

    @Test(arguments: [
        ("typ=node", "there is no parameter \"typ\""), ("type=vm", "type: expected one of qemu, lxc, node, not \"vm\""),
        ("os=beos", "os: expected one of windows, linux, other, not \"beos\""), ("port=0", "port: expected one number"),
        ("port=http", "port: expected one number"), ("port=1&port=2", "port: expected one number"),
        ("port=65536", "port: expected one number"),
        ("exclude_port=1", "there is no parameter \"exclude_port\""), ("tag=", "tag is empty"),
    ])
    func `what is no query`(query: String, words: String) throws {
        do {
            _ = try Self.query(query)
            Issue.record("taken")
        } catch {
            #expect("\(error)".hasPrefix(words), "\(error)")
        }
    }

    @Test func `nobody is made to compare for ever`() throws {
        #expect((try? TargetQuery((0..<33).map { ("tag", "\($0)") })) == nil)
        #expect((try? TargetQuery([("tag", String(repeating: "*a", count: 200))])) == nil)
    }
}
