import JSON

/// What HA does with guests and nodes.
extension ProxmoxAnswers {
    private static let digest = "dc80a5570da802f9a43cf0a66b5debdb2c4d378b"

    private var managed: [Guest] { inventory.presentGuests.filter { $0.haState != nil } }

    /// Seconds since 1970.
    var unixSeconds: Int { Int(world.timeline.epoch + moment) }

    /// /cluster/ha/status/current. Where nothing is managed there is only the quorum.
    func availability() -> [UInt8] {
        let views = world.views(at: moment)
        let local = views.first { $0.isOnline }
        let managed = managed
        return document(reservingBytes: 1024 + managed.count * 256) { json in
            json.array { json in
                let isQuorate = isQuorate(views)
                json.object { json in
                    json.member("id", "quorum")
                    json.member("type", "quorum")
                    json.member("node", local?.node.name ?? "")
                    json.member("quorate", isQuorate ? 1 : 0)
                    json.member("status", isQuorate ? "OK" : "No quorum on node '\(local?.node.name ?? "")'!")
                }
                guard !managed.isEmpty, views.count > 1 else { return }
                writeManager(views, into: &json)
                for view in views { writeLocalManager(view, hasGuests: managed.contains { $0.node == view.node.index }, into: &json) }
                for guest in managed { writeService(guest, into: &json) }
            }
        }
    }

    /// /cluster/ha/resources: as they are configured, with what differs from the default.
    func managedResources() -> [UInt8] {
        let managed = managed
        return document(reservingBytes: 256 + managed.count * 160) { json in
            json.array { json in
                for guest in managed {
                    json.object { json in
                        json.member("sid", Self.serviceName(guest))
                        json.member("type", guest.kind == .qemu ? "vm" : "ct")
                        json.member("state", Self.requested(guest))
                        json.member("digest", Self.digest)
                        writeOptions(guest, hasDefaults: false, into: &json)
                    }
                }
            }
        }
    }

    /// /cluster/ha/groups, of releases that have them.
    func availabilityGroups() -> [UInt8] {
        document { json in
            json.array { json in
                for node in inventory.nodes {
                    json.object { json in
                        json.member("group", "prefer-\(node.name)")
                        json.member("type", "group")
                        json.member("nodes", "\(node.name):1")
                        json.member("nofailback", 0)
                        json.member("restricted", 0)
                        json.member("digest", Self.digest)
                    }
                }
            }
        }
    }

    /// Whether the node that answers is part of the majority.
    func isQuorate(_ views: [NodeView]) -> Bool {
        guard views.count > 1 else { return true }
        let isIsolated = world.isolation(at: moment) != nil
        let hasVote = inventory.hasQDevice && !isIsolated && world.trouble(.qdeviceDown, at: moment) == nil
        let votes = views.count { $0.isOnline } + (hasVote ? 1 : 0)
        return !isIsolated && votes * 2 > views.count + (inventory.hasQDevice ? 1 : 0)
    }

    // MARK: rows

    /// The first node that is on decides; one that lost the others goes on knowing what was decided last.
    private func writeManager(_ views: [NodeView], into json: inout JSONWriter) {
        guard let master = views.first(where: { $0.isOnline })?.node.name else { return }
        let last = lastBeat(isBeating: isQuorate(views), since: world.isolation(at: moment)?.start)
        json.object { json in
            json.member("id", "master")
            json.member("type", "master")
            json.member("node", master)
            json.member("timestamp", last)
            json.member("status", "\(master) (\(isOld(last) ? "old timestamp - dead?" : "active"), \(text(last)))")
        }
        json.object { json in
            json.member("id", "fencing")
            json.member("type", "fencing")
            json.member("node", master)
            json.member("armed-state", "armed")
            json.member("status", "armed (CRM watchdog active)")
        }
    }

    private func writeLocalManager(_ view: NodeView, hasGuests: Bool, into json: inout JSONWriter) {
        let since: Double? = if case .down(let since, _) = view.presence { since } else { silence(ofManagerOn: view.node) }
        let last = lastBeat(isBeating: since == nil, since: since)
        let state =
            isOld(last)
            ? "old timestamp - dead?"
            : view.node.index == inventory.nodeInMaintenance
                ? "maintenance mode" : hasGuests ? "active, watchdog active" : "idle, watchdog standby"
        json.object { json in
            json.member("id", "lrm:" + view.node.name)
            json.member("type", "lrm")
            json.member("node", view.node.name)
            json.member("timestamp", last)
            json.member("status", "\(view.node.name) (\(state), \(text(last)))")
        }
    }

    private func writeService(_ guest: Guest, into json: inout JSONWriter) {
        let (name, node) = (Self.serviceName(guest), inventory.nodes[guest.node].name)
        let state = state(ofService: guest)
        json.object { json in
            json.member("id", "service:" + name)
            json.member("type", "service")
            json.member("sid", name)
            json.member("node", node)
            json.member("state", state)
            // What is ignored has no state of the manager's.
            if guest.isManaged { json.member("crm_state", state) }
            json.member("request_state", Self.requested(guest))
            json.member("status", "\(name) (\(node), \(state))")
            writeOptions(guest, hasDefaults: true, into: &json)
        }
    }

    private func writeOptions(_ guest: Guest, hasDefaults: Bool, into json: inout JSONWriter) {
        let isSet = guest.index % 3 == 0
        if isSet || hasDefaults {
            json.member("max_restart", 1)
            json.member("max_relocate", isSet ? 0 : 1)
        }
        if isSet { json.member("comment", guest.name) }
        switch inventory.release {
        case .v84: if isSet { json.member("group", "prefer-\(inventory.nodes[guest.node].name)") }
        case .v92: if hasDefaults { json.member("failback", 1) }
        }
    }

    /// Since when the local manager of a node that is on says nothing; nil while it does.
    private func silence(ofManagerOn node: Node) -> Double? {
        (world.trouble(.serviceDead, node: node.index, at: moment) ?? world.trouble(.haFailed, node: node.index, at: moment))?.start
    }

    /// Of a node that is given up one service is in error, and the others wait until it is fenced.
    private func state(ofService guest: Guest) -> String {
        let node = inventory.nodes[guest.node]
        guard guest.isManaged, guest.haState != "stopped", world.has(.haFailed, node, at: moment) else { return guest.haState ?? "ignored" }
        return managed.first { $0.node == node.index && $0.isManaged && $0.haState != "stopped" }?.index == guest.index ? "error" : "fence"
    }

    // MARK: words

    private static func serviceName(_ guest: Guest) -> String { "\(guest.kind == .qemu ? "vm" : "ct"):\(guest.vmid)" }

    /// What an operator wants of it.
    private static func requested(_ guest: Guest) -> String {
        switch guest.haState {
        case "stopped": "stopped"
        case "ignored", nil: "ignored"
        default: "started"
        }
    }

    /// Managers say every 5 seconds that they are there; who stopped did so last before that.
    private func lastBeat(isBeating: Bool, since: Double?) -> Int {
        let now = isBeating ? unixSeconds : Int(world.timeline.epoch + (since ?? moment))
        return now / 5 * 5
    }

    private func isOld(_ unixSeconds: Int) -> Bool { self.unixSeconds - unixSeconds > 30 }

    private func text(_ unixSeconds: Int) -> String { LocalTime(unixSeconds: unixSeconds).longText }
}
