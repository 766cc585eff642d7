import JSON
package import Primitives
import Synchronization
package import Web

/// Docker or Podman, asked over its Unix socket what containers are called and how they are.
///
/// Only ever asked: GET of `/version`, `/containers/json`, `/containers/ID/json`, `/containers/ID/logs` and `/events`. That it cannot be reached is a state, not an
/// error of whoever uses it; what was known by then stays known.
package final class ContainerEngine: Sendable {
    package enum State: Sendable, Equatable {
        /// There is no socket, and none that the settings name.
        case absent
        /// The socket does not answer, or not as an engine does; one line why.
        case unreachable(String)
        case answering
    }

    /// What is known at a moment.
    package struct View: Sendable {
        package let state: State
        /// `docker` or `podman`; empty before it has answered.
        package let product: String
        package let version: String
        /// When it answered last, in unix seconds.
        package let answeredAt: Double?
        /// The number of the user whose engine it is, as in `CgroupPlace.user`; empty for the machine's.
        package let user: String
        /// Those that ended more than ten minutes ago are left out. By name.
        package let containers: [EngineContainer]
        /// Requests and streams of events that failed.
        package let failures: Int
    }

    /// All that changes, under its lock.
    struct Known {
        var state = State.absent
        var product = ""
        var version = ""
        var user = ""
        var answeredAt: Double?
        var failures = 0
        var pace = LinePace()
        var book = EngineBook()
        /// To be inspected.
        var wanted: Set<String> = []
        var isRunning = false
    }

    /// Times that a test may shorten.
    struct Pace: Sendable {
        var listSeconds = 30.0
        var retrySeconds = 1.0
        var retryLimitSeconds = 30.0
        var absentSeconds = 5.0
        var answerSeconds = 10.0
        var streamSeconds = 3600.0
        /// Between two looks at what events tell of.
        var inspectSeconds = 0.1
    }

    /// What was seen on cards, for whoever shares the engine.
    package let cardUsers = CardUsers()
    private let sockets: [String]
    private let isNamed: Bool
    let labels: Set<String>
    let pace: Pace
    let clock: WallClock
    let known = Mutex(Known())

    /// - Parameter sockets: the first that is there is asked.
    /// - Parameter labels: names of labels that are kept.
    /// - Parameter isNamed: the settings name the socket, so that there should be one.
    package convenience init(sockets: [String], labels: [String] = [], isNamed: Bool = false) {
        self.init(sockets: sockets, labels: labels, isNamed: isNamed, pace: Pace(), clock: .system)
    }

    init(sockets: [String], labels: [String], isNamed: Bool = false, pace: Pace, clock: WallClock) {
        self.sockets = sockets
        self.isNamed = isNamed && !sockets.isEmpty
        self.labels = Set(labels)
        self.pace = pace
        self.clock = clock
    }

    /// Whether another one for these would be the same.
    package func isMade(for sockets: [String], labels: [String]) -> Bool { self.sockets == sockets && self.labels == Set(labels) }

    /// Whether one of its sockets is there now.
    package var isThere: Bool { sockets.contains(where: Files.exists) }

    /// Where Docker and Podman have theirs.
    package static func standardSockets(fileSystemRoot: String = "") -> [String] {
        ["/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock"].map { fileSystemRoot + $0 }
    }

    /// - Parameter id: 64 digits, or the first of them, at least twelve.
    /// - Parameter user: who made its group. A user's engine knows nothing of the machine's containers, and the other way round.
    package func container(id: String, user: String = "") -> EngineContainer? {
        known.withLock { known in
            guard known.user == user else { return nil }
            if let found = known.book.containers[id] { return found }
            guard id.utf8.count >= 12, id.utf8.count < 64 else { return nil }
            return known.book.containers.first { $0.key.hasPrefix(id) }?.value
        }
    }

    package var view: View {
        let now = clock.unixSeconds
        return known.withLock { known in
            View(
                state: known.state, product: known.product, version: known.version, answeredAt: known.answeredAt, user: known.user,
                containers: known.book.shown(now: now), failures: known.failures)
        }
    }

    /// Asks and listens until cancelled. Of several that run it one does, and the next takes over.
    package func run(_ http: HTTPClient, _ logger: Logger) async {
        while !Task.isCancelled {
            let isFree = known.withLock { known in
                defer { known.isRunning = true }
                return !known.isRunning
            }
            if isFree {
                await watch(http, logger)
                known.withLock { $0.isRunning = false }
            } else {
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func watch(_ http: HTTPClient, _ logger: Logger) async {
        var pause = pace.retrySeconds
        var said: State?
        while !Task.isCancelled {
            let started = ContinuousClock.now
            let end: State?
            let socket = socketInUse
            if let socket {
                let user = Self.user(ofSocket: socket)
                known.withLock { $0.user = user }
                end = await session(EngineRequests(http: http, socket: socket), logger, &said)
            } else {
                end = missing
            }
            if Task.isCancelled { return }
            guard let end else { continue }
            known.withLock { known in
                known.state = end
                if socket != nil { known.failures += 1 }
            }
            if said != end, case .unreachable(let reason) = end {
                logger.warn("the container engine does not answer; containers keep the names that are known", ["reason": reason])
            }
            said = end
            if (ContinuousClock.now - started).seconds > pace.retryLimitSeconds { pause = pace.retrySeconds }
            try? await Task.sleep(for: .seconds(socket == nil ? pace.absentSeconds : pause))
            pause = socket == nil ? pace.retrySeconds : min(pause * 2, pace.retryLimitSeconds)
        }
    }

    /// The first that is there.
    var socketInUse: String? { sockets.first(where: Files.exists) }

    /// What it means that there is no socket.
    package var missing: State {
        guard isNamed else { return .absent }
        return .unreachable("\(sockets[0]): there is no such socket; containers.engine_socket names it")
    }

    /// The first of the numbers that distributions give to people.
    private static let firstPerson: UInt32 = 1_000

    /// A person's socket is his own engine's. One of root's, or of a service's user that stands before it, is the machine's.
    private static func user(ofSocket path: String) -> String {
        guard let owner = Files.owner(path), owner >= firstPerson, owner != 65_534 else { return "" }
        return String(owner)
    }

    /// From the first answer to the first failure, which is returned; nil when the time of the stream was over.
    private func session(_ requests: EngineRequests, _ logger: Logger, _ said: inout State?) async -> State? {
        do throws(Failure) {
            let about = try await requests.about(by: .after(seconds: pace.answerSeconds))
            known.withLock { known in
                (known.product, known.version) = about
            }
        } catch {
            return .unreachable(error.message)
        }
        let (signals, signal) = AsyncStream.makeStream(of: Signal.self, bufferingPolicy: .bufferingNewest(16))
        let (product, version) = known.withLock { ($0.product, $0.version) }
        let isNews = said != .answering
        let failure = await withTaskGroup(of: Failure?.self, returning: Failure?.self) { group in
            // The stream first, so that nothing happens between the list and it.
            group.addTask { [self] in
                let cutter = Mutex(LineSplitter())
                return await requests.events(by: .after(seconds: pace.streamSeconds)) { [self] piece in
                    let isWanted = hear(cutter.withLock { $0.take(piece) })
                    if isWanted { signal.yield(.inspect) }
                }
            }
            group.addTask { [self] in
                while !Task.isCancelled {
                    signal.yield(.list)
                    try? await Task.sleep(for: .seconds(pace.listSeconds))
                }
                return nil
            }
            group.addTask { [self] in
                var isFirst = true
                for await kind in signals {
                    let isLost = known.withLock { known in
                        kind == .list && known.pace.takeIsLost()
                    }
                    do throws(Failure) {
                        try await refresh(requests, kind, afterSilence: isFirst || isLost)
                    } catch {
                        return error
                    }
                    if isFirst, isNews { logger.info("the container engine answers", ["engine": product, "version": version]) }
                    isFirst = false
                    // However much an engine tells, it is asked no faster than that.
                    try? await Task.sleep(for: .seconds(pace.inspectSeconds))
                }
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            signal.finish()
            return first
        }
        said = .answering
        return failure.map { .unreachable($0.message) }
    }

    /// What is to be asked again.
    enum Signal { case list, inspect }

    /// Takes lines of the stream; true when somebody is to be inspected. Of a flood the rest is left out, and found out with the next list.
    private func hear(_ lines: [[UInt8]]) -> Bool {
        let now = ContinuousClock.now
        let room = known.withLock { $0.pace.room(for: lines.count, now: now) }
        let events = lines.prefix(room).compactMap { EngineEvent(line: $0) }
        guard !events.isEmpty else { return false }
        return known.withLock { known in
            for event in events {
                switch known.book.take(event) {
                case .nothing: break
                case .inspect: known.wanted.insert(event.id)
                case .lost: known.pace.isLost = true
                }
            }
            return !known.wanted.isEmpty
        }
    }
}
