import JSON
package import Primitives
package import Web

/// `/nodes/N/disks/zfs/POOL`: what `zpool status` says of a pool.
package struct PoolDetail: Sendable {
    /// A disk, or what is made of several. Spares have no counts, and what was taken out has no state.
    package struct Device: Sendable {
        /// Without the folder of devices: `mirror-0`, `ata-WDC_1-part1`, `sda1`.
        package let name: String
        package let state: String?
        package let readErrors: Double?
        package let writeErrors: Double?
        package let checksumErrors: Double?

        /// Whether it does its work, or waits for work as a spare.
        package var isOnline: Bool? { state.map { ["ONLINE", "AVAIL", "INUSE"].contains($0) } }
    }

    package let scan: PoolScan?
    /// Files and metadata that are damaged for good.
    package let dataErrors: Double?
    /// All but the root, from above; of one that stands in two places the first.
    package let devices: [Device]

    private static let deviceLimit = 1024
    private static let depthLimit = 8

    init?(_ data: JSONValue) {
        guard data.isObject else { return nil }
        scan = data["scan"]?.text.flatMap(PoolScan.init)
        dataErrors = data["errors"]?.text.flatMap(Self.dataErrors)
        var devices: [Device] = []
        var names: Set<String> = []
        // The first floor holds the pool itself, and headings: logs, cache, spares.
        data["children"]?.forEachElement { Self.read(below: $0, depth: 1, &devices, &names) }
        self.devices = devices
    }

    private static func read(below parent: JSONValue, depth: Int, _ devices: inout [Device], _ names: inout Set<String>) {
        guard depth <= depthLimit else { return }
        parent["children"]?.forEachElement { row in
            guard devices.count < deviceLimit else { return }
            if let device = Device(row), names.insert(device.name).inserted { devices.append(device) }
            read(below: row, depth: depth + 1, &devices, &names)
        }
    }

    /// nil of what does not tell how many: with the files' names, there is no count.
    private static func dataErrors(_ text: String) -> Double? {
        let words = text.utf8.prefix(256).split { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 }.prefix(3)
            .map { String(decoding: $0, as: UTF8.self) }
        if words == ["No", "known", "data"] { return 0 }
        guard words.count == 3, words[1] == "data", words[2].hasPrefix("error"), let count = words[0].utf8.decimalNumber else { return nil }
        return Double(count)
    }
}

extension PoolDetail.Device {
    init?(_ row: JSONValue) {
        guard let path = row["name"]?.word else { return nil }
        let folder = ["/dev/disk/by-id/", "/dev/"].first { path.hasPrefix($0) && path != $0 } ?? ""
        name = String(path.dropFirst(folder.count))
        state = row["state"]?.word
        readErrors = row["read"]?.count
        writeErrors = row["write"]?.count
        checksumErrors = row["cksum"]?.count
    }
}

extension JSONValue {
    /// A number that counts something.
    fileprivate var count: Double? { number.flatMap { $0 >= 0 ? $0 : nil } }
}

extension ProxmoxClient {
    /// `/nodes/N/disks/zfs/POOL`
    package func poolDetail(
        _ node: String, _ pool: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> PoolDetail {
        try await get(
            "/nodes/\(Self.pathPart(node))/disks/zfs/\(Self.pathPart(pool))", node: node, http: http, by: deadline,
            decode: PoolDetail.init)
    }
}
