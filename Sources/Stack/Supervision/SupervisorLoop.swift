import Glibc
import Primitives

/// Carries out on one thread what `Supervision` decides.
final class SupervisorLoop {
    private let paths: StatePaths
    private let logger: Logger
    private let mailbox: Mailbox
    private let statuses: StatusBoard
    private var services: [Service] = []
    private var children: [ChildProcess?] = []
    private var supervision = Supervision(stages: [])
    private var stopped: [CheckedContinuation<Void, Never>] = []

    /// Made on the thread that runs it.
    init(paths: StatePaths, logger: Logger, mailbox: Mailbox, statuses: StatusBoard) {
        self.paths = paths
        self.logger = logger
        self.mailbox = mailbox
        self.statuses = statuses
    }

    /// Returns when everything was stopped.
    func run() {
        while !supervision.isOver {
            mailbox.take().forEach(obey)
            bury()
            supervision.due(at: .now).forEach(carryOut)
            if !supervision.isOver { wait() }
        }
        mailbox.take(closing: true).forEach(obey)
        for continuation in stopped { continuation.resume() }
    }

    private func obey(_ command: Mailbox.Command) {
        switch command {
        case .start(let services, let continuation): continuation.resume(returning: start(services))
        case .stop(let seconds, let continuation):
            stopped.append(continuation)
            statuses.setStopping()
            supervision.stop(at: .now, withinSeconds: seconds)
        }
    }

    private func start(_ services: [Service]) -> Result<Void, Failure> {
        guard self.services.isEmpty, !supervision.isStopping else {
            return .failure(Failure(.unavailable, "the stack was started before, or has been stopped"))
        }
        self.services = services
        children = services.map { _ in nil }
        supervision = Supervision(stages: services.map(\.stage.rawValue))
        for index in services.indices {
            do { try start(index) } catch { return .failure(error) }
        }
        return .success(())
    }

    private func carryOut(_ action: Supervision.Action) {
        switch action {
        case .start(let index):
            do { try start(index) } catch { ended(index, "could not be started (\(error))") }
        case .terminate(let index): children[index]?.signalGroup(SIGTERM)
        case .kill(let index):
            logger.warn("\(services[index].name) did not end in time and is killed")
            children[index]?.signalGroup(SIGKILL)
        case .abandon(let index):
            logger.error("\(services[index].name) does not end, not even by SIGKILL", ["pid": children[index]?.processID ?? 0])
        }
    }

    private func start(_ index: Int) throws(Failure) {
        let service = services[index]
        let output = try LogFile.open(paths.log(service.name))
        defer { close(output) }
        let child = try ChildProcess(starting: service.request, output: output)
        children[index] = child
        supervision.didStart(index, at: .now)
        statuses.set(service.name, Supervisor.Status(processID: child.processID))
        logger.info("started \(service.name)", ["pid": child.processID])
        guard let identity = ProcessIdentity.current(child.processID) else { return }
        do {
            try Files.write(Array(identity.text.utf8), to: paths.processFile(service.name), mode: 0o600)
        } catch {
            // It only serves the case that the kernel does not end the child with us.
            logger.warn("\(error)")
        }
    }

    /// Looks for children that have ended.
    private func bury() {
        for index in children.indices {
            guard let end = children[index]?.reap() else { continue }
            children[index] = nil
            Files.remove(paths.processFile(services[index].name))
            ended(index, "\(end)")
        }
    }

    private func ended(_ index: Int, _ how: String) {
        let name = services[index].name
        guard let delay = supervision.didEnd(index, at: .now) else {
            statuses.set(name, Supervisor.Status(note: "stopped"))
            return logger.info("stopped \(name)", ["how": how])
        }
        let pause = "\(delay.formatted) s"
        statuses.set(name, Supervisor.Status(note: "\(how), starts again within \(pause)"))
        logger.warn("\(name) \(how); starting it again in \(pause)", ["log": paths.log(name)])
    }

    /// Sleeps until a command comes, a child ends, or something is due.
    private func wait() {
        let running = children.compactMap { $0?.descriptor }
        var entries = ([mailbox.descriptor] + running).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var milliseconds: Int32 = -1
        if let due = supervision.nextDue {
            milliseconds = Int32((Deadline(due).remainingSeconds * 1000).rounded(.up).clamped(to: 0...3_600_000))
        }
        _ = poll(&entries, nfds_t(entries.count), milliseconds)
    }
}

extension Double {
    /// `0.5`, and `30` without a fraction.
    fileprivate var formatted: String {
        var bytes: [UInt8] = []
        bytes.append(finite: self)
        return String(decoding: bytes, as: UTF8.self)
    }
}
