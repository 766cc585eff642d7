import Glibc
import Primitives
import Synchronization

/// Keeps a helper at work, on a thread of its own: starts it, reads what it prints, kills it when a call hangs, starts the next.
final class ReaderSupervisor: Sendable {
    struct Options: Sendable, Equatable {
        /// What is started, and with what.
        var program: String
        var arguments: [String]
        var environment: [String: String]
        var stuckAfterSeconds = 30.0
        /// Without a word for so long, the helper itself is taken to hang.
        var silenceSeconds = 60.0
    }

    private struct State {
        var holders = 0
        var releasedAt: ContinuousClock.Instant?
        var isRunning = false
    }

    let options: Options
    let book: CardBook
    private let state = Mutex(State())

    /// A reload lets go after another has taken hold, or before.
    private static let lingerSeconds = 1.0
    /// Helpers that were killed and that the kernel does not let go.
    private static let unkillableLimit = 3
    private static let goingSeconds = 2.0

    init(_ options: Options, book: CardBook = CardBook()) {
        self.options = options
        self.book = book
    }

    /// Lets the helper run for as long as somebody holds on to it.
    func hold(_ logger: Logger) {
        let mustStart = state.withLock { state in
            state.holders += 1
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard mustStart else { return }
        do throws(Failure) {
            // The kernel ends the helper when this thread ends.
            try Thread.start("gpu-supervisor") { [self] in Work(self, logger).run() }
        } catch {
            state.withLock { $0.isRunning = false }
            book.noteFailure(error.message)
        }
    }

    func release() {
        state.withLock { state in
            state.holders -= 1
            state.releasedAt = .now
        }
    }

    private var isWanted: Bool {
        state.withLock { state in
            state.holders > 0 || state.releasedAt.map { (ContinuousClock.now - $0).seconds < Self.lingerSeconds } ?? false
        }
    }

    /// Whether the thread may go; from then on the next holder starts another.
    private func mayEnd() -> Bool {
        state.withLock { state in
            if state.holders == 0 { state.isRunning = false }
            return state.holders == 0
        }
    }

    /// What the thread has.
    private final class Work {
        private let owner: ReaderSupervisor
        private let logger: Logger
        private var plan = RestartPlan()
        private var abandoned: [ChildProcess] = []
        private var said = ""
        private var events = EventLog()

        private var options: Options { owner.options }
        private var book: CardBook { owner.book }

        init(_ owner: ReaderSupervisor, _ logger: Logger) {
            self.owner = owner
            self.logger = logger
        }

        func run() {
            while true {
                while owner.isWanted {
                    collectAbandoned()
                    guard abandoned.count < ReaderSupervisor.unkillableLimit else {
                        say(
                            .error,
                            "\(abandoned.count) helpers hang in the driver and cannot be killed; no other is started before one of them goes"
                        )
                        pause(1)
                        continue
                    }
                    let began = ContinuousClock.now
                    let end = runHelper()
                    guard owner.isWanted else { break }
                    pause(plan.pause(after: end, ranSeconds: (ContinuousClock.now - began).seconds))
                }
                if owner.mayEnd() { return }
            }
        }

        private func pause(_ seconds: Double) {
            let deadline = Deadline.after(seconds: seconds)
            while owner.isWanted, !deadline.hasPassed {
                usleep(UInt32((min(deadline.remainingSeconds, 0.25) * 1e6).clamped(to: 1000...250_000)))
            }
            collectAbandoned()
        }

        private func collectAbandoned() {
            abandoned.removeAll { $0.reap() != nil }
            book.note(unkillable: abandoned.count)
        }

        /// Each state once.
        private func say(_ level: Logger.Level, _ message: String) {
            guard message != said else { return }
            said = message
            switch level {
            case .error: logger.error(message)
            case .warn: logger.warn(message)
            default: logger.info(message)
            }
        }

        // MARK: one helper

        private func runHelper() -> RestartPlan.End {
            var request = ChildProcess.Request(
                program: options.program, arguments: options.arguments, environment: options.environment, directory: "/")
            request.deathSignal = SIGKILL
            let pipe: Pipe
            do throws(Failure) { pipe = try Pipe() } catch { return noteNoStart(error) }
            defer { close(pipe.reading) }
            let child: ChildProcess
            do throws(Failure) {
                defer { close(pipe.writing) }
                child = try ChildProcess(starting: request, output: pipe.writing, errors: STDERR_FILENO)
            } catch {
                return noteNoStart(error)
            }
            var helper = Helper(number: book.begin())
            let end = follow(child, pipe.reading, &helper)
            book.end(helper.number)
            return end
        }

        private func noteNoStart(_ failure: Failure) -> RestartPlan.End {
            book.noteFailure(failure.message)
            say(.error, "the helper that reads GPUs cannot be started: \(failure.message)")
            return .failed
        }

        /// What is known of the helper that runs.
        private struct Helper {
            let number: Int
            var splitter = LineSplitter(limitBytes: ReaderLine.limitBytes)
            var lastWord = ContinuousClock.now
            var hello: ReaderLine.Hello?
            var last: (code: ReturnCode, call: String)?
            /// The call that hangs longest beyond what its card is granted.
            var overdue: ReaderLine.StuckCall?

            init(number: Int) { self.number = number }
        }

        private func follow(_ child: ChildProcess, _ reading: Int32, _ helper: inout Helper) -> RestartPlan.End {
            while true {
                var entries = [
                    pollfd(fd: reading, events: Int16(POLLIN), revents: 0), pollfd(fd: child.descriptor, events: Int16(POLLIN), revents: 0),
                ]
                poll(&entries, nfds_t(entries.count), 250)
                // One that has closed its end and stays is waited for without hurry.
                if entries[0].revents != 0, !read(reading, &helper) { usleep(100_000) }
                if let end = child.reap() {
                    // What it said last is in the pipe.
                    while read(reading, &helper) {}
                    return conclude(end, helper)
                }
                if let overdue = helper.overdue {
                    plan.noteKill(overdue.uuid)
                    let whose = overdue.uuid.map { " of \($0)" } ?? ""
                    say(.warn, "NVML call \(overdue.call)\(whose) hangs; the helper is killed and started anew")
                    kill(child)
                    return .renewed
                }
                if (ContinuousClock.now - helper.lastWord).seconds > options.silenceSeconds {
                    say(.warn, "the helper that reads GPUs has said nothing for \(Int(options.silenceSeconds)) s and is killed")
                    kill(child)
                    return .failed
                }
                if !owner.isWanted {
                    kill(child)
                    return .renewed
                }
            }
        }

        private func kill(_ child: ChildProcess) {
            child.signalGroup(SIGKILL)
            if child.waitForEnd(until: .after(seconds: ReaderSupervisor.goingSeconds)) == nil { abandoned.append(child) }
            book.note(unkillable: abandoned.count)
        }

        /// Whether there was something.
        @discardableResult
        private func read(_ descriptor: Int32, _ helper: inout Helper) -> Bool {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 0) > 0 else { return false }
            let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { room, filled in
                filled = max(0, Glibc.read(descriptor, room.baseAddress, room.count))
            }
            guard !bytes.isEmpty else { return false }
            let skipped = helper.splitter.skippedCount
            for line in helper.splitter.take(bytes) { take(line, &helper) }
            for _ in skipped..<helper.splitter.skippedCount { book.noteBadLine() }
            return true
        }

        private func take(_ bytes: [UInt8], _ helper: inout Helper) {
            let line: ReaderLine
            do throws(Failure) {
                guard let known = try ReaderLine.read(bytes) else { return }
                line = known
            } catch {
                // A library may print, too.
                book.noteBadLine()
                return
            }
            helper.lastWord = .now
            book.take(line, from: helper.number)
            switch line {
            case .hello(let hello): greet(hello, &helper)
            case .card(let sample):
                plan.noteAnswer(sample.identity.uuid)
                if helper.overdue?.uuid == sample.identity.uuid { helper.overdue = nil }
            case .stuck(let stuck):
                if stuck.seconds > plan.patienceSeconds(stuck.uuid, options.stuckAfterSeconds) { helper.overdue = stuck }
            case .end(let code, let call): helper.last = (ReturnCode(code), call)
            case .event(let event):
                if let count = events.take(event) {
                    logger.warn("XID error", ["gpu_uuid": event.uuid, "xid": event.xid, "count": count])
                }
            case .calls: break
            }
        }

        private func greet(_ hello: ReaderLine.Hello, _ helper: inout Helper) {
            helper.hello = hello
            plan.noteAnswer(nil)
            switch ReturnCode(hello.code) {
            case .success: say(.info, "NVML works: driver \(hello.driverVersion), \(hello.count) cards, \(hello.cards.count) answer")
            case .libraryNotFound: say(.info, "no NVML on this machine: \(hello.reason)")
            default: say(.warn, "NVML does not work: \(hello.reason)")
            }
        }

        private func conclude(_ end: ChildProcess.End, _ helper: Helper) -> RestartPlan.End {
            if let hello = helper.hello, hello.code != 0 { return ReturnCode(hello.code) == .libraryNotFound ? .absent : .failed }
            if let last = helper.last {
                if last.code.meaning == .stale { say(.warn, "NVML works no more (\(last.call): \(last.code)); it is loaded anew") }
                return .renewed
            }
            let reason = "the helper that reads GPUs \(end)"
            book.noteFailure(reason)
            say(.warn, reason)
            return .failed
        }
    }
}
