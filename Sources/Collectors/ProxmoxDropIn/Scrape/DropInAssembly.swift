import Metrics
import ProxmoxAPI

/// Puts the pieces of a scrape together, and says what can be asked now that a piece is there.
struct DropInAssembly {
    private let scrape: DropInScrape
    private var buffers: [SampleBuffer] = []
    private var backups: (buffer: SampleBuffer, count: Int)?
    private var rows: ClusterRows?
    /// As the answers came, which is never the same order.
    private var onBoot: [(guest: GuestList.Guest, value: Double)] = []

    init(scrape: DropInScrape) { self.scrape = scrape }

    mutating func take(_ piece: DropInScrape.Piece) throws(ProxmoxError) -> [DropInScrape.Call] {
        switch piece {
        case .samples(let buffer): buffers.append(buffer)
        case .status(let rows):
            buffers.append(rows.buffer)
            self.rows = rows
            writeBackups()
            return try nextCalls(rows)
        case .backups(let buffer, let count):
            backups = (buffer, count)
            writeBackups()
        case .guests(let list): return list.guests.map { .configuration($0) }
        case .onBoot(let guest, let value):
            if let value { onBoot.append((guest, value)) }
        }
        return []
    }

    /// All that was found, in an order that stays.
    var all: [SampleBuffer] {
        var buffer = SampleBuffer(part: "onboot", reservingSamples: onBoot.count)
        // Virtual machines first, each kind by number.
        for (guest, value) in onBoot.sorted(by: { $0.guest.precedes($1.guest) }) {
            scrape.families.node.writeOnBoot(value, node: guest.node, type: guest.kind, vmid: guest.vmid, into: &buffer)
        }
        return buffers + [buffer]
    }

    private func nextCalls(_ rows: ClusterRows) throws(ProxmoxError) -> [DropInScrape.Call] {
        let collectors = scrape.collectors
        var calls: [DropInScrape.Call] = []
        if scrape.cluster, collectors.qdevice, let cluster = rows.clusterName { calls.append(.quorumDevice(cluster: cluster)) }
        guard scrape.node, collectors.config || collectors.replication || collectors.subscription else { return calls }
        // A longer name than a host may have is in no path.
        guard let node = rows.localNode, (1...255).contains(node.utf8.count) else {
            throw .malformed("/cluster/status", "no row says which node was asked")
        }
        if collectors.config { calls += [.guests(node: node, kind: "qemu"), .guests(node: node, kind: "lxc")] }
        if collectors.replication { calls.append(.replication(node: node)) }
        if collectors.subscription { calls.append(.subscription(node: node)) }
        return calls
    }

    /// The number carries the cluster's name, so it waits for the status.
    private mutating func writeBackups() {
        guard let rows, let backups else { return }
        var buffer = backups.buffer
        scrape.families.cluster.writeNotBackedUp(count: backups.count, rows.firstName, into: &buffer)
        buffers.append(buffer)
        self.backups = nil
    }
}
