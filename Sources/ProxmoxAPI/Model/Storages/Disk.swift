import JSON
package import Primitives
package import Web

/// A row of `/nodes/N/disks/list`: a physical disk, or what passes for one in a virtual machine.
package struct Disk: Sendable {
    /// `/dev/sda`
    package let path: String
    /// `hdd`, `ssd`, `nvme`, `usb` or `unknown`.
    package let type: String
    /// Like the serial number, `unknown` where nobody knows.
    package let model: String
    package let serial: String
    package let sizeBytes: Double?
    /// What the disk says of itself; nil when it says nothing, or is not to say.
    package let isHealthy: Bool?
    /// Percent of its life that are left.
    package let lifeLeft: Double?

    init?(_ row: JSONValue) {
        guard let path = row["devpath"]?.word else { return nil }
        self.path = path
        type = row["type"]?.word ?? ""
        model = row["model"]?.word ?? ""
        serial = row["serial"]?.word ?? ""
        sizeBytes = row["size"]?.number
        isHealthy =
            switch row["health"]?.word {
            case nil, "UNKNOWN", "SMART Disabled": nil
            case "PASSED", "OK": true
            default: false
            }
        lifeLeft = row["wearout"]?.number
    }

    /// `sda`
    package var device: String { path.hasPrefix(Self.folder) ? String(path.dropFirst(Self.folder.count)) : path }

    /// Whether it is of a kind that has SMART values.
    package var mayHaveSmart: Bool {
        path.hasPrefix(Self.folder) && path.utf8.count <= 255 && ["hdd", "ssd", "nvme", "usb"].contains(type)
    }

    private static let folder = "/dev/"
}

extension ProxmoxClient {
    /// `/nodes/N/disks/list`, in the order of their names. Each disk is asked for its health, one after the other.
    package func disks(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> [Disk] {
        try await get("/nodes/\(Self.pathPart(node))/disks/list", node: node, http: http, by: deadline) {
            $0.rows(upTo: 1024, by: \.device, Disk.init)
        }
    }
}
