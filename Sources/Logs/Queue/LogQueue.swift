import Primitives
import Synchronization

/// Entries between sources and sender, as many bytes at most as it has room for: a source that brings more waits, and reads nothing meanwhile, so that
/// what can be read again is never dropped.
final class LogQueue: Sendable {
    private struct State {
        var chunks: [[LogEntry]] = []
        /// Of the first chunk, how many were taken.
        var taken = 0
        var bytes = 0
        var isClosed = false
        /// Sources that wait at the gate.
        var sources = 0
        /// The sender, and for how many bytes it waits.
        var waiting: (wanted: Int, continuation: CheckedContinuation<Bool, Never>)?
    }

    let limit: Int
    private let state = Mutex(State())
    private let gate = ThreadGate()

    /// - Parameter limit: in bytes.
    init(limit: Int) { self.limit = limit }

    var bytes: Int { state.withLock { $0.bytes } }

    /// When the oldest line was written, in nanoseconds since 1970; nil of an empty queue.
    var oldest: Int64? {
        state.withLock { state in
            guard let first = state.chunks.first, state.taken < first.count else { return nil }
            return first[state.taken].time
        }
    }

    /// Puts entries behind those that are there, once there is room; one chunk may be larger than what is left. Blocks its thread until then. False
    /// when the queue is closed.
    func put(_ chunk: [LogEntry]) -> Bool {
        guard !chunk.isEmpty else { return !state.withLock { $0.isClosed } }
        let bytes = chunk.reduce(0) { $0 + $1.bytes }
        while true {
            enum Step { case done, closed, wait }
            var sender: CheckedContinuation<Bool, Never>?
            let step: Step = state.withLock { state in
                if state.isClosed { return .closed }
                guard state.bytes < limit else {
                    state.sources += 1
                    return .wait
                }
                state.chunks.append(chunk)
                state.bytes += bytes
                if let waiting = state.waiting, state.bytes >= waiting.wanted {
                    sender = waiting.continuation
                    state.waiting = nil
                }
                return .done
            }
            sender?.resume(returning: true)
            switch step {
            case .done: return true
            case .closed: return false
            case .wait: gate.wait()
            }
        }
    }

    /// The oldest entries: as many as come to `limit` bytes, or as there are so many seconds after the first of them. One that is larger comes alone.
    /// Empty when the queue is closed.
    func take(upTo limit: Int, waitingSeconds: Double) async -> [LogEntry] {
        while !state.withLock({ $0.isClosed || $0.bytes > 0 }) { _ = await wait(for: 1, by: .after(seconds: 3600)) }
        _ = await wait(for: limit, by: .after(seconds: waitingSeconds))
        return state.withLock { state in
            guard !state.isClosed else { return [] }
            let batch = Self.take(limit, from: &state)
            if state.bytes < self.limit { letIn(&state) }
            return batch
        }
    }

    /// Nothing goes in or out any more.
    func close() {
        let sender = state.withLock { state in
            defer { (state.isClosed, state.waiting) = (true, nil) }
            letIn(&state)
            return state.waiting?.continuation
        }
        sender?.resume(returning: false)
    }

    /// Each source that waits looks again.
    private func letIn(_ state: inout State) {
        gate.open(for: state.sources)
        state.sources = 0
    }

    private static func take(_ limit: Int, from state: inout State) -> [LogEntry] {
        var batch: [LogEntry] = []
        var bytes = 0
        var emptied = 0
        search: for chunk in state.chunks {
            while state.taken < chunk.count {
                let entry = chunk[state.taken]
                guard batch.isEmpty || bytes + entry.bytes <= limit else { break search }
                batch.append(entry)
                bytes += entry.bytes
                state.taken += 1
            }
            state.taken = 0
            emptied += 1
        }
        state.chunks.removeFirst(emptied)
        state.bytes -= bytes
        return batch
    }

    private func wait(for bytes: Int, by deadline: Deadline) async -> Bool {
        await waitInLine(by: deadline) { [self] in
            let sender = state.withLock { state in
                defer { state.waiting = nil }
                return state.waiting?.continuation
            }
            sender?.resume(returning: false)
        } enter: { continuation in
            state.withLock { state in
                if state.isClosed || state.bytes >= bytes { return true }
                if Task.isCancelled || deadline.hasPassed { return false }
                state.waiting = (bytes, continuation)
                return nil
            }
        }
    }
}
