import Primitives
import RPC
import Synchronization

extension TaskEngine {
    /// Begins those that wait, for which there is a place and on whose machines nothing else is done. Of two on one machine the earlier begins first.
    func startWhatCan() {
        let (ids, latches) = state.withLock { state in
            var started: [String] = []
            var held = Set<String>()
            let served = serveReturning(&state)
            guard state.isOpen else { return (started, served) }
            for id in state.waiting {
                guard let operation = state.entries[id]?.operation else { continue }
                // A kind that this version does not know waits for one that does.
                let isFree =
                    kinds[operation.kind] != nil && Self.hasRoom(place(operation), state, limits)
                    && operation.locks.allSatisfy { state.lockedBy[$0] == nil && !held.contains($0) }
                guard isFree else {
                    held.formUnion(operation.locks)
                    continue
                }
                for lock in operation.locks { state.lockedBy[lock] = id }
                Self.take(place(operation), id, &state)
                state.entries[id]?.isRunning = true
                started.append(id)
            }
            if !started.isEmpty {
                let gone = Set(started)
                state.waiting.removeAll { gone.contains($0) }
            }
            return (started, served)
        }
        for latch in latches { latch.open() }
        for id in ids {
            let task = Task { await self.perform(id) }
            let isStopped = state.withLock { state in
                state.entries[id]?.task = task
                return state.entries[id]?.stop != nil
            }
            if isStopped { task.cancel() }
        }
    }

    /// Does the operation to its end, or until the process ends.
    private func perform(_ id: String) async {
        guard let operation = operation(id), let kind = kinds[operation.kind] else { return leave(id) }
        let request: [UInt8]
        do {
            request = try await journal.request(id)
            try await begin(id)
        } catch {
            // Nothing was done; a disk that is full may have room later.
            logger.error("the journal cannot be used", ["operation": id, "reason": error.message])
            await pause(seconds: 5)
            return leave(id, again: true)
        }
        let context = OperationContext(
            id: id, kind: operation.kind, target: operation.target, resultID: operation.resultID, request: request, engine: self)
        var failure = operation.code == .ok ? nil : RPCError(operation.code, operation.message)
        if failure == nil, operation.isCancelRequested { failure = Self.cancelled }
        if let failure, operation.attempts >= limits.attempts {
            let left =
                "\(failure.message); what it made could not be taken back (that was begun \(operation.attempts) times and the process ended each time): look for \(id) on the hypervisor"
            return await end(id, .failed, failure.code, left)
        }
        if failure == nil, operation.attempts >= limits.attempts {
            failure = RPCError(
                .internal, "the operation was begun \(operation.attempts) times and the process ended each time; it is taken back")
        }
        if failure == nil {
            guard let result = await run(kind, context) else { return leave(id) }
            switch result {
            case .success: return await end(id, .succeeded, .ok, "")
            case .failure(let error): failure = error
            }
        }
        guard let failure else { return leave(id) }
        await takeBack(kind, context, failure)
    }

    static let cancelled = RPCError(.cancelled, "somebody cancelled it")

    /// How the work ended; nil when it was interrupted by the end of the process.
    private func run(_ kind: OperationKind, _ context: OperationContext) async -> Result<Void, RPCError>? {
        let id = context.id
        let now = clock.unixSeconds
        let left = (operation(id)?.startedAt ?? now) + kind.deadlineSeconds - now
        // What was begun long ago, by a process that was away for long, may still look what has become of it.
        let deadline = Deadline.after(seconds: max(left, min(kind.deadlineSeconds, 60)))
        let alarm = Alarm(at: deadline) { self.interrupt(id, .deadline) }
        defer { alarm.stop() }
        var unreachableSince = now
        var pauseSeconds = 0.5
        while true {
            let error: RPCError
            let start = clock.unixSeconds
            do throws(RPCError) {
                try context.checkCancellation()
                try await kind.work.run(context)
                return .success(())
            } catch let thrown {
                error = thrown
            }
            guard await workIsBack(id) else { return nil }
            switch state.withLock({ $0.entries[id]?.stop }) {
            case .shutdown: return nil
            case .cancel: return .failure(Self.cancelled)
            case .deadline:
                return .failure(RPCError(.deadlineExceeded, "it was not over after \(Int(kind.deadlineSeconds)) s, and is taken back"))
            case nil: break
            }
            let now = clock.unixSeconds
            if now - start > kind.retrySeconds {
                // It went well for a while; this is another trouble.
                unreachableSince = now
                pauseSeconds = 0.5
            }
            guard error.code == .unavailable, now - unreachableSince + pauseSeconds < kind.retrySeconds else {
                return .failure(error)
            }
            show(id, step: "waits to try again: \(error.message)")
            await rest(id, seconds: pauseSeconds)
            pauseSeconds = min(15, pauseSeconds * 2)
        }
    }

    /// Undoes what was done, and records how it failed.
    private func takeBack(_ kind: OperationKind, _ context: OperationContext, _ failure: RPCError) async {
        let id = context.id
        let isNew = state.withLock { state in
            let isNew = state.entries[id]?.operation.code == .ok
            state.entries[id]?.operation.code = failure.code
            state.entries[id]?.operation.message = failure.message
            state.entries[id]?.operation.step = "takes back what was done"
            // How often this is begun is counted from here.
            if isNew { state.entries[id]?.operation.attempts = 0 }
            return isNew
        }
        if isNew, !(await insist(id, { (journal) throws(Failure) in try await journal.fail(id, failure.code, failure.message) })) {
            return leave(id)
        }
        await Task { await self.comeBack(id) }.value
        let state = operation(id)?.isCancelRequested == true && failure.code == .cancelled ? OperationState.cancelled : .failed
        let start = clock.unixSeconds
        var pauseSeconds = 0.5
        while isAtWork {
            // In a task of its own, as this one may have been cancelled.
            let work = kind.work
            let late = lateSeconds(id, kind)
            let undo = Task { () -> RPCError? in
                do throws(RPCError) {
                    try await work.undo(context)
                    return nil
                } catch {
                    return error
                }
            }
            let isEnding = self.state.withLock { state in
                state.entries[id]?.undo = undo
                return state.isEnding
            }
            if isEnding { undo.cancel() }
            let undone = await undo.value
            self.state.withLock { $0.entries[id]?.undo = nil }
            guard await workIsBack(id) else { break }
            guard let undone else {
                guard let seconds = late else { return await end(id, state, failure.code, failure.message) }
                show(id, step: "waits to look again for what a process before this one may have begun")
                await restUndoing(id, seconds: seconds)
                continue
            }
            guard isAtWork else { break }
            logger.warn("what an operation made cannot be taken back yet", ["operation": id, "reason": undone.message])
            guard clock.unixSeconds - start + pauseSeconds < kind.undoSeconds else {
                let left = "\(failure.message); what it made could not be taken back (\(undone.message)): look for \(id) on the hypervisor"
                return await end(id, .failed, failure.code, left)
            }
            await restUndoing(id, seconds: pauseSeconds)
            pauseSeconds = min(30, pauseSeconds * 2)
        }
        leave(id)
    }

    /// A pause between two tries to take back; the end of the process cuts it short, and nothing else does.
    private func restUndoing(_ id: String, seconds: Double) async {
        let rest = Task { () -> RPCError? in
            await self.rest(id, seconds: seconds)
            return nil
        }
        let isEnding = state.withLock { state in
            state.entries[id]?.undo = rest
            return state.isEnding
        }
        if isEnding { rest.cancel() }
        _ = await rest.value
        state.withLock { $0.entries[id]?.undo = nil }
    }

    // MARK: the end

    /// One that was cancelled while it waited.
    func endUnbegun(_ id: String) async { await end(id, .cancelled, .cancelled, Self.cancelled.message) }

    private func end(_ id: String, _ end: OperationState, _ code: RPCCode, _ message: String) async {
        var ended: Operation?
        let forgotten = state.withLock { state -> [String] in
            guard var operation = state.entries[id]?.operation, !operation.state.isEnd else { return [] }
            operation.state = end
            operation.code = code
            operation.message = message
            operation.step = ""
            operation.endedAt = max(clock.unixSeconds, operation.createdAt)
            if end == .succeeded { operation.progress = 1 }
            ended = operation
            return forget(&state, endingOneMore: true)
        }
        guard let operation = ended, let outcome = operation.outcome, let endedAt = operation.endedAt else { return leave(id) }
        guard await insist(id, { (journal) throws(Failure) in _ = try await journal.end(operation, forgetting: forgotten) }) else {
            return leave(id)
        }
        let duration = endedAt - operation.createdAt
        let latch = state.withLock { state in
            state.entries[id]?.operation = operation
            state.ended.append(id)
            var tally = OperationTally(kind: operation.kind, variant: operation.variant, outcome: outcome)
            tally = state.tallies[Self.key(tally)] ?? tally
            tally.add(seconds: duration)
            state.tallies[Self.key(tally)] = tally
            for claim in operation.claims where state.claimedBy[claim] == id { state.claimedBy[claim] = nil }
            return state.entries[id]?.ended
        }
        observer?(OperationEnd(operation: operation, outcome: outcome, durationSeconds: duration))
        latch?.open()
        logger.info("operation over", ["operation": id, "kind": operation.kind, "outcome": outcome.rawValue, "reason": message])
        leave(id)
    }

    /// Writes until it is written; false when the process ends before.
    private func insist(_ id: String, _ write: @escaping @Sendable (TaskJournal) async throws(Failure) -> Void) async -> Bool {
        var pauseSeconds = 0.5
        // Once in any case: what came to its end while the process ends need not be done again.
        while true {
            do throws(Failure) {
                try await write(journal)
                return true
            } catch {
                guard isAtWork else { return false }
                logger.error("the journal cannot be written", ["operation": id, "reason": error.message])
                show(id, step: "waits to be written down: \(error.message)")
            }
            let seconds = pauseSeconds
            await Task { await self.pause(seconds: seconds) }.value
            pauseSeconds = min(30, pauseSeconds * 2)
        }
    }

    /// False once what runs shall leave the rest for the next start.
    private var isAtWork: Bool { state.withLock { !$0.isEnding } }

    /// Makes room for others.
    private func leave(_ id: String, again: Bool = false) {
        state.withLock { state in
            guard let entry = state.entries[id], entry.isRunning else { return }
            state.entries[id]?.isRunning = false
            state.entries[id]?.task = nil
            Self.giveBack(id, &state)
            for lock in entry.operation.locks where state.lockedBy[lock] == id { state.lockedBy[lock] = nil }
            if again { state.waiting.insert(id, at: 0) }
        }
        startWhatCan()
    }
}
