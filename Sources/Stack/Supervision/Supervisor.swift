import Primitives
import Synchronization

/// Starts services, keeps them running and stops them in order, on one thread of its own.
///
/// One thread, because the kernel ends a child when the *thread* that started it ends. The thread runs until `stop`.
final class Supervisor: Sendable {
    /// What is known of a service.
    struct Status: Sendable, Equatable {
        /// nil while it does not run.
        var processID: Int32?
        /// Why it does not run.
        var note: String?
    }

    private let mailbox: Mailbox
    private let statuses: StatusBoard

    /// Starts the thread. Errors: no thread or descriptor to be had.
    init(paths: StatePaths, logger: Logger) throws(Failure) {
        let mailbox = try Mailbox()
        let statuses = StatusBoard()
        self.mailbox = mailbox
        self.statuses = statuses
        try Thread.start("supervisor") { SupervisorLoop(paths: paths, logger: logger, mailbox: mailbox, statuses: statuses).run() }
    }

    /// What is known of the services, by name.
    var status: [String: Status] { statuses.all }

    /// Whether `stop` was asked for.
    var isStopping: Bool { statuses.isStopping }

    /// Starts the services in their order. The first that cannot be started is an error; those before it run on until `stop`.
    func start(_ services: [Service]) async throws(Failure) {
        let result: Result<Void, Failure> = await withCheckedContinuation { continuation in
            if !mailbox.send(.start(services, continuation)) {
                continuation.resume(returning: .failure(Failure(.unavailable, "the stack has been stopped")))
            }
        }
        try result.get()
    }

    /// Stops all services in order, and the thread. Returns when all of it has ended, or when even SIGKILL did not help.
    func stop(withinSeconds seconds: Double) async {
        await withCheckedContinuation { continuation in
            if !mailbox.send(.stop(withinSeconds: seconds, continuation)) { continuation.resume() }
        }
    }
}

/// The services' status, written by the supervisor's thread and read by all.
final class StatusBoard: Sendable {
    private struct State {
        var statuses: [String: Supervisor.Status] = [:]
        var isStopping = false
    }

    private let state = Mutex(State())

    /// By name.
    var all: [String: Supervisor.Status] { state.withLock { $0.statuses } }
    /// Whether a stop was asked for.
    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// News of a service.
    func set(_ name: String, _ status: Supervisor.Status) { state.withLock { $0.statuses[name] = status } }

    /// A stop was asked for.
    func setStopping() { state.withLock { $0.isStopping = true } }
}
