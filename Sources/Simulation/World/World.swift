/// A simulated cluster: what there is, and every number of it at every moment, as a pure function of seed, counts, timeline and time.
///
/// Moments are seconds since the timeline's epoch. Nothing is remembered between two questions, so any number of processes that
/// share the arguments tell one story.
struct World: Sendable {
    /// Whether a node is on, and since when.
    enum Presence: Sendable, Equatable {
        case up(bootedAt: Double)
        /// `bootedAt` is the start that the outage ended.
        case down(since: Double, bootedAt: Double)

        var isUp: Bool {
            if case .up = self { true } else { false }
        }
    }

    /// How long the cluster goes on showing what a lost node said last.
    static let memorySeconds = 300.0
    /// How often a node tells the cluster its numbers.
    static let statisticsSeconds = 10.0
    /// How long a node is away that starts anew.
    static let restartSeconds = 30.0
    /// The paused guests were paused half an hour before the epoch.
    static let pausedAt = -1800.0

    /// What there is, as the last change of a guest left it.
    private(set) var inventory: Inventory
    /// What there was when the world began.
    let dealt: Inventory
    let timeline: Timeline
    /// By position: what became of the guests that somebody changed.
    private(set) var histories: [Int: GuestHistory] = [:]
    /// The same, in the order of vmids.
    private(set) var changed: [GuestHistory] = []
    /// By node: when it was off.
    private let outages: [[Span]]
    /// By guest: when it was driven to its limit. Most have none.
    private var saturations: [Int: [Span]] = [:]
    let troubles: Troubles

    /// Works out from the timeline what happened to which node and guest.
    init(inventory dealt: Inventory, timeline: Timeline) {
        self.dealt = dealt
        self.timeline = timeline
        var outages = [[Span]](repeating: [], count: dealt.nodes.count)
        var troubles = Troubles()
        var loads: [(node: Int?, span: Span)] = []
        var crashes: [(node: Int, span: Span)] = []
        for (index, change) in timeline.changes.enumerated() {
            let next = index + 1 < timeline.changes.count ? timeline.changes[index + 1].at : .infinity
            let span = Span(start: max(0, change.at - timeline.epoch), end: max(0, next - timeline.epoch))
            // A node that this world does not have may be another's, of the same directory.
            let named = change.node.map { dealt.node(named: $0) }
            let nodes: [Int] =
                switch change.scenario.reach {
                case .cluster: []
                case .everyNode where named == nil: Array(dealt.nodes.indices)
                default: [named ?? change.scenario.chosenNode(of: dealt.nodes.count)].compactMap { $0 }
                }
            switch change.scenario {
            case .normal: break
            case .nodeDown: for node in nodes { outages[node].extend(with: span) }
            case .reboot:
                let restart = Span(start: span.start, end: span.start + Self.restartSeconds)
                for node in nodes { outages[node].extend(with: restart) }
            case .cpuSaturation: if named == nil || !nodes.isEmpty { loads.append((nodes.first, span)) }
            case .guestCrashed: crashes += nodes.map { ($0, span) }
            case _ where change.scenario.reach == .cluster: troubles.add(change.scenario, node: nil, span)
            default: for node in nodes { troubles.add(change.scenario, node: node, span) }
            }
        }
        self.outages = outages
        self.troubles = troubles
        inventory = dealt
        let histories = histories(crashes: crashes)
        self.histories = histories
        changed = histories.values.sorted { $0.guest.index < $1.guest.index }
        if !histories.isEmpty {
            var guests = dealt.guests
            for (index, history) in histories { guests[index] = history.guest }
            inventory = Inventory(dealt, changedTo: guests)
        }
        for load in loads {
            for guest in saturated(onNode: load.node, at: load.span.start) { saturations[guest, default: []].extend(with: load.span) }
        }
    }

    /// A world whose inventory is dealt first.
    init(seed: UInt64, nodeCount: Int, guestCount: Int, cluster: String = "lab", timeline: Timeline) {
        self.init(
            inventory: Inventory(seed: seed, nodeCount: nodeCount, guestCount: guestCount, cluster: cluster), timeline: timeline)
    }

    /// The moment of a unix time. A clock before the world's beginning shows it as it was shortly before; it ends after 30 years.
    func moment(of unixSeconds: Double) -> Double { min(max(unixSeconds - timeline.epoch, Self.pausedAt), 1e9) }

    /// The last moment at which statistics were sent round.
    func statisticsMoment(of moment: Double) -> Double {
        let unixSeconds = timeline.epoch + moment
        return (unixSeconds / Self.statisticsSeconds).rounded(.down) * Self.statisticsSeconds - timeline.epoch
    }

    /// Whether the node at this position is on, and since when.
    func presence(of node: Int, at moment: Double) -> Presence { Self.presence(of: node, outages[node], dealt, at: moment) }

    private static func presence(of node: Int, _ outages: [Span], _ dealt: Inventory, at moment: Double) -> Presence {
        let past = outages.prefix { $0.start <= moment }
        guard let last = past.last else { return .up(bootedAt: dealt.nodes[node].firstBoot) }
        if moment >= last.end { return .up(bootedAt: last.end) }
        return .down(since: last.start, bootedAt: past.dropLast().last?.end ?? dealt.nodes[node].firstBoot)
    }

    /// Whether a node that was on kept its numbers for itself at any time between two moments, or nobody heard them.
    func wasSilent(node: Int, from start: Double, to end: Double) -> Bool {
        troubles.touches(.statisticsDead, node: node, from: start, to: end)
            || (troubles.touches(.quorumLost, node: nil, from: start, to: end) && node != askedNode(at: end))
    }

    /// The node that answers: the first that is on.
    func askedNode(at moment: Double) -> Int? { inventory.nodes.indices.first { presence(of: $0, at: moment).isUp } }

    /// Since when the node that answers sees no other; nil while it does.
    func isolation(at moment: Double) -> Span? { inventory.nodes.count > 1 ? trouble(.quorumLost, at: moment) : nil }

    /// Whether there is anybody to ask.
    func isAnyNodeUp(at moment: Double) -> Bool { inventory.nodes.indices.contains { presence(of: $0, at: moment).isUp } }

    /// Whether the node was off at any time between two moments.
    func wasDown(node: Int, from start: Double, to end: Double) -> Bool {
        outages[node].contains { $0.start < end && $0.end > start }
    }

    // MARK: CPU, the one quantity that scenarios change

    /// Fraction of the guest's CPUs in use.
    func cpu(of guest: Guest, at moment: Double) -> Double {
        guard guest.role == .running else { return 0 }
        let saturated = saturations[guest.index]?.contains { $0.contains(moment) } ?? false
        return (saturated ? guest.saturatedCPU : guest.cpu).value(at: moment)
    }

    /// The integral of `cpu(of:at:)`: seconds of work per CPU.
    func cpuArea(of guest: Guest, from start: Double, to end: Double) -> Double {
        guest.role == .running ? workArea(of: guest, from: start, to: end) : 0
    }

    /// The same of a guest that ran all that time, whatever it does now.
    func workArea(of guest: Guest, from start: Double, to end: Double) -> Double {
        guard end > start else { return 0 }
        var area = guest.cpu.area(from: start, to: end)
        for span in saturations[guest.index] ?? [] where span.start < end && span.end > start {
            let (low, high) = (max(span.start, start), min(span.end, end))
            area += guest.saturatedCPU.area(from: low, to: high) - guest.cpu.area(from: low, to: high)
        }
        return area
    }
}
