import JSON
import Metrics

/// `pve_up`, and what `/cluster/status` tells of nodes and cluster.
struct StatusFamilies: Sendable {
    private let up: Metric
    private let nodeInfo: Metric
    private let clusterInfo: Metric

    private static let nodeLabels = LabelSchema("id", "level", "name", "nodeid")

    init(_ catalogue: inout Catalogue) {
        up = catalogue.gauge(
            "pve_up", "1 if the node is online, the cluster quorate, the guest running, the storage available.", labels: DropInFamilies.id,
            source: "/cluster/status online, quorate; /cluster/resources status")
        nodeInfo = catalogue.info("pve_node_info", "A node of the cluster.", labels: Self.nodeLabels, source: "/cluster/status")
        clusterInfo = catalogue.info(
            "pve_cluster_info", "The cluster, with every field of its row as a label.",
            labels: LabelSchema("id", "nodes", "quorate", "version"),
            source: "/cluster/status")
    }

    /// A row of `/cluster/status` with `type` node or cluster.
    func writeUp(_ row: JSONValue, isNode: Bool, into buffer: inout SampleBuffer) {
        if isNode {
            guard let id = row["id"]?.shortText else { return }
            buffer.add(up, buffer.labels(DropInFamilies.id, id), row["online"]?.number)
        } else if let name = row["name"]?.shortText {
            buffer.add(up, buffer.labels(DropInFamilies.id, "cluster/" + name), row["quorate"]?.number)
        }
    }

    func writeUp(_ resource: ResourceRow, id: LabelSet, into buffer: inout SampleBuffer) {
        switch resource.type {
        case "qemu", "lxc": buffer.add(up, id, resource.status.map { $0 == "running" })
        case "storage": buffer.add(up, id, resource.status.map { $0 == "available" })
        default: break
        }
    }

    func writeNode(_ row: JSONValue, into buffer: inout SampleBuffer) {
        guard let id = row["id"], let level = row["level"], let name = row["name"], let number = row["nodeid"] else { return }
        buffer.add(nodeInfo, buffer.labels(Self.nodeLabels, id.labelText, level.labelText, name.labelText, number.labelText), true)
    }

    /// Every field but type and name is a label; in the order of their names, as the API's own changes from answer to answer.
    func writeCluster(_ row: JSONValue, into buffer: inout SampleBuffer) {
        var fields: [(name: String, value: String)] = []
        row.forEachMember { key, value in
            let name = Self.labelName(key.text)
            // Names that begin so are Prometheus' own.
            guard fields.count < 32, !["type", "name", "id"].contains(name), !name.utf8.starts(with: "__".utf8),
                !fields.contains(where: { $0.name == name })
            else { return }
            fields.append((name, value.labelText))
        }
        fields.sort { $0.name < $1.name }
        fields.insert(("id", "cluster/" + (row["name"]?.labelText ?? "")), at: 0)
        buffer.add(clusterInfo, buffer.labels(LabelSchema(names: fields.map(\.name)), fields.map(\.value)), true)
    }

    /// The field's name with `_` in place of what no label name may hold, as client libraries do it.
    private static func labelName(_ text: String) -> String {
        var name = ""
        for letter in text.unicodeScalars.prefix(64) {
            let isLetter = ("a"..."z").contains(letter) || ("A"..."Z").contains(letter) || letter == "_"
            let isDigit = ("0"..."9").contains(letter) && !name.isEmpty
            name.unicodeScalars.append(isLetter || isDigit ? letter : "_")
        }
        return name.isEmpty ? "_" : name
    }
}
