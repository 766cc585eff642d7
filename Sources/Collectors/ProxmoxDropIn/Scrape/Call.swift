import JSON
import Metrics
import Primitives
import ProxmoxAPI

extension DropInScrape {
    /// A call of the API, and what is written of its answer.
    enum Call: Sendable {
        case resources
        case status
        case version
        case backups
        case quorumDevice(cluster: String)
        case guests(node: String, kind: String)
        case configuration(GuestList.Guest)
        case replication(node: String)
        case subscription(node: String)

        func run(_ scrape: DropInScrape) async throws(ProxmoxError) -> Piece {
            let (families, collectors) = (scrape.families, scrape.collectors)
            switch self {
            case .resources:
                return .samples(try await scrape.get("/cluster/resources") { families.resources($0, collectors) })
            case .status:
                return .status(try await scrape.get("/cluster/status") { ClusterRows($0, families, collectors, isCluster: scrape.cluster) })
            case .version:
                return .samples(
                    try await scrape.get("/version") { data in
                        var buffer = SampleBuffer(part: "version")
                        return families.cluster.writeVersion(data, into: &buffer) ? buffer : nil
                    })
            case .backups:
                let (buffer, count) = try await scrape.get("/cluster/backup-info/not-backed-up") { families.backups($0) }
                return .backups(buffer, count: count)
            case .quorumDevice(let cluster): return .samples(try await quorumDevice(cluster, scrape))
            case .guests(let node, let kind):
                return .guests(
                    try await scrape.get("/nodes/\(ProxmoxClient.pathPart(node))/\(kind)") { GuestList($0, node, kind) })
            case .configuration(let guest):
                let path = "/nodes/\(ProxmoxClient.pathPart(guest.node))/\(guest.kind)/\(ProxmoxClient.pathPart(guest.vmid))/config"
                let value: Double? = try await scrape.get(path) { data in
                    data.isObject ? .some(data["onboot"]?.number) : .none
                }
                return .onBoot(guest, value)
            case .replication(let node):
                return .samples(
                    try await scrape.get("/nodes/\(ProxmoxClient.pathPart(node))/replication") { data in
                        guard data.isArray else { return nil }
                        var buffer = SampleBuffer(part: "replication")
                        data.forEachElement { families.node.writeReplication($0, into: &buffer) }
                        return buffer
                    })
            case .subscription(let node):
                return .samples(
                    try await scrape.get("/nodes/\(ProxmoxClient.pathPart(node))/subscription") { data in
                        guard data.isObject else { return nil }
                        var buffer = SampleBuffer(part: "subscription")
                        families.node.writeSubscription(data, node: node, into: &buffer)
                        return buffer
                    })
            }
        }

        /// An answer that says no, such as from a node without the package, means that there is none.
        private func quorumDevice(_ cluster: String, _ scrape: DropInScrape) async throws(ProxmoxError) -> SampleBuffer {
            do throws(ProxmoxError) {
                return try await scrape.get("/cluster/config/qdevice", absent: SampleBuffer(part: "qdevice")) {
                    [families = scrape.families] data in
                    // Perl writes an empty hash as a list now and then; with something in it, a list is none of ours.
                    var isEmptyList = data.isArray
                    data.forEachElement { _ in isEmptyList = false }
                    guard data.isObject || isEmptyList else { return nil }
                    var buffer = SampleBuffer(part: "qdevice")
                    families.cluster.writeDevice(data, cluster: cluster, into: &buffer)
                    return buffer
                }
            } catch {
                switch error.kind {
                case .unauthorized, .forbidden, .nodeUnreachable, .refused: return SampleBuffer(part: "qdevice")
                case .timeout, .unreachable, .tls, .tooLarge, .malformed: throw error
                }
            }
        }
    }

    /// All calls are answered by the node that was asked, so its three workers are shared by all of them.
    fileprivate func get<Value: Sendable>(
        _ path: String, absent: Value? = nil, decode: @escaping @Sendable (JSONValue) -> Value?
    ) async throws(ProxmoxError) -> Value {
        try await client.get(path, absent: absent, http: http, by: deadline, decode: decode)
    }
}

extension DropInFamilies {
    /// Ids that are longer than names are not believed, nor more rows than any cluster has: each id stands in forty series.
    private static let idBytesLimit = 1 << 20

    /// `/cluster/resources`; rows without id or type are left out.
    fileprivate func resources(_ data: JSONValue, _ collectors: DropInCollectors) -> SampleBuffer? {
        guard data.isArray, data.hasElements(upTo: ProxmoxClient.rowLimit) else { return nil }
        var count = 0
        data.forEachElement { _ in count += 1 }
        var idBytes = 0
        var buffer = SampleBuffer(part: "resources", reservingSamples: count * (GuestStateFamilies.countOfGuest + 18))
        data.forEachElement { element in
            let row = ResourceRow(element)
            guard let text = row.id, !row.type.isEmpty else { return }
            idBytes += text.utf8.count
            guard idBytes <= Self.idBytesLimit else { return }
            let id = buffer.labels(Self.id, text)
            if collectors.status { status.writeUp(row, id: id, into: &buffer) }
            guard collectors.resources else { return }
            resources.write(row, id: id, into: &buffer)
            guestStates.write(row, id: id, into: &buffer)
        }
        guard idBytes <= Self.idBytesLimit else { return nil }
        return buffer
    }

    /// `/cluster/backup-info/not-backed-up`
    fileprivate func backups(_ data: JSONValue) -> (SampleBuffer, Int)? {
        guard data.isArray else { return nil }
        var buffer = SampleBuffer(part: "backups")
        var count = 0
        data.forEachElement { row in
            count += 1
            cluster.writeNotBackedUp(row, into: &buffer)
        }
        return (buffer, count)
    }
}
