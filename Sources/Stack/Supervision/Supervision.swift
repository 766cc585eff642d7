import Primitives

/// When which child is started, asked to end, and killed. It is told what happened and when, says what to do, and does nothing itself.
struct Supervision {
    /// A moment of the monotonic clock.
    typealias Instant = ContinuousClock.Instant

    /// Something to do with the child of that index.
    enum Action: Equatable {
        case start(Int)
        /// SIGTERM.
        case terminate(Int)
        /// SIGKILL.
        case kill(Int)
        /// It survived even SIGKILL; nobody waits for it any longer.
        case abandon(Int)
    }

    private enum Phase: Equatable {
        case idle
        case running(since: Instant)
        case waiting(until: Instant)

        var isRunning: Bool { if case .running = self { true } else { false } }
    }

    private struct Child {
        let stage: Int
        var phase = Phase.idle
        var backOff = BackOff()
    }

    private struct Stop {
        let deadline: Instant
        /// Kept for each stage that comes later.
        let reserveSeconds: Double
        var stage: Int
        var killAt: Instant
        var isKilled = false
    }

    /// What a killed process may take to vanish.
    private static let graceSeconds = 1.0

    private var children: [Child]
    private var stop: Stop?
    /// Everything has ended and nothing will start again.
    private(set) var isOver = false

    /// - Parameter stages: of each child; the highest stage ends first.
    init(stages: [Int]) { children = stages.map { Child(stage: $0) } }

    /// Whether a child that ends now ends as it should.
    var isStopping: Bool { stop != nil || isOver }

    /// A child runs.
    mutating func didStart(_ child: Int, at now: Instant) { children[child].phase = .running(since: now) }

    /// A child ended, or could not be started. Returns the seconds until its next start; nil when there is none.
    mutating func didEnd(_ child: Int, at now: Instant) -> Double? {
        let phase = children[child].phase
        children[child].phase = .idle
        guard !isStopping else { return nil }
        var ran = 0.0
        if case .running(let since) = phase { ran = (now - since).seconds }
        let delay = children[child].backOff.delay(afterRunningSeconds: ran)
        children[child].phase = .waiting(until: now + .seconds(delay))
        return delay
    }

    /// Begins to end all children, stage after stage. Each has the time that the later ones can spare. Later calls do nothing.
    mutating func stop(at now: Instant, withinSeconds seconds: Double) {
        guard !isStopping else { return }
        for index in children.indices where !children[index].phase.isRunning { children[index].phase = .idle }
        let stages = Set(children.indices.filter { children[$0].phase.isRunning }.map { children[$0].stage }).count
        let stop = Stop(
            deadline: now + .seconds(max(0, seconds)), reserveSeconds: max(0, seconds) / Double(2 * max(1, stages)), stage: .max,
            killAt: now)
        self.stop = stop
    }

    /// What is to be done by now.
    mutating func due(at now: Instant) -> [Action] {
        guard stop != nil else { return restarts(at: now) }
        var actions: [Action] = []
        while let current = stop {
            let running = children.indices.filter { children[$0].stage == current.stage && children[$0].phase.isRunning }
            if running.isEmpty {
                beginNextStage(after: current, &actions)
            } else if !current.isKilled {
                guard now >= current.killAt else { break }
                stop?.isKilled = true
                actions += running.map { .kill($0) }
            } else {
                guard now >= current.killAt + .seconds(Self.graceSeconds) else { break }
                for child in running { children[child].phase = .idle }
                actions += running.map { .abandon($0) }
            }
        }
        return actions
    }

    /// When `due` has something to say next without news from a child; nil for never.
    var nextDue: Instant? {
        if let stop { return stop.isKilled ? stop.killAt + .seconds(Self.graceSeconds) : stop.killAt }
        return children.compactMap { child in
            if case .waiting(let until) = child.phase { until } else { nil }
        }.min()
    }

    private mutating func restarts(at now: Instant) -> [Action] {
        var actions: [Action] = []
        for index in children.indices {
            guard case .waiting(let until) = children[index].phase, until <= now else { continue }
            children[index].phase = .idle
            actions.append(.start(index))
        }
        return actions
    }

    private mutating func beginNextStage(after current: Stop, _ actions: inout [Action]) {
        let running = children.indices.filter { children[$0].phase.isRunning }
        let stages = Set(running.map { children[$0].stage }).sorted()
        guard let stage = stages.last else {
            stop = nil
            isOver = true
            return
        }
        stop?.stage = stage
        stop?.isKilled = false
        stop?.killAt = current.deadline - .seconds(current.reserveSeconds * Double(stages.count - 1))
        actions += running.filter { children[$0].stage == stage }.map { .terminate($0) }
    }
}
