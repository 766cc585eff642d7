import Primitives
import RPC
import Synchronization

/// What is written down of an operation on its way.
extension TaskEngine {
    func begin(_ id: String) async throws(Failure) {
        let (startedAt, attempts) = state.withLock { state in
            let startedAt = state.entries[id]?.operation.startedAt ?? clock.unixSeconds
            state.entries[id]?.operation.startedAt = startedAt
            state.entries[id]?.operation.state = .running
            state.entries[id]?.operation.attempts += 1
            return (startedAt, state.entries[id]?.operation.attempts ?? 1)
        }
        try await journal.begin(id, startedAt: startedAt, attempts: attempts)
    }

    func interrupt(_ id: String, _ stop: Stop) {
        let task = state.withLock { state -> Task<Void, Never>? in
            guard let entry = state.entries[id], entry.isRunning, entry.stop == nil else { return nil }
            state.entries[id]?.stop = stop
            return entry.task
        }
        task?.cancel()
    }

    func show(_ id: String, step: String) { state.withLock { $0.entries[id]?.operation.step = step } }

    func note(_ id: String, _ name: String, _ value: String?) async throws(RPCError) {
        let (notes, step, attempts) = state.withLock { state in
            // The same note again is no way forward, and neither is one of what is taken back: it may be written in each life of the process.
            let isFurther = state.entries[id]?.operation.code == .ok && state.entries[id]?.operation.notes[name] != value
            state.entries[id]?.operation.notes[name] = value
            if isFurther { state.entries[id]?.operation.attempts = 0 }
            let operation = state.entries[id]?.operation
            return (operation?.notes ?? [:], operation?.step ?? "", operation?.attempts ?? 0)
        }
        do {
            try await journal.note(id, notes, step: step, attempts: attempts)
        } catch {
            throw RPCError(.unavailable, "a step could not be written down: \(error.message)", cause: error)
        }
    }

    func report(_ id: String, _ progress: Double) async {
        let now = clock.unixSeconds
        let step = state.withLock { state -> String? in
            guard var entry = state.entries[id], !entry.operation.state.isEnd else { return nil }
            entry.operation.progress = max(entry.operation.progress ?? 0, progress.clamped(to: 0...1))
            let isDue = abs(now - entry.progressWrittenAt) >= limits.progressSeconds
            if isDue { entry.progressWrittenAt = now }
            state.entries[id] = entry
            return isDue ? entry.operation.step : nil
        }
        guard let step else { return }
        do {
            try await journal.report(id, progress: progress.clamped(to: 0...1), step: step)
        } catch {
            logger.warn("progress could not be written down", ["operation": id, "reason": error.message])
        }
    }

    /// Cut short when the task is cancelled.
    func pause(seconds: Double) async { try? await Task.sleep(for: .seconds(seconds)) }
}
