import JSON

/// The rows of cluster/resources: what the nodes sent round every 10 seconds.
extension ProxmoxAnswers {
    /// What the parameter `type` may ask for.
    enum ResourceType: String, Sendable, CaseIterable { case vm, storage, node, sdn }

    /// /cluster/resources. Network zones are listed only when no type is asked for, since they have one that cannot be.
    func clusterResources(type: ResourceType?) -> [UInt8] {
        let views = world.views(at: moment)
        return document(reservingBytes: 4096 + inventory.guests.count * 480) { json in
            json.array { json in
                if type == nil || type == .vm {
                    let readings = readings(views)
                    if type == nil {
                        for pool in inventory.pools where rights.show(pool: pool.name) { write(pool, readings, into: &json) }
                    }
                    for guest in inventory.presentGuests where rights.show(guest) {
                        writeResource(guest, readings[guest.index], views[guest.node], into: &json)
                    }
                }
                if type == nil || type == .node {
                    for view in views { json.object { writeNodeResource(view, into: &$0) } }
                }
                if type == nil || type == .storage { writeStorages(views, into: &json) }
                if type == nil || (type == .sdn && inventory.release == .v84) { for view in views { writeZone(view, into: &json) } }
            }
        }
    }

    /// The numbers that the cluster knows of each guest; nil when it has forgotten them.
    private func readings(_ views: [NodeView]) -> [GuestReading?] { inventory.guests.map { reading(of: $0, views[$0.node]) } }

    /// The same of one guest.
    func reading(of guest: Guest, _ view: NodeView) -> GuestReading? {
        view.isForgotten ? nil : world.reading(of: guest, at: view.statisticsMoment, nodeBootedAt: view.bootedAt)
    }

    private func write(_ pool: Inventory.Pool, _ readings: [GuestReading?], into json: inout JSONWriter) {
        var (cpus, memory, used, work, uptime) = (0, 0, 0, 0.0, 0)
        for index in pool.members {
            guard let reading = readings[index] else { continue }
            let guest = inventory.guests[index]
            cpus += guest.cpus
            memory += guest.memoryBytes
            used += reading.memoryBytes
            work += reading.cpu * Double(guest.cpus)
            uptime = max(uptime, Int(reading.uptimeSeconds))
        }
        json.object { json in
            json.member("id", "/pool/" + pool.name)
            json.member("type", "pool")
            json.member("pool", pool.name)
            guard cpus > 0 else { return }
            json.member("cpu", work / Double(cpus))
            json.member("maxcpu", cpus)
            json.member("mem", used)
            json.member("maxmem", memory)
            json.member("uptime", uptime)
        }
    }

    /// - Parameter isMember: of a pool, which lists less of it.
    func writeResource(
        _ guest: Guest, _ reading: GuestReading?, _ view: NodeView, isMember: Bool = false, into json: inout JSONWriter
    ) {
        json.object { json in
            json.key("id")
            json.string(guest.kind == .qemu ? "qemu/\(guest.vmid)" : "lxc/\(guest.vmid)")
            json.member("vmid", guest.vmid)
            json.member("node", view.node.name)
            json.member("type", guest.kind == .qemu ? "qemu" : "lxc")
            if let tags = guest.tags, !isMember { json.member("tags", tags) }
            guard let reading else {
                json.member("status", "unknown")
                return
            }
            json.member("status", guest.role == .paused ? "paused" : guest.role == .running ? "running" : "stopped")
            json.member("name", guest.name)
            json.member("template", guest.role == .template ? 1 : 0)
            if !isMember {
                if let pool = guest.pool, rights.show(pool: pool) { json.member("pool", pool) }
                if let state = guest.haState { json.member("hastate", state) }
            }
            if let lock = guest.lock { json.member("lock", lock) }
            json.member("cpu", reading.cpu)
            json.member("maxcpu", guest.cpus)
            json.member("mem", reading.memoryBytes)
            if inventory.release.tellsPressure { json.member("memhost", guest.kind == .qemu ? reading.hostMemoryBytes : 0) }
            json.member("maxmem", guest.memoryBytes)
            json.member("disk", reading.diskUsedBytes)
            json.member("maxdisk", guest.diskBytes)
            json.member("netin", reading.receivedBytes)
            json.member("netout", reading.sentBytes)
            json.member("diskread", reading.readBytes)
            json.member("diskwrite", reading.writtenBytes)
            json.member("uptime", Int(reading.uptimeSeconds))
        }
    }

    /// The members that a node's row has here and in /nodes; an offline node keeps its maxima.
    func writeNodeMembers(_ view: NodeView, into json: inout JSONWriter) {
        let node = view.node
        json.member("id", "node/" + node.name)
        json.member("node", node.name)
        json.member("type", "node")
        json.member("status", view.isUnknown ? "unknown" : view.isOnline ? "online" : "offline")
        guard !view.isUnknown else { return }
        json.member("level", node.level)
        json.member("maxcpu", node.threads)
        json.member("maxmem", node.memoryBytes)
        json.member("maxdisk", node.rootBytes)
        guard view.isOnline else { return }
        let reading = world.reading(of: node, at: view.statisticsMoment, bootedAt: view.bootedAt)
        json.member("cpu", reading.cpu)
        json.member("mem", reading.memoryUsedBytes)
        json.member("disk", reading.rootUsedBytes)
        json.member("uptime", Int(reading.uptimeSeconds))
    }

    private func writeNodeResource(_ view: NodeView, into json: inout JSONWriter) {
        if rights.audit(node: view.node.name) { writeNodeMembers(view, into: &json) } else { writeBareNode(view, into: &json) }
        if view.isOnline { writeClusterMembers(view, into: &json) }
    }

    /// What others than the node's statistics tell of it.
    func writeClusterMembers(_ view: NodeView, into json: inout JSONWriter) {
        json.member("cgroup-mode", 2)
        let state = inventory.nodeInMaintenance == view.node.index ? "maintenance" : "online"
        json.member("hastate", world.has(.haFailed, view.node, at: moment) ? "fence" : state)
    }

    private func writeStorages(_ views: [NodeView], into json: inout JSONWriter) {
        for storage in inventory.storages where rights.holds(any: .datastoreAudit, at: "/storage/\(storage.name)") {
            for view in views {
                json.object { json in
                    json.member("id", "storage/\(view.node.name)/\(storage.name)")
                    json.member("type", "storage")
                    json.member("storage", storage.name)
                    json.member("node", view.node.name)
                    json.member("plugintype", storage.pluginType)
                    json.member("content", storage.content)
                    json.member("shared", storage.isShared ? 1 : 0)
                    let isThere = view.isOnline && !view.isUnknown && !isForgotten(storage, view)
                    json.member("status", isThere ? "available" : "unknown")
                    guard isThere else { return }
                    let (used, total) = usage(of: storage, view)
                    json.member("disk", used)
                    json.member("maxdisk", total)
                }
            }
        }
    }

    /// Whether a node has lost a storage; it tells nobody of it then.
    func isLost(_ storage: Inventory.Storage, _ view: NodeView) -> Bool {
        storage.kind == .share && world.has(.storageLost, view.node, at: moment)
    }

    /// Whether it did so long ago that the cluster has forgotten what it said before.
    private func isForgotten(_ storage: Inventory.Storage, _ view: NodeView) -> Bool {
        guard storage.kind == .share, let span = world.trouble(.storageLost, node: view.node.index, at: moment) else { return false }
        return moment - span.start >= World.memorySeconds
    }

    /// Bytes, as of the last statistics.
    func usage(of storage: Inventory.Storage, _ view: NodeView) -> (used: Int, total: Int) {
        switch storage.kind {
        case .root: (world.rootUsedBytes(of: view.node, at: view.statisticsMoment), view.node.rootBytes)
        case .pool: (world.poolUsedBytes(of: view.node, at: view.statisticsMoment), view.node.poolBytes)
        // All nodes look at the same server.
        case .share: (World.pages(inventory.shareUsed.value(at: world.statisticsMoment(of: moment))), inventory.shareBytes)
        }
    }

    private func writeZone(_ view: NodeView, into json: inout JSONWriter) {
        guard rights.holds(any: .sdnAudit, at: "/sdn/zones/localnetwork") else { return }
        if inventory.release == .v84 {
            json.object { json in
                json.member("id", "sdn/\(view.node.name)/localnetwork")
                json.member("type", "sdn")
                json.member("sdn", "localnetwork")
                json.member("node", view.node.name)
                json.member("status", "ok")
            }
            return
        }
        json.object { json in
            json.member("id", "network/\(view.node.name)/zone/localnetwork")
            json.member("type", "network")
            json.member("network-type", "zone")
            json.member("network", "localnetwork")
            json.member("node", view.node.name)
            json.member("status", "ok")
        }
    }
}
