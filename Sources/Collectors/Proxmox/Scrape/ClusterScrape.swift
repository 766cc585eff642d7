import Exporting
import Metrics
import Primitives
import ProxmoxAPI
import ProxmoxConfiguration

/// One cluster's share of one scrape: three calls for the cluster, then three for each node that is online, all nodes at once.
struct ClusterScrape: Sendable {
    let cluster: ProxmoxCluster
    let names: ClusterNames
    let families: ProxmoxFamilies
    let sink: SampleSink
    let context: CollectionContext

    func run() async {
        if cluster.client.wasRefused, let error = await cluster.client.versionError(http: context.http, by: context.deadline),
            error.kind == .unauthorized
        {
            report(error, part: cluster.name ?? cluster.client.endpoint.authority)
            cluster.slowLane.showedNothing()
            return
        }
        let client = cluster.client
        cluster.rights.askIfDue(client, context.http) { [slowLane = cluster.slowLane] in slowLane.retryForbidden() }
        var answers = await ClusterAnswers.ask(client, context.http, by: context.deadline)
        if answers.status?.value?.isQuorate == false, await client.findQuorum(http: context.http, by: context.deadline) {
            // A node on the small side of a split takes all others for dead. Whoever is on the other side knows better.
            let others = await ClusterAnswers.ask(client, context.http, by: context.deadline)
            if others.status?.value?.isQuorate == true { answers = others }
        }
        if let status = answers.status?.value, status.clusterName == nil, cluster.isCluster {
            answers.distrustStatus(.malformed("/cluster/status", "the row of the cluster is missing, which was there before"))
        }
        if let stranger = cluster.stranger(answers.status?.value) {
            client.moveOn()
            cluster.slowLane.showedNothing()
            let known = cluster.name ?? ""
            sink.report(
                PartProblem(
                    part: known, .failed,
                    "the endpoints of cluster \(known) lead to different clusters: one of them answers for \(stranger); mend proxmox.clusters"
                ))
            return
        }
        let (status, resources) = (answers.status?.value, answers.resources?.value)
        cluster.learnName(status, resources)
        let authority = client.endpoint.authority
        guard let name = cluster.name else {
            report(answers.errors, part: authority)
            // Of one that says nothing at all its name is the least of what is missing.
            guard status != nil || resources != nil || answers.errors.isEmpty else { return }
            sink.report(
                PartProblem(part: authority, .failed, "the cluster's name is not known yet; proxmox.clusters[].name can set it"))
            return
        }
        guard names.claim(name, by: cluster.position) == cluster.position else {
            sink.report(
                PartProblem(
                    part: authority, .duplicate,
                    "another endpoint of the settings watches a cluster named \(name) already: take one of them away, or give this one a name"
                ))
            return
        }
        report(answers.errors, part: name)
        if let count = resources?.unreadableCount, count > 0 {
            report(.malformed("/cluster/resources", "\(count) rows do not tell what they are about"), part: name)
        }

        await renewRights(answers)
        let members = Members(status, resources, cluster.filter)
        if !members.refused.isEmpty {
            let some = members.refused.prefix(10).joined(separator: ", ") + (members.refused.count > 10 ? ", ..." : "")
            sink.report(PartProblem(part: name, .failed, "the filter takes none of the cluster's nodes, which are \(some)"))
        }
        let inventory = Inventory(resources, cluster)
        writeCluster(name, answers.version?.value, status, members, inventory)
        var listed = await withTaskGroup(of: NodeScrape.Listed.self) { group in
            for node in members.online {
                let scrape = NodeScrape(
                    cluster: name, node: node, client: client, members: members, inventory: inventory,
                    filter: cluster.filter, rights: cluster.rights, families: families, sink: sink, context: context)
                group.addTask { await scrape.run() }
            }
            return await group.reduce(into: NodeScrape.Listed()) { $0.add($1) }
        }
        writeUnlisted(name, members, inventory, &listed)
        await writeRights(name, answers.version?.value, members)
        if let resources { remember(resources, inventory, listed) }
        writeSlow(picture(name, answers.version?.value, members, inventory, listed))
    }

    /// Asks for the permissions at once when they seem to be others than they were: without rights a list is short or empty, and nothing in
    /// it says so.
    private func renewRights(_ answers: ClusterAnswers) async {
        let guests = answers.resources?.value.map { Set($0.guests.map(\.vmid)) }
        let areShaken = cluster.rights.areShaken(by: answers.status, guests: guests)
        guard areShaken, !cluster.rights.areOnTheirWay else { return }
        let share = Deadline.after(seconds: context.deadline.remainingSeconds / 5)
        let permissions = try? await cluster.client.permissions(http: context.http, by: share)
        if cluster.rights.replace(by: permissions) { cluster.slowLane.retryForbidden() }
    }

    /// What is asked for on timers, from the last good answers; and from now on they are asked for as things are now.
    private func writeSlow(_ picture: ClusterPicture) {
        // Nobody told who there is, which is no reason to forget them all.
        guard !picture.nodes.isEmpty else { return cluster.slowLane.showedNothing() }
        cluster.slowLane.see(picture, detail: context.detail)
        for problem in cluster.slowLane.problems(of: picture.cluster) { sink.report(problem) }
        guard cluster.slowLane.hasAnything else { return cluster.slowLane.showedNothing() }
        var page = SlowPage(
            picture: picture, detail: context.detail, now: context.clock.unixSeconds, moment: cluster.slowLane.moment
        ) { [sink] in sink.begin($0) }
        cluster.slowLane.write(into: &page)
        for buffer in page.buffers() { sink.commit(buffer) }
    }

    private func picture(
        _ name: String, _ version: ProxmoxVersion?, _ members: Members, _ inventory: Inventory, _ listed: NodeScrape.Listed
    ) -> ClusterPicture {
        var guests = Array(listed.guests.values)
        for guest in inventory.guests.values where listed.guests[guest.vmid] == nil {
            guests.append(
                ClusterPicture.Guest(
                    vmid: guest.vmid, node: guest.node, kind: guest.kind, identity: inventory.identity(guest.vmid),
                    isRunning: guest.isRunning))
        }
        return ClusterPicture(
            cluster: name, version: version, nodes: members.all.map(\.name), onlineNodes: members.online,
            guests: guests, hiddenGuests: (inventory.hidden ?? cluster.hiddenGuests).subtracting(listed.guests.keys),
            filter: cluster.filter, storageTypes: cluster.storageTypes)
    }

    /// Everything that needs no node: it is committed before the nodes are asked, so that no hanging node can take it along.
    private func writeCluster(
        _ name: String, _ version: ProxmoxVersion?, _ status: ClusterStatus?, _ members: Members, _ inventory: Inventory
    ) {
        var buffer = sink.begin(name, reservingSamples: 16 * members.all.count + 8)
        if let version { families.cluster.write(name, version, into: &buffer) }
        if let status { families.cluster.write(name, status, into: &buffer) }
        for (node, isOnline) in members.all {
            let labels = buffer.labels(NodeFamilies.labels, name, node)
            let row = inventory.nodes[node]
            families.node.write(labels, isOnline: isOnline, isStale: row?.isStale, row, into: &buffer)
        }
        for storage in inventory.storages where members.isOnline(storage.node) && inventory.nodes[storage.node]?.isStale != true {
            families.storage.write(name, storage, into: &buffer)
        }
        sink.commit(buffer)
    }

    /// Guests that their own node's list does not hold: those just on the move, and those of nodes that are offline or did not answer.
    private func writeUnlisted(_ name: String, _ members: Members, _ inventory: Inventory, _ listed: inout NodeScrape.Listed) {
        let moved = listed.moved.filter { listed.guests[$0.key] == nil }.sorted { $0.key < $1.key }
        let missing = inventory.guests.values.filter { listed.guests[$0.vmid] == nil && listed.moved[$0.vmid] == nil }
            .sorted { $0.vmid < $1.vmid }
        guard !moved.isEmpty || !missing.isEmpty else { return }
        var buffer = sink.begin(name + "/(unlisted)", reservingSamples: (moved.count + missing.count) * 8)
        for (_, guest) in moved { guest.scrape.write(guest.row, &buffer, &listed) }
        for guest in missing {
            let identity = inventory.identity(guest.vmid)
            families.guest.write(name, node: guest.node, guest.vmid, guest.kind, identity, into: &buffer)
            guard members.isOnline(guest.node), !identity.isTemplate else { continue }
            let labels = buffer.labels(GuestFamilies.labels, name, guest.node, String(guest.vmid), identity.name, guest.kind.rawValue)
            let isListRead = listed.isRead(guest.node, guest.kind)
            switch (guest.kind, isListRead) {
            case (.qemu, true): families.virtualMachine.write(labels, cpu: guest.cpuRatio, into: &buffer)
            case (.qemu, false): families.virtualMachine.write(labels, guest, into: &buffer)
            case (.lxc, true): families.container.write(labels, cpu: guest.cpuRatio, into: &buffer)
            case (.lxc, false): families.container.write(labels, guest, into: &buffer)
            }
            families.management.write(labels, guest, into: &buffer)
        }
        sink.commit(buffer)
    }

    private func remember(_ resources: ClusterResources, _ inventory: Inventory, _ listed: NodeScrape.Listed) {
        var identities = listed.guests.mapValues(\.identity)
        for guest in resources.guests where identities[guest.vmid] == nil { identities[guest.vmid] = inventory.identity(guest.vmid) }
        cluster.remember(identities, hidden: inventory.hidden ?? [])
        let storages = inventory.storages.map { (ClusterPicture.Storage(node: $0.node, name: $0.name), $0.type) }
        cluster.remember(Dictionary(storages, uniquingKeysWith: { first, _ in first }))
    }

    /// What the credential may not see.
    private func writeRights(_ name: String, _ version: ProxmoxVersion?, _ members: Members) async {
        await cluster.rights.settle(by: context.deadline)
        // Of a cluster that is gone nothing is told from memory.
        guard let permissions = cluster.rights.permissions, version != nil || !members.all.isEmpty else { return }
        if permissions.showsNoGuest { sink.report(Self.blindness(name)) }
        let missing = RequiredPrivilege.missing(in: permissions, of: version)
        guard !missing.isEmpty else { return }
        var buffer = sink.begin(name + "/(rights)")
        families.cluster.write(name, missing: missing, into: &buffer)
        sink.commit(buffer)
    }

    /// Without the right to see guests the API does not refuse: it lists none.
    private static func blindness(_ cluster: String) -> PartProblem {
        PartProblem(
            part: cluster, .forbidden,
            "no guest is shown to the credential, as it lacks VM.Audit; give the role PVEAuditor on / to the user, and to a token with "
                + "privileges of its own")
    }

    /// What is wrong with the endpoint as a whole is said once, not for each call.
    private func report(_ errors: [ProxmoxError], part: String) {
        var said: [ProxmoxError.Kind] = []
        for error in errors where !(error.kind.isAboutEndpoint && said.contains(error.kind)) {
            said.append(error.kind)
            report(error, part: part)
        }
    }

    private func report(_ error: ProxmoxError, part: String) {
        sink.report(PartProblem(part: part, error.reason, error.description))
    }
}

extension ClusterResources.Node {
    /// Whether its statistics daemon is silent; nil when the row does not tell.
    var isStale: Bool? { status.map { $0 != "online" } }
}

extension ProxmoxError.Kind {
    /// Whether any call would have failed in this way.
    var isAboutEndpoint: Bool {
        switch self {
        case .unreachable, .tls, .unauthorized: true
        case .forbidden, .nodeUnreachable, .refused, .timeout, .tooLarge, .malformed: false
        }
    }
}
