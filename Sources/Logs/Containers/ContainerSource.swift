import Ownership
import Primitives
import Synchronization
import Web

/// Follows the logs of all containers that the engine tells of, each from where it was read to.
final class ContainerSource: Sendable {
    private struct Followed {
        /// The engine's state when the stream began, by which one sees that nothing can have come since.
        var finishedAt: Double?
        var isAtWork = false
        var isDone = false
        var failures = 0
        /// Not before; nil for at once.
        var nextAt: ContinuousClock.Instant?
        /// What went wrong and was logged.
        var said = ""
    }

    private struct State {
        var followed: [String: Followed] = [:]
        var places: [String: ContainerPlace] = [:]
    }

    private let engine: ContainerEngine
    private let store: PlaceStore
    private let queue: LogQueue
    private let table: StreamTable
    private let halt: Halt
    private let tally: LogsTally
    private let logger: Logger
    private let lineBytes: Int
    /// Where logs of containers that nobody has read begin.
    private let begin: Int64
    /// The machine's name is the id of the container that this program runs in, if it does.
    private let ownName: String
    private let state: Mutex<State>

    private static let lookSeconds = 1.0
    private static let retryLimitSeconds = 60.0
    /// Of a log driver that does not tell.
    private static let refusedSeconds = 300.0
    private static let streamLimit = 2000

    init(
        _ engine: ContainerEngine, store: PlaceStore, maxAgeSeconds: Double, queue: LogQueue, table: StreamTable, halt: Halt,
        tally: LogsTally,
        logger: Logger, lineBytes: Int, ownName: String = ProcessEnvironment.hostName
    ) {
        self.engine = engine
        self.store = store
        self.queue = queue
        self.table = table
        self.halt = halt
        self.tally = tally
        self.logger = logger
        self.lineBytes = lineBytes
        self.ownName = ownName
        begin = Int64(WallClock.system.unixSeconds - maxAgeSeconds)
        state = Mutex(State(places: store.places.containers))
    }

    /// Until the halt is raised.
    func run(_ http: HTTPClient) async {
        let streams: HTTPClient
        do {
            // One of its own: a full queue holds its thread.
            streams = try HTTPClient(connectionsPerHost: Self.streamLimit, connectionsKept: 16)
        } catch {
            logger.error("logs of containers are not read", ["reason": error.message])
            return tally.note(.containers, isUp: false, problem: error.message)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await engine.run(http, logger) }
            while await halt.sleep(seconds: Self.lookSeconds) {
                let view = engine.view
                note(view)
                for container in due(view) { group.addTask { [self] in await follow(container, streams) } }
            }
            streams.close()
            group.cancelAll()
        }
    }

    private func note(_ view: ContainerEngine.View) {
        switch view.state {
        case .answering: tally.note(.containers, isUp: true)
        case .unreachable(let reason): tally.note(.containers, isUp: false, problem: reason)
        // A machine without containers lacks nothing.
        case .absent: break
        }
    }

    /// Containers whose streams are to be begun now.
    private func due(_ view: ContainerEngine.View) -> [EngineContainer] {
        guard view.state == .answering else { return [] }
        let now = ContinuousClock.now
        let wanted = view.containers.filter { container in
            container.labels[LogsCollector.optOutLabel] != "false" && !(ownName.utf8.count == 12 && container.id.hasPrefix(ownName))
        }
        return state.withLock { state in
            let ids = Set(view.containers.map(\.id))
            for id in state.followed.keys where !ids.contains(id) && state.followed[id]?.isAtWork == false { state.followed[id] = nil }
            store.keep(containers: ids)
            var atWork = state.followed.values.count { $0.isAtWork }
            return wanted.filter { container in
                var followed = state.followed[container.id] ?? Followed()
                if followed.isDone, container.isRunning || container.finishedAt != followed.finishedAt { followed.isDone = false }
                guard !followed.isAtWork, !followed.isDone, followed.nextAt.map({ $0 <= now }) ?? true, atWork < Self.streamLimit,
                    container.state != "created"
                else {
                    return false
                }
                atWork += 1
                followed.isAtWork = true
                followed.finishedAt = container.finishedAt
                state.followed[container.id] = followed
                return true
            }
        }
    }

    private func follow(_ container: EngineContainer, _ http: HTTPClient) async {
        let place = state.withLock { $0.places[container.id] }
        // A second earlier: some engines leave out what is of that very moment.
        let since = place.map { $0.time / 1_000_000_000 - 1 } ?? begin
        var result = await stream(container, ContainerLines(after: place, lineBytes: lineBytes), since, http)
        if result.isLost, let place {
            logger.warn(
                "a log was rotated past the place to which it was read; what is left of that moment is sent again",
                ["container": container.name])
            result = await stream(container, ContainerLines(from: place.time, lineBytes: lineBytes), since, http)
        }
        end(container, result)
    }

    private func stream(_ container: EngineContainer, _ lines: ContainerLines, _ since: Int64, _ http: HTTPClient) async
        -> ContainerFollower.Result
    {
        let follower = ContainerFollower(
            container, lines, since: since, engine: engine, http: http, queue: queue, table: table, tally: tally, lineBytes: lineBytes)
        return await follower.run()
    }

    private func end(_ container: EngineContainer, _ result: ContainerFollower.Result) {
        if halt.isRaised { return }
        var problem: String?
        var pause = Self.lookSeconds
        switch result.end {
        case _ where result.isStrange: problem = "the engine's stream of logs has no frames"
        case .ended, .gone, .givenUp: break
        case .refused(let words):
            problem = words
            pause = Self.refusedSeconds
        case .failed(let words): problem = words
        }
        let isEngineThere = engine.view.state == .answering
        let isNews = state.withLock { state in
            if let place = result.place { state.places[container.id] = place }
            var followed = state.followed[container.id] ?? Followed()
            followed.isAtWork = false
            followed.failures = problem == nil ? 0 : followed.failures + 1
            // Nothing comes after the end of one that had ended before.
            followed.isDone = result.end == .gone || result.end == .ended && !container.isRunning
            followed.nextAt = .now.advanced(by: .seconds(max(pause, min(Self.retryLimitSeconds, Double(1 << min(followed.failures, 6))))))
            defer { state.followed[container.id] = followed }
            // That the engine is gone is said by who asks it for its containers.
            guard let problem, problem != followed.said, isEngineThere else { return false }
            followed.said = problem
            return true
        }
        if container.isRunning, result.end != .givenUp { tally.note(restartOf: .containers) }
        if isNews, let problem {
            logger.warn("the log of a container is not read at the moment", ["container": container.name, "reason": problem])
        }
    }
}
