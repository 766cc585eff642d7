/// The KVM host at every moment, as a pure function of its plan, the timeline and time: nothing is remembered between two questions.
///
/// Moments are seconds since the timeline's epoch, as in `World`.
struct KVMWorld: Sendable {
    /// What a domain does.
    enum Life: Sendable, Equatable {
        case running(bootedAt: Double)
        case paused(PauseReason, since: Double, bootedAt: Double)
        case off(OffReason)

        var isActive: Bool {
            if case .off = self { false } else { true }
        }

        /// virDomainState and the reason that belongs to it.
        var state: (state: Int32, reason: Int32) {
            switch self {
            case .running: (1, 1)
            case .paused(let reason, _, _): (3, reason.rawValue)
            case .off(let reason): (5, reason.rawValue)
            }
        }

        var bootedAt: Double? {
            switch self {
            case .running(let bootedAt), .paused(_, _, let bootedAt): bootedAt
            case .off: nil
            }
        }
    }

    /// virDomainPausedReason.
    enum PauseReason: Int32, Sendable {
        case byUser = 1
        case inputOutputError = 5
    }

    /// virDomainShutoffReason.
    enum OffReason: Int32, Sendable {
        case shutDown = 1
        case crashed = 3
    }

    /// How long the daemon is away that starts anew.
    static let restartSeconds = 6.0
    /// Up to so many domains crash at once.
    static let crashLimit = 3
    /// The paused ones were paused half an hour before the epoch, as in `World`.
    static let pausedAt = World.pausedAt
    /// Images in the chain of the one that somebody takes snapshots of and never merges.
    static let deepChain = 14

    let plan: KVMPlan
    let timeline: Timeline
    private let spans: [Scenario: [Span]]

    init(plan: KVMPlan, timeline: Timeline) {
        self.plan = plan
        self.timeline = timeline
        var spans: [Scenario: [Span]] = [:]
        for (index, change) in timeline.changes.enumerated() where change.node == nil && change.scenario != .normal {
            let next = index + 1 < timeline.changes.count ? timeline.changes[index + 1].at : .infinity
            spans[change.scenario, default: []].extend(
                with: Span(start: max(0, change.at - timeline.epoch), end: max(0, next - timeline.epoch)))
        }
        self.spans = spans
    }

    /// The moment of a unix time, within what the world knows.
    func moment(of unixSeconds: Double) -> Double { min(max(unixSeconds - timeline.epoch, Self.pausedAt), 1e9) }

    /// When a scenario was played of which no node has it for itself.
    func spans(_ scenario: Scenario) -> [Span] { spans[scenario] ?? [] }

    /// Since when it is played; nil when it is not.
    func trouble(_ scenario: Scenario, at moment: Double) -> Span? { spans(scenario).first { $0.contains(moment) } }

    /// Whom a scenario is about that is about one domain: the second that was running when the world began, or the only one.
    var victim: Int? {
        let running = plan.domains.lazy.filter { $0.role == .running }.prefix(2)
        return Array(running).last?.index
    }

    func isVictim(_ domain: DomainPlan) -> Bool { domain.index == victim }

    /// Whether the QEMU of a domain does not answer its monitor.
    func hangs(_ domain: DomainPlan, at moment: Double) -> Bool {
        if isVictim(domain), trouble(.guestHung, at: moment) != nil { return true }
        return domain.role != .off && trouble(.guestsHung, at: moment) != nil
    }

    /// Since when somebody who does not come back has the lock of a domain; nil when nobody has.
    func lockedSince(_ domain: DomainPlan, at moment: Double) -> Double? {
        isVictim(domain) ? trouble(.guestLocked, at: moment)?.start : nil
    }

    /// Whether libvirtd is there to be asked.
    func isDaemonUp(at moment: Double) -> Bool {
        trouble(.daemonDown, at: moment) == nil
            && !spans(.daemonRestart).contains { moment >= $0.start && moment < $0.start + Self.restartSeconds }
    }

    /// Seconds that libvirtd itself has worked since it was started.
    func daemonWork(at moment: Double) -> Double {
        let restarts = spans(.daemonRestart).map { $0.start + Self.restartSeconds } + spans(.daemonDown).map(\.end)
        let startedAt = restarts.filter { $0 <= moment }.max() ?? Self.hostBootedAt
        return max(0, moment - startedAt) * Self.daemonLoad
    }

    /// When the host was started, before the world began.
    static let hostBootedAt = -40 * 86_400.0
    private static let daemonLoad = 0.004

    // MARK: Lives

    /// Those that crash when guests do: up to three that start with the host.
    var crashing: [Int] {
        Array(plan.domains.lazy.filter { $0.role == .running && $0.startsWithHost }.prefix(Self.crashLimit).map(\.index))
    }

    private func crashes(of domain: DomainPlan) -> [Span] {
        let crashes = spans(.guestCrashed)
        return crashes.isEmpty || !crashing.contains(domain.index) ? [] : crashes
    }

    func life(of domain: DomainPlan, at moment: Double) -> Life {
        if domain.role == .off { return .off(.shutDown) }
        let crashes = crashes(of: domain)
        if crashes.contains(where: { $0.contains(moment) }) { return .off(.crashed) }
        let bootedAt = crashes.last { $0.end <= moment }?.end ?? domain.firstBoot
        if domain.role == .paused { return .paused(.byUser, since: Self.pausedAt, bootedAt: bootedAt) }
        if isVictim(domain), let span = trouble(.guestPausedIOError, at: moment) {
            return .paused(.inputOutputError, since: span.start, bootedAt: bootedAt)
        }
        return .running(bootedAt: bootedAt)
    }

    /// The number that libvirt gives a domain while it is active; -1 for one that is off.
    func number(of domain: DomainPlan, at moment: Double) -> Int32 {
        guard life(of: domain, at: moment).isActive else { return -1 }
        let starts = crashes(of: domain).count { $0.end <= moment }
        return Int32(clamping: plan.firstNumbers[domain.index] + starts * plan.domains.count)
    }

    // MARK: Sums over time

    /// When a domain went forward between two moments. Sums over these parts stand exactly still while it does.
    private func steps(of domain: DomainPlan, from start: Double, to end: Double) -> [Span] {
        var stops = domain.role == .paused ? [Span(start: Self.pausedAt, end: .infinity)] : []
        if isVictim(domain) { stops += spans(.guestHung) + spans(.guestPausedIOError) }
        if domain.role == .running { stops += spans(.guestsHung) }
        var parts: [Span] = []
        var reached = start
        for stop in stops.sorted(by: { $0.start < $1.start }) where stop.end > reached {
            if let part = Span(start: reached, end: stop.start).part(from: start, to: end) { parts.append(part) }
            reached = stop.end
        }
        if let part = Span(start: reached, end: .infinity).part(from: start, to: end) { parts.append(part) }
        return parts
    }

    /// The integral of a wave over the time in which the domain has run since it was started.
    func area(_ wave: Wave, of domain: DomainPlan, at moment: Double) -> Double {
        guard let bootedAt = life(of: domain, at: moment).bootedAt else { return 0 }
        return area(wave, of: domain, from: bootedAt, to: moment)
    }

    private func area(_ wave: Wave, of domain: DomainPlan, from start: Double, to end: Double) -> Double {
        steps(of: domain, from: start, to: end).reduce(0) { $0 + wave.area(from: $1.start, to: $1.end) }
    }

    /// The part of that integral that falls into a scenario.
    func area(_ wave: Wave, of domain: DomainPlan, during scenario: Scenario, at moment: Double) -> Double {
        guard let bootedAt = life(of: domain, at: moment).bootedAt else { return 0 }
        return spans(scenario).reduce(0) { sum, span in
            guard let part = span.part(from: bootedAt, to: moment) else { return sum }
            return sum + area(wave, of: domain, from: part.start, to: part.end)
        }
    }

    /// Seconds that a domain has run since it was started.
    func activeSeconds(of domain: DomainPlan, at moment: Double) -> Double {
        guard let bootedAt = life(of: domain, at: moment).bootedAt else { return 0 }
        return steps(of: domain, from: bootedAt, to: moment).reduce(0) { $0 + $1.seconds }
    }

    /// The same of the time of a scenario.
    func activeSeconds(of domain: DomainPlan, during scenario: Scenario, at moment: Double) -> Double {
        guard let bootedAt = life(of: domain, at: moment).bootedAt else { return 0 }
        let parts = spans(scenario).compactMap { $0.part(from: bootedAt, to: moment) }
        // No two scenarios are played at once, so that one of these never falls into a stop but that of somebody who has paused it.
        return domain.role == .paused ? 0 : parts.reduce(0) { $0 + $1.seconds }
    }
}
