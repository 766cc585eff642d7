@testable import Discovery
import JSON
@testable import ProxmoxAPI

/// A guest's row in the list of a cluster's resources.
struct Row {
    var vmid = 100
    var type = "qemu"
    var node = "pve1"
    var name: String? = "web"
    var status = "running"
    var tags = ""
    var pool: String?
    var uptime = 1000
    var isTemplate = false

    var json: String {
        var members = [
            "\"type\":\"\(type)\"", "\"vmid\":\(vmid)", "\"node\":\"\(node)\"", "\"status\":\"\(status)\"", "\"uptime\":\(uptime)",
        ]
        if let name { members.append("\"name\":\"\(name)\"") }
        if !tags.isEmpty { members.append("\"tags\":\"\(tags)\"") }
        if let pool { members.append("\"pool\":\"\(pool)\"") }
        if isTemplate { members.append("\"template\":1") }
        if status != "unknown" { members += ["\"maxcpu\":4", "\"maxmem\":8589934592"] }
        return "{" + members.joined(separator: ",") + "}"
    }
}

func resources(_ rows: [Row], nodes: [String] = ["pve1", "pve2"], storages: Bool = true) throws -> ClusterResources {
    let lines =
        nodes.map { "{\"type\":\"node\",\"node\":\"\($0)\",\"status\":\"online\"}" } + rows.map(\.json)
        + (storages ? ["{\"type\":\"storage\",\"node\":\"pve1\",\"storage\":\"local-zfs\",\"plugintype\":\"zfspool\"}"] : [])
    let document = try JSONDocument(parsing: Array(("[" + lines.joined(separator: ",") + "]").utf8))
    guard let made = document.withRoot({ ClusterResources($0) }) else { throw NotReadable() }
    return made
}

/// - Parameter hidden: nodes whose address is not told.
func status(online: [String] = ["pve1", "pve2"], offline: [String] = [], hidden: [String] = []) throws -> ClusterStatus {
    let lines = (online + offline).enumerated().map { index, name in
        "{\"type\":\"node\",\"name\":\"\(name)\",\"online\":\(online.contains(name) ? 1 : 0)"
            + (hidden.contains(name) ? "}" : ",\"ip\":\"192.0.2.\(index + 1)\"}")
    }
    let text = "[{\"type\":\"cluster\",\"name\":\"lab\",\"quorate\":1},\(lines.joined(separator: ","))]"
    guard let made = try JSONDocument(parsing: Array(text.utf8)).withRoot({ ClusterStatus($0) }) else { throw NotReadable() }
    return made
}

struct NotReadable: Error {}

/// The book of a cluster whose guests were all read once.
func book(_ rows: [Row], at now: Double = 0) throws -> ClusterBook {
    var book = ClusterBook(pace: .init(cacheSeconds: 60, addressSeconds: 600, configurationSeconds: 3600))
    book.take(try resources(rows), try status(), filter: .none, now: now)
    return book
}

extension ClusterBook {
    /// Answers everything that is due with one address for each guest: 192.0.2.VMID on its own card.
    mutating func answer(at now: Double) {
        for job in takeDue(now: now).values.flatMap({ $0 }).sorted(by: { $0.vmid < $1.vmid }) {
            finish(job, .good(job), now: now, spread: 1)
        }
    }

    func entry(_ vmid: Int, _ settings: DiscoverySettings = DiscoverySettings(clusters: [])) -> TargetEntry? {
        TargetEntry.all(of: self, cluster: "lab", settings).first {
            String(decoding: $0.labels, as: UTF8.self).contains("vmid\":\"\(vmid)\"")
        }
    }
}

extension ClusterBook.Reading {
    static func good(_ job: ClusterBook.Job, systemType: String = "l26") -> ClusterBook.Reading {
        let hardware = "bc:24:11:00:00:" + (job.vmid % 100 < 10 ? "0" : "") + String(job.vmid % 100)
        let card = NetworkCard("net0", "virtio=\(hardware),bridge=vmbr0")
        var reading = ClusterBook.Reading()
        if job.wantsConfiguration {
            reading.details = GuestRecord.Details(
                cards: card.map { [$0] } ?? [], systemType: systemType, bootStorage: "local-zfs", hasAgent: true)
        }
        if job.wantsAddresses {
            reading.addresses = .told([
                GuestAddress(interface: "ens18", hardwareAddress: hardware, family: "ipv4", address: "192.0.2.\(job.vmid % 256)")
            ])
        }
        return reading
    }
}
