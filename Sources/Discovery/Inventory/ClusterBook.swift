import ProxmoxAPI

/// What is known of one cluster, and what is to be asked next. Pure: it is told the time, and asks nobody.
struct ClusterBook: Sendable {
    /// How often things are asked again, in seconds.
    struct Pace: Sendable {
        var cacheSeconds: Double
        var addressSeconds: Double
        var configurationSeconds: Double
    }

    struct Node: Sendable, Equatable {
        let name: String
        let isOnline: Bool
        let address: String?
    }

    /// A guest about which something is to be asked.
    struct Job: Sendable, Equatable {
        let vmid: Int
        let kind: GuestKind
        let node: String
        let wantsConfiguration: Bool
        let wantsAddresses: Bool
    }

    /// What came of it; nil for what was not asked.
    struct Reading: Sendable {
        enum Addresses: Sendable {
            case told([GuestAddress])
            case silent(GuestRecord.Silence)
        }

        var details: GuestRecord.Details?
        /// The configuration was asked for in vain.
        var failed = false
        var addresses: Addresses?
        /// The node did not answer, which says nothing of the guest.
        var isNodeSilent = false
    }

    /// In which nothing inside runs that could answer. One that is paused keeps its addresses, as it may go on at any time.
    private static let restingStates: Set = ["stopped", "paused", "suspended", "prelaunch"]
    /// Between two questions for an agent that never answers.
    private static let longestPauseSeconds = 3600.0

    var pace: Pace
    private(set) var nodes: [Node] = []
    private(set) var guests: [Int: GuestRecord] = [:]
    /// The plugin of each storage, by node and name.
    private(set) var storageTypes: [Storage: String] = [:]
    /// The credential may not see where nodes are.
    private(set) var areNodesHidden = false
    /// Grows with each change of what is known.
    private(set) var generation = 0

    struct Storage: Hashable, Sendable {
        let node: String
        let name: String
    }

    init(pace: Pace) { self.pace = pace }

    /// Takes the cluster's lists. Who is not in them is gone.
    ///
    /// - Parameter status: nil when it could not be had; then the resources say who is online, and nodes are where they were.
    /// - Parameter isStatusForbidden: the status may not be seen, and not only now.
    mutating func take(
        _ resources: ClusterResources, _ status: ClusterStatus?, isStatusForbidden: Bool = false, filter: GuestFilter, now: Double
    ) {
        let old = self
        areNodesHidden = isStatusForbidden
        // Of a node that is off the cluster does not tell the address.
        func known(_ name: String) -> String? { nodes.first { $0.name == name }?.address }
        let seen: [Node] =
            status?.nodes.map { Node(name: $0.name, isOnline: $0.isOnline ?? false, address: $0.address ?? known($0.name)) }
            ?? resources.nodes.map { Node(name: $0.name, isOnline: $0.status == "online", address: known($0.name)) }
        nodes = seen.filter { filter.takes(node: $0.name) }.sorted { $0.name < $1.name }
        var types: [Storage: String] = [:]
        for storage in resources.storages where !storage.type.isEmpty {
            types[Storage(node: storage.node, name: storage.name)] = storage.type
        }
        // Of whoever may not see storages any more the list has none; what they are has not changed.
        if !types.isEmpty { storageTypes = types }
        var next: [Int: GuestRecord] = [:]
        next.reserveCapacity(resources.guests.count)
        for row in resources.guests where filter.takes(node: row.node) && next[row.vmid] == nil {
            let record = Self.record(row, before: guests[row.vmid].flatMap { $0.row.kind == row.kind ? $0 : nil }, now: now)
            guard filter.takes(vmid: row.vmid, tags: record.row.tags, pool: record.row.pool ?? "") else { continue }
            next[row.vmid] = record
        }
        let isChange =
            old.nodes != nodes || old.storageTypes != storageTypes || old.guests.count != next.count
            || next.contains { vmid, record in
                old.guests[vmid].map { $0.row != record.row || $0.isActive != record.isActive || $0.addresses != record.addresses } ?? true
            }
        guests = next
        if isChange { generation += 1 }
    }

    private static func record(_ row: GuestResource, before: GuestRecord?, now: Double) -> GuestRecord {
        // The cluster has forgotten all but where the guest was.
        let isForgotten = row.status == nil || row.status == "unknown"
        var known = before?.row ?? GuestRecord.Row(kind: row.kind, vmid: row.vmid, node: row.node)
        known.node = row.node
        known.status = row.status ?? "unknown"
        known.name = row.name ?? known.name
        if !isForgotten {
            known.isTemplate = row.isTemplate ?? false
            known.tags = row.tags ?? ""
            known.pool = row.pool
            known.haState = row.haState
            known.cpus = row.cpus
            known.memoryBytes = row.memoryBytes
        }
        let isActive = isForgotten ? before?.isActive ?? false : !restingStates.contains(row.status ?? "")
        guard var record = before else {
            var record = GuestRecord(row: known, isActive: isActive)
            record.configurationDue = now
            record.addressesDue = now
            record.uptimeSeconds = row.uptimeSeconds
            return record
        }
        let hasStarted = isActive && !record.isActive
        let hasRestarted = (row.uptimeSeconds ?? 0) < (record.uptimeSeconds ?? 0)
        let hasMoved = known.node != record.row.node
        record.row = known
        record.uptimeSeconds = row.uptimeSeconds
        if row.status == "stopped" {
            // Who has its addresses while it is off nobody knows.
            record.addresses = []
            record.silence = .unread
            record.isRead = false
        }
        record.isActive = isActive
        if hasStarted || hasRestarted {
            record.configurationDue = now
            record.addressesDue = now
            record.failures = 0
        } else if hasMoved {
            record.addressesDue = now
        }
        return record
    }

    /// Takes another pace: what was being asked is asked again.
    mutating func adopt(pace: Pace) {
        self.pace = pace
        for vmid in Array(guests.keys) { guests[vmid]?.isAsking = false }
        generation += 1
    }

    /// Whether nothing is missing that one who asks long enough would be told: where each node is, and all of each guest that runs. Of a
    /// guest that the cluster has forgotten, as its node is off, that is what it was when it was last heard of.
    var isWhole: Bool {
        (areNodesHidden || nodes.allSatisfy { $0.address != nil }) && unread == 0
    }

    /// Guests that are wanted and not known.
    var unread: Int {
        let online = Set(nodes.lazy.filter(\.isOnline).map(\.name))
        return guests.values.count { record in
            if record.row.status == "unknown", !record.row.isDescribed { return true }
            return record.isActive && !record.isRead && online.contains(record.row.node)
        }
    }

    /// Guests about which something is to be asked and was not yet.
    func due(now: Double) -> Int {
        guests.values.count {
            $0.isActive && !$0.row.isTemplate && ($0.configurationDue <= now || $0.details?.hasAgent == true && $0.addressesDue <= now)
        }
    }

    /// Whom to ask now, by node; they are being asked from here on. Of a node that is off nobody is.
    mutating func takeDue(now: Double) -> [String: [Job]] {
        let online = Set(nodes.lazy.filter(\.isOnline).map(\.name))
        var jobs: [String: [Job]] = [:]
        for (vmid, record) in guests where record.isActive && !record.row.isTemplate && !record.isAsking && online.contains(record.row.node)
        {
            let wantsConfiguration = record.configurationDue <= now
            let wantsAddresses = record.addressesDue <= now && (wantsConfiguration || record.details?.hasAgent ?? false)
            guard wantsConfiguration || wantsAddresses else { continue }
            guests[vmid]?.isAsking = true
            jobs[record.row.node, default: []].append(
                Job(
                    vmid: vmid, kind: record.row.kind, node: record.row.node, wantsConfiguration: wantsConfiguration,
                    wantsAddresses: wantsAddresses))
        }
        // Who is not known at all goes first, then who has waited longest.
        func order(_ job: Job) -> (Int, Double, Int) {
            guard let record = guests[job.vmid] else { return (1, now, job.vmid) }
            return (record.isRead ? 1 : 0, min(record.configurationDue, record.addressesDue), job.vmid)
        }
        for node in Array(jobs.keys) { jobs[node]?.sort { order($0) < order($1) } }
        return jobs
    }

    private static func kept(_ addresses: [GuestAddress], _ details: GuestRecord.Details?) -> [GuestAddress] {
        guard addresses.count > GuestRecord.addressLimit else { return addresses }
        let own = Set((details?.cards ?? []).map(\.hardwareAddress))
        func isOwn(_ address: GuestAddress) -> Bool { own.contains(address.hardwareAddress.lowercased()) }
        return Array((addresses.filter(isOwn) + addresses.filter { !isOwn($0) }).prefix(GuestRecord.addressLimit))
    }

    /// Gives back a job that there was no time for.
    mutating func putBack(_ job: Job) { guests[job.vmid]?.isAsking = false }

    /// Takes what came of a job.
    ///
    /// - Parameter spread: from 0.9 to 1.1.
    mutating func finish(_ job: Job, _ reading: Reading, now: Double, spread: Double) {
        guard var record = guests[job.vmid], record.row.kind == job.kind else { return }
        record.isAsking = false
        defer { guests[job.vmid] = record }
        // It has moved or stopped meanwhile: what was asked is not of what is there now.
        guard record.isActive, record.row.node == job.node else { return }
        let old = (record.details, record.addresses, record.silence, record.isRead)
        defer { if old != (record.details, record.addresses, record.silence, record.isRead) { generation += 1 } }
        if let details = reading.details {
            // Other cards are another machine under the same number.
            if let known = record.details, known.cards.map(\.hardwareAddress) != details.cards.map(\.hardwareAddress) {
                record.addresses = []
            }
            record.details = details
            record.configurationDue = now + pace.configurationSeconds * spread
            if !details.hasAgent {
                record.addresses = []
                record.silence = .noAgent
            }
        }
        guard !reading.isNodeSilent else {
            if !record.isRead { record.silence = .unreachable }
            if reading.details == nil, job.wantsConfiguration { record.configurationDue = now + pace.cacheSeconds }
            record.addressesDue = now + pace.cacheSeconds
            return
        }
        record.isRead = true
        var hasFailed = reading.failed
        switch reading.addresses {
        case .told(let addresses)?:
            record.addresses = Self.kept(addresses, record.details)
            record.silence = .noMatch
            record.addressesDue = now + pace.addressSeconds * spread
        case .silent(let silence)?:
            hasFailed = true
            // Addresses that it told before are the best that is known.
            record.silence = silence
        case nil: break
        }
        record.failures = hasFailed ? min(record.failures + 1, 16) : 0
        if hasFailed {
            // A guest that starts answers soon, one without a living agent never does, and each question costs its node some seconds.
            let pause = pace.cacheSeconds * Double(1 << (record.failures - 1))
            if reading.failed { record.configurationDue = now + min(pause, pace.configurationSeconds) * spread }
            record.addressesDue = now + min(pause, max(pace.addressSeconds, Self.longestPauseSeconds)) * spread
        }
    }
}
