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
    }

    private struct State {
        var ledger: ThreadLedger
        var idle: [any HypervisorConnection] = []
        var opened = 0
        /// Threads that have come back since somebody asked.
        var returned: [ThreadLedger.Ticket] = []
        var isClosed = false
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

    /// Connections that were opened, and how its threads are.
    var counts: (opened: Int, threads: HypervisorView.Threads) {
        state.withLock { state in
            (state.opened, .init(hanging: state.ledger.hanging, limit: state.ledger.limit, total: state.ledger.total))
        }
    }

    /// Threads that were given up and have come back, each once.
    func takeReturned() -> [ThreadLedger.Ticket] {
        state.withLock { state in
            defer { state.returned = [] }
            return state.returned
        }
    }

    /// - Parameter patienceSeconds: how long each call may take.
    /// - Parameter step: what is called first.
    /// - Parameter body: runs on the thread; it says which call comes next.
    func ask<Value: Sendable>(
        _ purpose: ThreadLedger.Purpose, patienceSeconds: Double, _ step: CallStep,
        _ body: @escaping @Sendable (any HypervisorConnection, Errand<Result<Value, SourceError>>) -> Result<Value, SourceError>
    ) async -> End<Value> {
        let begun: (ticket: ThreadLedger.Ticket, connection: (any HypervisorConnection)?)? = state.withLock { state in
            guard !state.isClosed, let ticket = state.ledger.begin(purpose) else { return nil }
            return (ticket, state.idle.popLast())
        }
        guard let (ticket, connection) = begun else { return .noRoom }
        let opening = CallStep(call: "virConnectOpenReadOnly", domains: [])
        let errand = Errand<Result<Value, SourceError>>(connection == nil ? opening : step)
        do throws(Failure) {
            try Thread.start("libvirt-\(purpose)") { [self] in run(errand, ticket, connection, step, body) }
        } catch {
            state.withLock { $0.ledger.end(ticket) }
            connection?.close()
            return .failed(SourceError(.failed, error.message))
        }
        let end = await errand.end(patienceSeconds: patienceSeconds) { state.withLock { $0.ledger.giveUp(ticket) } }
        switch end {
        case .answered(.success(let value)): return .answered(value)
        case .answered(.failure(let error)):
            if error.kind == .lost { dropIdle() }
            return .failed(error)
        case .givenUp(let step): return .hung(step, ticket)
        }
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
                errand.step(step.call, step.domains, isFirst: true)
                result = body(new, errand)
            case .failure(let error): result = .failure(error)
            }
        }
        // After a call that was lost the connection is of no use; one that hung may have an answer that nobody waits for.
        let isGood = if case .failure(let error) = result { error.kind != .lost } else { true }
        let mayKeep = isGood
        var isKept = false
        errand.end(result) { isGivenUp in
            state.withLock { state in
                state.ledger.end(ticket)
                if isGivenUp { state.returned.append(ticket) }
                guard let connection, mayKeep, !isGivenUp, !state.isClosed, state.idle.count < idleLimit else { return }
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
