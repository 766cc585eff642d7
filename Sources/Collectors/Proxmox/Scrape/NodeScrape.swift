import Exporting
import Metrics
import Primitives
import ProxmoxAPI
import ProxmoxConfiguration

/// One node's share of one scrape: its status and its two lists, asked for at once and committed as one part.
struct NodeScrape: Sendable {
    /// What the lists held, for what comes after all nodes.
    struct Listed: Sendable {
        private(set) var guests: [Int: ClusterPicture.Guest] = [:]
        /// Rows of guests that are on another node by `/cluster/resources`, and the scrape that found them.
        private(set) var moved: [Int: (scrape: NodeScrape, row: Row)] = [:]
        private var read: [GuestKind: Set<String>] = [:]

        mutating func add(_ guest: ClusterPicture.Guest) { guests[guest.vmid] = guest }

        mutating func add(moved row: Row, _ scrape: NodeScrape) { moved[row.vmid] = moved[row.vmid] ?? (scrape, row) }

        mutating func markRead(_ node: String, _ kind: GuestKind) { read[kind, default: []].insert(node) }

        mutating func add(_ other: Listed) {
            guests.merge(other.guests) { first, _ in first }
            moved.merge(other.moved) { $0.scrape.node < $1.scrape.node ? $0 : $1 }
            for (kind, nodes) in other.read { read[kind, default: []].formUnion(nodes) }
        }

        func isRead(_ node: String, _ kind: GuestKind) -> Bool { read[kind]?.contains(node) ?? false }
    }

    /// A row of one of the two lists.
    enum Row: Sendable {
        case machine(VirtualMachine)
        case container(Container)

        var vmid: Int {
            switch self {
            case .machine(let machine): machine.vmid
            case .container(let container): container.vmid
            }
        }
    }

    let cluster: String
    let node: String
    let client: ProxmoxClient
    let members: Members
    let inventory: Inventory
    let filter: GuestFilter
    /// Whoever may not see a guest is told nothing of it.
    let rights: Rights
    let families: ProxmoxFamilies
    let sink: SampleSink
    let context: CollectionContext

    func run() async -> Listed {
        let part = "\(cluster)/\(node)"
        var buffer = sink.begin(part)
        let (http, deadline) = (context.http, context.deadline)
        async let statusAnswer = answer(part) { () async throws(ProxmoxError) in
            try await client.nodeStatus(node, http: http, by: deadline)
        }
        // What is filtered out is not asked for.
        let wantsMachines = inventory.mayHave(.qemu, on: node)
        let wantsContainers = inventory.mayHave(.lxc, on: node)
        async let machinesAnswer =
            !wantsMachines
            ? nil
            : answer(part) { () async throws(ProxmoxError) in
                try await client.virtualMachines(node, http: http, by: deadline)
            }
        async let containersAnswer =
            !wantsContainers
            ? nil
            : answer(part) { () async throws(ProxmoxError) in
                try await client.containers(node, http: http, by: deadline)
            }
        let (status, machines, containers) = await (statusAnswer, machinesAnswer, containersAnswer)
        await rights.settle(by: deadline)
        for (path, unreadableCount) in [("qemu", machines?.unreadableCount ?? 0), ("lxc", containers?.unreadableCount ?? 0)]
        where unreadableCount > 0 {
            report(part, .malformed("/nodes/\(node)/\(path)", "\(unreadableCount) rows of the list have no vmid"))
        }

        let labels = buffer.labels(NodeFamilies.labels, cluster, node)
        if let status {
            families.node.write(cluster, node, status, cpu: inventory.nodes[node]?.cpuRatio, into: &buffer)
        }
        families.node.write(
            labels, virtualMachines: count(machines, \.vmid), containers: count(containers, \.vmid), into: &buffer)
        var listed = Listed()
        // Whoever is not in a list of which a part is lost may be in that part.
        if machines?.isWhole == true { listed.markRead(node, .qemu) }
        if containers?.isWhole == true { listed.markRead(node, .lxc) }
        let rows = (machines?.rows ?? []).map(Row.machine) + (containers?.rows ?? []).map(Row.container)
        for row in rows.sorted(by: { $0.vmid < $1.vmid })
        where listed.guests[row.vmid] == nil && inventory.hidden?.contains(row.vmid) != true {
            // Two nodes may list a guest that moves while they are asked: only when its own node does not list it is it here.
            if let owner = inventory.guests[row.vmid]?.node, owner != node, members.isOnline(owner) {
                listed.add(moved: row, self)
            } else {
                write(row, &buffer, &listed)
            }
        }
        sink.commit(buffer)
        return listed
    }

    func write(_ row: Row, _ buffer: inout SampleBuffer, _ listed: inout Listed) {
        switch row {
        case .machine(let machine): write(machine, &buffer, &listed)
        case .container(let container): write(container, &buffer, &listed)
        }
    }

    private func write(_ machine: VirtualMachine, _ buffer: inout SampleBuffer, _ listed: inout Listed) {
        let identity = inventory.identity(
            machine.vmid, listedName: machine.name, listedTags: machine.tags, listedTemplate: machine.isTemplate)
        guard filter.takes(vmid: machine.vmid, tags: identity.tags, pool: identity.pool) else { return }
        listed.add(
            ClusterPicture.Guest(
                vmid: machine.vmid, node: node, kind: .qemu, identity: identity, isRunning: machine.status.map { $0 == "running" }))
        families.guest.write(cluster, node: node, machine.vmid, .qemu, identity, into: &buffer)
        guard !identity.isTemplate else { return }
        let labels = buffer.labels(GuestFamilies.labels, cluster, node, String(machine.vmid), identity.name, GuestKind.qemu.rawValue)
        families.virtualMachine.write(
            labels, machine, cpu: inventory.guests[machine.vmid]?.cpuRatio, detail: context.detail, into: &buffer)
        families.management.write(labels, inventory.guests[machine.vmid], into: &buffer)
    }

    private func write(_ container: Container, _ buffer: inout SampleBuffer, _ listed: inout Listed) {
        let identity = inventory.identity(
            container.vmid, listedName: container.name, listedTags: container.tags, listedTemplate: container.isTemplate)
        guard filter.takes(vmid: container.vmid, tags: identity.tags, pool: identity.pool) else { return }
        listed.add(
            ClusterPicture.Guest(
                vmid: container.vmid, node: node, kind: .lxc, identity: identity, isRunning: container.status.map { $0 == "running" }))
        families.guest.write(cluster, node: node, container.vmid, .lxc, identity, into: &buffer)
        guard !identity.isTemplate else { return }
        let labels = buffer.labels(GuestFamilies.labels, cluster, node, String(container.vmid), identity.name, GuestKind.lxc.rawValue)
        families.container.write(labels, container, cpu: inventory.guests[container.vmid]?.cpuRatio, into: &buffer)
        families.management.write(labels, inventory.guests[container.vmid], into: &buffer)
    }

    private func answer<Value: Sendable>(_ part: String, _ call: () async throws(ProxmoxError) -> Value) async -> Value? {
        do throws(ProxmoxError) {
            return try await call()
        } catch {
            report(part, error)
            return nil
        }
    }

    /// How many guests a list holds, of which two rows may be about the same; nil when part of it cannot be read, or may not be seen.
    private func count<Guest>(_ listing: Listing<Guest>?, _ vmid: (Guest) -> Int) -> Int? {
        guard let listing, listing.isWhole, rights.permissions?.showsAllGuests == true else { return nil }
        return Set(listing.rows.map(vmid)).count
    }

    private func report(_ part: String, _ error: ProxmoxError) {
        sink.report(PartProblem(part: part, error.reason, error.description))
    }
}
