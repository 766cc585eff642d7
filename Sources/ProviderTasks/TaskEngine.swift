package import Primitives
import RPC
import Synchronization

/// The operations of a provider: accepted, written down, done one after the other on each machine and side by side on several, resumed after a restart,
/// and ended exactly once.
///
/// What a client was told of is in the journal before anything is done on the hypervisor, and stays there until its end is.
package final class TaskEngine: Sendable {
    package struct Limits: Sendable {
        /// Operations of each place that run at a time; the others are queued.
        package var waiting = 64
        package var hauling = 8
        package var acting = 8
        /// Operations that are not over; more are refused.
        package var live = 1000
        /// How long an ended operation is kept at least, in seconds, unless there are too many.
        package var keptSeconds: Double = 24 * 3600
        /// Ended operations that are kept at most; the oldest go first.
        package var kept = 10_000
        /// How often progress is written to the disk at most, in seconds.
        package var progressSeconds: Double = 1
        /// How often in a row an operation is begun that comes no further, as it ends the process each time.
        package var attempts = 10

        package init() {}

        subscript(place: OperationKind.Place) -> Int {
            switch place {
            case .waiting: waiting
            case .hauling: hauling
            case .acting: acting
            }
        }
    }

    /// Told of each end, once, on whatever thread it comes. A process that dies between recording an end and telling of it does not tell of it later:
    /// what must be exact is in `tallies`.
    package typealias Observer = @Sendable (OperationEnd) -> Void

    enum Stop { case cancel, deadline, shutdown }

    struct Entry {
        var operation: Operation
        /// Opened once the operation is in the journal.
        let written = Latch()
        let ended = Latch()
        var isRunning = false
        /// It was begun by a process before this one.
        var isResumed = false
        var task: Task<Void, Never>?
        /// What takes back what it did: apart from the task above, which may have been cancelled to get there.
        var undo: Task<RPCError?, Never>?
        var stop: Stop?
        /// Nil while it waits and others have it.
        var place: OperationKind.Place?
        /// Calls that were begun and may go on although nobody waits for them.
        var outside: [Int: String] = [:]
        /// Opened when none of those is out any more.
        var isBack: Latch?
        var progressWrittenAt: Double = 0
    }

    struct State {
        var entries: [String: Entry] = [:]
        /// Those that are neither over nor running, in the order in which they are to begin.
        var waiting: [String] = []
        /// Those that are over, the oldest end first.
        var ended: [String] = []
        var taken: [OperationKind.Place: Int] = [:]
        /// Those that run and wait for a place, the first to come first.
        var returning: [(id: String, latch: Latch)] = []
        var lastOutside = 0
        /// Not accepted, as writing them down failed; the disk may have them all the same.
        var doubtful: [String] = []
        var lockedBy: [String: String] = [:]
        var claimedBy: [String: String] = [:]
        var tokens: [OperationToken: String] = [:]
        var tallies: [String: OperationTally] = [:]
        var lastSequence: Int64 = 0
        var isOpen = true
        /// What runs leaves what is not done for the next start.
        var isEnding = false
    }

    let journal: TaskJournal
    let kinds: [String: OperationKind]
    let limits: Limits
    let clock: WallClock
    let logger: Logger
    let observer: Observer?
    let state = Mutex(State())
    private let begunAt = ContinuousClock.now

    /// Reads the journal and goes on with what was not over.
    ///
    /// Errors: what the journal cannot be read for.
    package init(
        _ journal: TaskJournal, kinds: [OperationKind], limits: Limits = Limits(), clock: WallClock = .system, logger: Logger = .silent,
        observer: Observer? = nil
    ) async throws(Failure) {
        self.journal = journal
        self.kinds = Dictionary(kinds.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.limits = limits
        self.clock = clock
        self.logger = logger
        self.observer = observer
        let operations = try await journal.operations()
        let tallies = try await journal.tallies()
        let forgotten = state.withLock { state in
            for tally in tallies { state.tallies[Self.key(tally)] = tally }
            for operation in operations { Self.add(operation, &state) }
            state.ended.sort { (state.entries[$0]?.operation.endedAt ?? 0) < (state.entries[$1]?.operation.endedAt ?? 0) }
            return forget(&state, endingOneMore: false)
        }
        try await journal.forget(forgotten)
        let resumed = state.withLock { $0.waiting.count }
        if resumed > 0 { logger.info("operations are resumed", ["count": resumed]) }
        startWhatCan()
    }

    private static func add(_ operation: Operation, _ state: inout State) {
        var entry = Entry(operation: operation)
        entry.isResumed = operation.startedAt != nil
        entry.written.open()
        state.lastSequence = max(state.lastSequence, operation.sequence)
        if let token = operation.token { state.tokens[token] = operation.id }
        if operation.state.isEnd {
            entry.ended.open()
            state.ended.append(operation.id)
        } else {
            state.waiting.append(operation.id)
            for claim in operation.claims { state.claimedBy[claim] = operation.id }
        }
        state.entries[operation.id] = entry
    }

    // MARK: what there is

    /// Nil when there is none, or none any more.
    package func operation(_ id: String) -> Operation? { !OperationID.isOne(id) ? nil : state.withLock { $0.entries[id]?.operation } }

    /// The one that came with that token last.
    package func operation(of token: OperationToken) -> Operation? {
        state.withLock { state in state.tokens[token].flatMap { state.entries[$0]?.operation } }
    }

    /// In the order in which they were accepted.
    package var operations: [Operation] {
        state.withLock { state in state.entries.values.map(\.operation) }.sorted { $0.sequence < $1.sequence }
    }

    /// Operations that are not over, in the order in which they were accepted.
    package var liveOperations: [Operation] {
        state.withLock { state in
            state.entries.count == state.ended.count ? [] : state.entries.values.map(\.operation).filter { !$0.state.isEnd }
        }.sorted { $0.sequence < $1.sequence }
    }

    /// How many those are.
    package var liveCount: Int { state.withLock { $0.entries.count - $0.ended.count } }

    /// All operations that ever ended, counted; also those before the last restart, and those that are forgotten.
    package var tallies: [OperationTally] {
        state.withLock { Array($0.tallies.values) }.sorted { Self.key($0) < Self.key($1) }
    }

    static func key(_ tally: OperationTally) -> String { "\(tally.kind)\n\(tally.variant)\n\(tally.outcome.rawValue)" }

    /// The operation once it is over; nil when the deadline comes first, or there is no such operation.
    package func end(of id: String, by deadline: Deadline) async -> Operation? {
        guard let latch = state.withLock({ $0.entries[id]?.ended }), await latch.wait(by: deadline) else { return nil }
        return operation(id)
    }

    /// For how long the hypervisor may still be about what a process before this one asked it for; nil when it is not.
    func lateSeconds(_ id: String, _ kind: OperationKind) -> Double? {
        guard state.withLock({ $0.entries[id]?.isResumed == true }) else { return nil }
        let seconds = kind.lateSeconds - (ContinuousClock.now - begunAt).seconds
        return seconds > 0 ? seconds : nil
    }

    // MARK: the end of the process

    /// Takes nothing more, lets run to its end what should, and leaves the rest for the next start. Comes back when nothing runs any more, or at the
    /// deadline.
    package func shutdown(by deadline: Deadline) async {
        let running = state.withLock { state in
            state.isOpen = false
            return state.entries.values.filter(\.isRunning).map(\.operation)
        }
        for operation in running where kinds[operation.kind]?.atShutdown == .cancel { _ = try? await cancel(operation.id) }
        for operation in running where kinds[operation.kind].map({ $0.atShutdown != .leave }) == true {
            _ = await end(of: operation.id, by: deadline.earlier(bySeconds: min(2, deadline.remainingSeconds / 2)))
        }
        let (tasks, latches) = state.withLock { state in
            state.isEnding = true
            for (id, entry) in state.entries where entry.isRunning {
                entry.undo?.cancel()
                guard entry.stop == nil else { continue }
                state.entries[id]?.stop = .shutdown
                entry.task?.cancel()
            }
            return (state.entries.values.compactMap(\.task), Self.wake(&state))
        }
        for latch in latches { latch.open() }
        let all = Latch()
        Task {
            for task in tasks { await task.value }
            all.open()
        }
        if await all.wait(by: deadline) {
            await journal.close()
        } else {
            logger.warn("operations still run at the end of the process; they go on after the next start", ["count": tasks.count])
        }
    }

    /// For tests: as if the process were killed now. What runs is interrupted, and nothing is written any more.
    package func abandon() async {
        let (tasks, latches) = state.withLock { state in
            state.isOpen = false
            state.isEnding = true
            for id in state.entries.keys where state.entries[id]?.isRunning == true { state.entries[id]?.stop = .shutdown }
            for entry in state.entries.values { entry.undo?.cancel() }
            return (state.entries.values.compactMap(\.task), Self.wake(&state))
        }
        for latch in latches { latch.open() }
        await journal.close()
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    /// Ended operations that need not be kept; they are taken out of the state, the caller takes them out of the journal.
    func forget(_ state: inout State, endingOneMore: Bool) -> [String] {
        let oldest = clock.unixSeconds - limits.keptSeconds
        var ids: [String] = []
        while let id = state.ended.first {
            let isOld = (state.entries[id]?.operation.endedAt ?? 0) < oldest
            guard isOld || state.ended.count + (endingOneMore ? 1 : 0) > limits.kept else { break }
            state.ended.removeFirst()
            if let token = state.entries.removeValue(forKey: id)?.operation.token, state.tokens[token] == id { state.tokens[token] = nil }
            ids.append(id)
        }
        return ids
    }
}
