/// What became of a guest that somebody changed. Moments are seconds since the world's epoch.
struct GuestHistory: Sendable {
    /// A stretch in which the guest had a process on one node.
    struct Stay: Sendable, Equatable {
        let node: Int
        /// When the process began, and with it the counters of the hypervisor.
        let start: Double
        /// Infinite while it lasts.
        var end: Double
        /// When the system inside began: on another node, if it came from there.
        let startedAt: Double
        /// Whether it works; a paused guest does not.
        let isActive: Bool
    }

    /// The guest as it is now.
    private(set) var guest: Guest
    /// In the order of time.
    private(set) var stays: [Stay] = []
    /// Where its configuration was, from when on.
    private var places: [(from: Double, node: Int)]
    private var goneAt = Double.infinity
    /// It stands still because it has crashed, not because somebody wanted it to.
    private var hasCrashed = false
    /// How often it was changed.
    private(set) var changeCount = 0

    /// A guest that nobody has changed yet.
    init(_ guest: Guest) {
        self.guest = guest
        places = [(-.infinity, guest.node)]
        guard guest.isLive else { return }
        stays = [
            Stay(node: guest.node, start: guest.firstBoot, end: .infinity, startedAt: guest.firstBoot, isActive: guest.role == .running)
        ]
    }

    /// Where the guest was at a moment; nil when it was gone.
    func node(at moment: Double) -> Int? {
        guard moment < goneAt else { return nil }
        return places.last { $0.from <= moment }?.node
    }

    /// The stretch that a moment falls in.
    func stay(at moment: Double) -> Stay? { stays.last { $0.start <= moment && moment < $0.end } }

    /// Does what is asked. A template does not start, and what is gone stays gone.
    ///
    /// - Parameter node: the position of the node that the order names.
    /// - Parameter presence: whether a node is on at this moment, and since when.
    mutating func apply(_ order: GuestOrder, node: Int?, at moment: Double, presence: (Int) -> World.Presence) {
        guard !guest.isGone else { return }
        let before = guest
        changeCount += 1
        if let name = order.name { guest.name = name }
        if let tags = order.tags { guest.tags = tags.isEmpty ? nil : tags }
        if let hasExporter = order.hasExporter { guest.hasExporter = hasExporter }
        if let hasAgent = order.hasAgent, guest.kind == .qemu {
            guest.agentSwitch = hasAgent
            if hasAgent { guest.hasAgent = true }
        }
        if let isRunning = order.isRunning, guest.role != .template {
            hasCrashed = false
            guest.role = isRunning ? .running : .stopped
            // What is started is neither half saved nor half copied.
            if isRunning { guest.lock = nil }
            guest.haState = Self.haState(guest.haState, isRunning: isRunning)
        }
        if let node, node != guest.node {
            guest.node = node
            places.append((moment, node))
            // It has arrived.
            if guest.haState == "migrate" { guest.haState = "started" }
        }
        if order.isDeletion {
            guest.isGone = true
            goneAt = moment
        }
        let isLive = guest.isLive && !guest.isGone
        guard guest.node != before.node || guest.role != before.role || guest.isGone else { return }
        let old = before.isLive ? stays.last : nil
        if old != nil { stays[stays.count - 1].end = moment }
        guard isLive else { return }
        let startedAt = guest.role == before.role ? old.map { Self.startedAt($0, presence: presence($0.node)) ?? moment } : nil
        stays.append(
            Stay(node: guest.node, start: moment, end: .infinity, startedAt: startedAt ?? moment, isActive: guest.role == .running))
    }

    /// Ends its process without anybody having asked for it: what others want of it stays what it was.
    mutating func crash(at moment: Double) {
        guard guest.role == .running, !guest.isGone, let last = stays.last, last.start <= moment else { return }
        guest.role = .stopped
        hasCrashed = true
        stays[stays.count - 1].end = moment
    }

    /// Somebody starts it again after it has crashed, unless that has been done.
    mutating func recover(at moment: Double) {
        guard hasCrashed, !guest.isGone else { return }
        hasCrashed = false
        guest.role = .running
        stays.append(Stay(node: guest.node, start: moment, end: .infinity, startedAt: moment, isActive: true))
    }

    /// When the system inside began that is there now; nil when its node is off.
    private static func startedAt(_ stay: Stay, presence: World.Presence) -> Double? {
        guard case .up(let bootedAt) = presence else { return nil }
        return bootedAt > stay.start ? bootedAt : stay.startedAt
    }

    /// HA wants what the one who starts and stops guests wants; it leaves alone what it ignores and what is in error.
    private static func haState(_ state: String?, isRunning: Bool) -> String? {
        switch state {
        case "started", "migrate", "stopped": isRunning ? "started" : "stopped"
        default: state
        }
    }
}

extension World {
    /// What became of guests: what somebody did to them, and which of them crashed.
    func histories(crashes: [(node: Int, span: Span)]) -> [Int: GuestHistory] {
        var histories: [Int: GuestHistory] = [:]
        var crashes = crashes[...]
        var crashed: (guests: [Int], until: Double) = ([], .infinity)
        /// Carries out what the scenarios do up to a moment.
        func crash(until moment: Double) {
            while true {
                if crashed.until <= moment {
                    for guest in crashed.guests { histories[guest]?.recover(at: crashed.until) }
                    crashed = ([], .infinity)
                } else if let next = crashes.first, next.span.start <= moment {
                    crashes.removeFirst()
                    crashed = (unstable(onNode: next.node, at: next.span.start, histories), next.span.end)
                    for guest in crashed.guests { histories[guest, default: GuestHistory(dealt.guests[guest])].crash(at: next.span.start) }
                } else {
                    return
                }
            }
        }
        for change in timeline.guestChanges {
            let moment = max(0, change.at - timeline.epoch)
            crash(until: moment)
            // A guest or a node that this world does not have may be another's, of the same directory.
            guard let guest = dealt.guest(vmid: change.vmid) else { continue }
            histories[guest.index, default: GuestHistory(guest)].apply(
                change.order, node: change.order.node.flatMap { dealt.node(named: $0) }, at: moment
            ) { presence(of: $0, at: moment) }
        }
        // Neither a scenario nor its end is in the future: all of it has been asked for.
        crash(until: .greatestFiniteMagnitude)
        return histories
    }

    /// The first three guests on a node that run, start with it, and that HA does not start again.
    private func unstable(onNode node: Int, at moment: Double, _ histories: [Int: GuestHistory]) -> [Int] {
        let own = dealt.guests.lazy.filter { guest in
            guard let history = histories[guest.index] else { return guest.role == .running && guest.node == node }
            return history.stay(at: moment).map { $0.isActive && $0.node == node } ?? false
        }
        return own.filter { !$0.isManaged && GuestIdentity($0, in: self).startsOnBoot }.prefix(3).map(\.index)
    }

    /// When the system inside a guest began, and when the counters of its hypervisor did, on a node that has run since `bootedAt`.
    func starts(of guest: Guest, nodeBootedAt bootedAt: Double) -> (system: Double, counters: Double) {
        if let stay = histories[guest.index]?.stays.last {
            return bootedAt > stay.start ? (bootedAt, bootedAt) : (stay.startedAt, stay.start)
        }
        let boot = bootedAt < 0 ? guest.firstBoot : bootedAt
        return (boot, boot)
    }

    /// When a guest of a node that has started at `bootedAt` started itself.
    func boot(of guest: Guest, nodeBootedAt bootedAt: Double) -> Double { starts(of: guest, nodeBootedAt: bootedAt).system }

    /// Where a guest was at a moment; nil when it was gone.
    func node(ofGuest index: Int, at moment: Double) -> Int? {
        guard let history = histories[index] else { return dealt.guests[index].node }
        return history.node(at: moment)
    }

    /// Calls `body` for each stretch that a guest has spent on a node since that started, with its begin and end. What has left is told of too,
    /// so that sums over them never shrink.
    func forEachVisit(
        of node: Node, bootedAt: Double, until moment: Double,
        _ body: (_ guest: Guest, _ start: Double, _ end: Double, _ isActive: Bool) -> Void
    ) {
        func visit(_ guest: Guest) {
            guard guest.isLive, histories.isEmpty || histories[guest.index] == nil else { return }
            let start = bootedAt < 0 ? guest.firstBoot : bootedAt
            let isActive = guest.role == .running
            body(guest, start, max(start, isActive ? moment : min(moment, Self.pausedAt)), isActive)
        }
        let own = dealt.nodes[node.index]
        for index in own.qemu { visit(dealt.guests[index]) }
        for index in own.lxc { visit(dealt.guests[index]) }
        for history in changed {
            for stay in history.stays where stay.node == node.index {
                let start = max(stay.start, bootedAt)
                let end = min(stay.end, stay.isActive ? moment : min(moment, Self.pausedAt))
                if end > start { body(history.guest, start, end, stay.isActive) }
            }
        }
    }

    /// The guests that a scenario drives to their limit that begins at `moment`: the first VM and container that run on one node.
    ///
    /// - Parameter node: by default the first node that has both.
    func saturated(onNode node: Int?, at moment: Double) -> [Int] {
        guard !histories.isEmpty else { return dealt.saturated(onNode: node) }
        var first = [(qemu: Int?, lxc: Int?)](repeating: (nil, nil), count: dealt.nodes.count)
        for guest in dealt.guests {
            let place: Int?
            if let history = histories[guest.index] {
                place = history.stay(at: moment).flatMap { $0.isActive ? $0.node : nil }
            } else {
                place = guest.role == .running ? guest.node : nil
            }
            guard let place else { continue }
            switch guest.kind {
            case .qemu: first[place].qemu = first[place].qemu ?? guest.index
            case .lxc: first[place].lxc = first[place].lxc ?? guest.index
            }
        }
        let pairs = (node.map { [first[$0]] } ?? first).map { [$0.qemu, $0.lxc].compactMap { $0 } }
        return pairs.first { $0.count == 2 } ?? pairs.first { !$0.isEmpty } ?? []
    }
}
