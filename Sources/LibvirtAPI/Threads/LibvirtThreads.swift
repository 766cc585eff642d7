package import Primitives
import Synchronization

/// Threads that call libvirt, each over a connection of its own that it opens when it has something to do and opens anew when it has broken.
///
/// A call that is not back by its deadline is given up: its thread and connection are left to it, and another thread goes on with what waits. So a domain
/// that hangs holds up nobody but who asks about it.
package final class LibvirtThreads: Sendable {
    package typealias Open = @Sendable () throws(LibvirtError) -> LibvirtConnection

    /// How many calls were given up and are at work still. Several `LibvirtThreads` to one daemon share one, as it is the daemon whose workers they hold.
    package final class GivenUp: Sendable {
        /// When so many hang, nothing more is begun until one of them is back. A daemon has 20 workers unless it is told otherwise.
        package let limit: Int
        private let counts = Mutex((now: 0, ever: 0))

        package init(limit: Int = 8) { self.limit = limit }

        /// At work still.
        package var now: Int { counts.withLock { $0.now } }
        /// Since the start.
        package var ever: Int { counts.withLock { $0.ever } }

        fileprivate func add() { counts.withLock { $0 = ($0.now + 1, $0.ever + 1) } }
        fileprivate func remove() { counts.withLock { $0.now -= 1 } }
    }

    private let line: WorkLine
    package var givenUp: GivenUp { line.givenUp }

    /// - Parameters:
    ///   - name: as `top -H` shows it; 15 bytes.
    ///   - width: how many calls may be at work at a time; one keeps them in order.
    ///   - open: called on one of the threads, and again after a connection broke.
    package init(_ name: String, width: Int = 1, givenUp: GivenUp = GivenUp(), open: @escaping Open) {
        line = WorkLine(name: name, width: max(1, width), givenUp: givenUp, open: open)
    }

    deinit { line.stop() }

    /// Runs the body on one of the threads and waits for it without holding the caller's.
    ///
    /// - Parameter body: may block. It must not keep the connection.
    /// - Throws: what the body throws, what opening the connection throws, and `abandoned` when the deadline came first or too many calls hang. A body that was
    ///   begun is at work still then, and so is one whose caller's task was cancelled (`aborted`): the call that it is at may yet do what it was to do, and
    ///   no other that changes something is begun (`aborted`, for the body).
    package func run<Value: Sendable>(
        by deadline: Deadline, _ body: @escaping @Sendable (LibvirtConnection) throws(LibvirtError) -> Value
    ) async throws(LibvirtError) -> Value {
        let answer = OneAnswer<Result<Value, LibvirtError>>()
        let errand = Errand()
        let number = line.add(
            run: { connection in
                connection.begin(errand)
                do throws(LibvirtError) {
                    // Opening the connection may have taken all the time.
                    try connection.checkWanted()
                    answer.give(.success(try body(connection)))
                    return nil
                } catch {
                    // Whoever stops an errand answers its caller.
                    if !errand.isStopped { answer.give(.failure(error)) }
                    return error
                }
            }, fail: { answer.give(.failure($0)) })
        let alarm = Alarm(at: deadline) { [line] in
            line.giveUp(number, errand)
        }
        let result = await withTaskCancellationHandler {
            await answer.value
        } onCancel: { [line] in
            errand.stop()
            if line.takeOut(number) == nil { answer.give(.failure(Errand.unwanted)) }
        }
        // Of a body that outlives its caller the alarm is what still watches.
        if case .failure(let error) = result, error.kind == .aborted, error.code == 0 { return try result.get() }
        alarm.stop()
        return try result.get()
    }
}

/// What waits and who works on it.
private final class WorkLine: Sendable {
    struct Job {
        let number: Int
        /// Gives the answer itself; returns the error for the thread to know.
        let run: @Sendable (LibvirtConnection) -> LibvirtError?
        let fail: @Sendable (LibvirtError) -> Void
    }

    /// A thread, by its number, and the job it is at.
    private struct State {
        var waiting: [Job] = []
        var atWork: [Int: Job] = [:]
        /// Threads that may take a job.
        var threads: Set<Int> = []
        var nextNumber = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let gate = ThreadGate()
    private let name: String
    private let width: Int
    let givenUp: LibvirtThreads.GivenUp
    private let open: LibvirtThreads.Open

    init(name: String, width: Int, givenUp: LibvirtThreads.GivenUp, open: @escaping LibvirtThreads.Open) {
        self.name = name
        self.width = width
        self.givenUp = givenUp
        self.open = open
    }

    func add(run: @escaping @Sendable (LibvirtConnection) -> LibvirtError?, fail: @escaping @Sendable (LibvirtError) -> Void) -> Int {
        let number = state.withLock { state in
            state.nextNumber += 1
            state.waiting.append(Job(number: state.nextNumber, run: run, fail: fail))
            return state.nextNumber
        }
        gate.open(for: 1)
        startThreads()
        return number
    }

    /// Takes a job out of those that wait, and fails it as nobody waits for it any more; nil when it is at work or done.
    func takeOut(_ number: Int) -> Job? {
        let job = remove(number)
        job?.fail(Errand.unwanted)
        return job
    }

    private func remove(_ number: Int) -> Job? {
        state.withLock { state in
            state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
        }
    }

    /// The job's time is over. Its caller hears so when the body may begin no further change.
    func giveUp(_ number: Int, _ errand: Errand) {
        if let job = remove(number) {
            return job.fail(LibvirtError(.abandoned, "libvirt was not asked in time, as other calls were before this one"))
        }
        let job: Job? = state.withLock { state in
            guard let (thread, job) = state.atWork.first(where: { $0.value.number == number }) else { return nil }
            // Counted first: the thread finds itself outside, and is not counted any more when it is back.
            givenUp.add()
            state.atWork[thread] = nil
            state.threads.remove(thread)
            return job
        }
        guard let job else { return }
        errand.stop()
        job.fail(LibvirtError(.abandoned, "libvirt did not answer in time"))
        startThreads()
    }

    func stop() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isStopped = true
            return state.waiting
        }
        gate.open(for: width)
        for job in waiting { job.fail(LibvirtError(.aborted, "libvirt is not asked any more")) }
    }

    /// As many as there is work for.
    private func startThreads() {
        while true {
            let (thread, failed): (Int?, [Job]) = state.withLock { state in
                let idle = state.threads.count - state.atWork.count
                guard !state.isStopped, state.waiting.count > idle, state.threads.count < width else { return (nil, []) }
                guard givenUp.now < givenUp.limit else {
                    // Those that threads are left for wait on.
                    guard state.threads.isEmpty else { return (nil, []) }
                    defer { state.waiting = [] }
                    return (nil, state.waiting)
                }
                state.nextNumber += 1
                state.threads.insert(state.nextNumber)
                return (state.nextNumber, [])
            }
            for job in failed {
                job.fail(
                    LibvirtError(.abandoned, "\(givenUp.limit) calls of libvirt hang, and no more are begun until one of them is back"))
            }
            guard let thread else { return }
            do {
                try Thread.start(name) { [self] in work(thread) }
            } catch {
                let left = state.withLock { state in
                    state.threads.remove(thread)
                    defer { if state.threads.isEmpty { state.waiting = [] } }
                    return state.threads.isEmpty ? state.waiting : []
                }
                for job in left { job.fail(LibvirtError(.failed, error.message)) }
                return
            }
        }
    }

    private enum Turn { case job(Job), wait, end }

    private func work(_ thread: Int) {
        var connection: LibvirtConnection?
        while true {
            switch next(thread) {
            case .end: return
            case .wait: gate.wait()
            case .job(let job):
                if let open = connection, !open.isAlive { connection = nil }
                var failure: LibvirtError?
                do throws(LibvirtError) {
                    let open = if let connection { connection } else { try self.open() }
                    connection = open
                    failure = job.run(open)
                } catch {
                    job.fail(error)
                }
                if failure?.kind == .unreachable { connection = nil }
                guard done(thread) else {
                    givenUp.remove()
                    return
                }
            }
        }
    }

    private func next(_ thread: Int) -> Turn {
        state.withLock { state in
            guard !state.isStopped else {
                state.threads.remove(thread)
                return .end
            }
            guard !state.waiting.isEmpty else { return .wait }
            let job = state.waiting.removeFirst()
            state.atWork[thread] = job
            return .job(job)
        }
    }

    /// False when the thread was given up meanwhile.
    private func done(_ thread: Int) -> Bool {
        state.withLock { state in
            state.atWork[thread] = nil
            return state.threads.contains(thread)
        }
    }
}
