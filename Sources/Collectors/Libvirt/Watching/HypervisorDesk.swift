import Primitives
import Synchronization

/// Asks a hypervisor on threads of their own, each with a connection; those that hang are given up, and taken back when they return.
final class HypervisorDesk: Sendable {
    enum End<Value: Sendable>: Sendable {
        case answered(Value)
        case failed(SourceError)
        /// It hangs in this call, and its thread was given up.
        case hung(CallStep, ThreadLedger.Ticket)
        /// Nothing was asked, as too many threads hang.
        case noRoom
        /// Whoever waited for it was cancelled.
        case cancelled
    }

    /// A thread that nobody waits for and that may be well.
    private struct Left {
        let since: @Sendable () -> ContinuousClock.Instant
        let patienceSeconds: Double
    }

    private struct State {
        var ledger: ThreadLedger
        var idle: [any HypervisorConnection] = []
        var opened = 0
        /// What is waited for.
        var errands: [ThreadLedger.Ticket: @Sendable ((CallStep) -> Bool) -> Void] = [:]
        var left: [ThreadLedger.Ticket: Left] = [:]
        /// Threads that were given up and have come back since somebody asked.
        var returned: [ThreadLedger.Ticket] = []
    }

    private let source: any HypervisorSource
    private let state: Mutex<State>
    /// Connections that wait for the next round.
    private let idleLimit: Int

    init(_ source: any HypervisorSource, threadLimit: Int, idleLimit: Int) {
        self.source = source
        self.idleLimit = idleLimit
        state = Mutex(State(ledger: ThreadLedger(limit: threadLimit)))
    }

    /// Who asks for monitors waits for others that do: there is one place for it.
    let monitorLine = AsyncSemaphore(limit: 1)

    /// Connections that were opened, and how its threads are.
    func counts(now: ContinuousClock.Instant = .now) -> (opened: Int, threads: HypervisorView.Threads) {
        giveUpLate(now)
        return state.withLock { state in
            (state.opened, .init(hanging: state.ledger.hanging, limit: state.ledger.limit, total: state.ledger.total))
        }
    }

    /// Threads that somebody waits for.
    var awaited: Int { state.withLock { $0.errands.count } }

    /// Threads that were given up and have come back, each once.
    func takeReturned() -> [ThreadLedger.Ticket] {
        state.withLock { state in
            defer { state.returned = [] }
            return state.returned
        }
    }

    /// Whether a thread was given up and has not come back.
    func isHanging(_ thread: ThreadLedger.Ticket) -> Bool { state.withLock { $0.ledger.isHanging(thread) } }

    /// - Parameter patienceSeconds: how long each call may take.
    /// - Parameter step: what is called first.
    /// - Parameter body: runs on the thread; it says which call comes next.
    func ask<Value: Sendable>(
        _ purpose: ThreadLedger.Purpose, patienceSeconds: Double, _ step: CallStep,
        _ body: @escaping @Sendable (any HypervisorConnection, Errand<Result<Value, SourceError>>) -> Result<Value, SourceError>
    ) async -> End<Value> {
        giveUpLate(.now)
        let begun: (ticket: ThreadLedger.Ticket, connection: (any HypervisorConnection)?)? = state.withLock { state in
            guard let ticket = state.ledger.begin(purpose) else { return nil }
            return (ticket, state.idle.popLast())
        }
        guard let (ticket, connection) = begun else { return .noRoom }
        let opening = CallStep(call: "virConnectOpenReadOnly", domains: [])
        let errand = Errand<Result<Value, SourceError>>(connection == nil ? opening : step)
        state.withLock { $0.errands[ticket] = { isSuch in errand.expire(at: isSuch) } }
        defer { state.withLock { $0.errands[ticket] = nil } }
        do throws(Failure) {
            try Thread.start("libvirt-\(purpose)") { [self] in run(errand, ticket, connection, step, body) }
        } catch {
            _ = state.withLock { $0.ledger.end(ticket) }
            connection?.close()
            return .failed(SourceError(.failed, error.message))
        }
        let end = await errand.end(patienceSeconds: patienceSeconds) {
            state.withLock { $0.ledger.giveUp(ticket) }
        } leave: {
            state.withLock { state in
                state.ledger.leave(ticket)
                state.left[ticket] = Left(since: { errand.since }, patienceSeconds: patienceSeconds)
            }
        }
        switch end {
        case .answered(.success(let value)): return .answered(value)
        case .answered(.failure(let error)):
            if error.kind == .lost { dropIdle() }
            return .failed(error)
        case .givenUp(let step): return .hung(step, ticket)
        case .cancelled: return .cancelled
        }
    }

    /// Those that nobody waited for until their time had passed hang too.
    private func giveUpLate(_ now: ContinuousClock.Instant) {
        // An errand's lock is not to be had under ours, which its thread takes under it.
        let late = state.withLock { $0.left }.filter { (now - $0.value.since()).seconds >= $0.value.patienceSeconds }
        guard !late.isEmpty else { return }
        state.withLock { state in
            for ticket in late.keys where state.left.removeValue(forKey: ticket) != nil { state.ledger.giveUp(ticket) }
        }
    }

    /// Waits no longer for those that are at such a call, as if their time had passed.
    func expire(at isSuch: (CallStep) -> Bool) {
        for expire in state.withLock({ Array($0.errands.values) }) { expire(isSuch) }
    }

    /// On the thread.
    private func run<Value>(
        _ errand: Errand<Result<Value, SourceError>>, _ ticket: ThreadLedger.Ticket, _ idle: (any HypervisorConnection)?, _ step: CallStep,
        _ body: (any HypervisorConnection, Errand<Result<Value, SourceError>>) -> Result<Value, SourceError>
    ) {
        var connection = idle
        var result: Result<Value, SourceError>
        if let idle {
            result = body(idle, errand)
        } else {
            switch source.open() {
            case .success(let new):
                connection = new
                state.withLock { $0.opened += 1 }
                errand.step(step.call, step.domains)
                result = body(new, errand)
            case .failure(let error): result = .failure(error)
            }
        }
        // After a call that was lost the connection is of no use; one that hung may have an answer that nobody waits for.
        let isGood = if case .failure(let error) = result { error.kind != .lost } else { true }
        let mayKeep = isGood
        var isKept = false
        errand.end(result) {
            state.withLock { state in
                let isGivenUp = state.ledger.end(ticket)
                state.left[ticket] = nil
                if isGivenUp { state.returned.append(ticket) }
                guard let connection, mayKeep, !isGivenUp, state.idle.count < idleLimit else { return }
                state.idle.append(connection)
                isKept = true
            }
        }
        if !isKept { connection?.close() }
    }

    /// The daemon has gone: what waits goes too. Closing may block, and has a thread for it.
    private func dropIdle() {
        let idle = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        Self.close(idle)
    }

    private static func close(_ connections: [any HypervisorConnection]) {
        guard !connections.isEmpty else { return }
        try? Thread.start("libvirt-close") { for connection in connections { connection.close() } }
    }

    deinit { Self.close(state.withLock { $0.idle }) }
}
