import ObjectStore
import Primitives
import Synchronization

/// What a watch has brought and nobody has taken yet: lines as they came, put in by the thread of all transfers, and then the end.
final class WatchFeed: Sendable {
    enum Item: Sendable {
        case line([UInt8])
        /// nil for one in good order.
        case end(StoreError?)
    }

    private struct State {
        var splitter: LineSplitter
        var lines: [[UInt8]] = []
        /// Lines before this one were taken.
        var taken = 0
        var waitingBytes = 0
        var count = 0
        var isWatch = false
        /// Of an answer that is no watch.
        var refusal: [UInt8] = []
        var end: Item?
        var waiter: CheckedContinuation<Bool, Never>?
    }

    private static let refusalLimitBytes = 64 << 10

    private let limits: KubeLimits
    private let state: Mutex<State>
    /// The status of the answer; 0 when there will be none.
    let status = OneAnswer<Int>()
    /// True when all of the answer has come.
    let isOver = OneAnswer<Bool>()

    init(_ limits: KubeLimits) {
        self.limits = limits
        state = Mutex(State(splitter: LineSplitter(limitBytes: limits.eventBytes)))
    }

    /// Changes that have come so far.
    var count: Int { state.withLock { $0.count } }

    /// What an answer that is no watch says.
    var refusal: [UInt8] { state.withLock { $0.refusal } }

    func begin(_ status: Int) {
        state.withLock { $0.isWatch = status == 200 }
        self.status.give(status)
    }

    /// False when no more of it is wanted.
    func put(_ piece: [UInt8]) -> Bool {
        let (isWanted, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Bool, Never>?) in
            guard state.end == nil else { return (false, nil) }
            guard state.isWatch else {
                if state.refusal.count < Self.refusalLimitBytes { state.refusal += piece.prefix(Self.refusalLimitBytes) }
                return (true, nil)
            }
            for line in state.splitter.take(piece) {
                state.lines.append(line)
                state.waitingBytes += line.count
                state.count += 1
            }
            if state.splitter.skippedCount > 0 {
                Self.close(&state, StoreError(.expired, "a change of more than \(limits.eventBytes) bytes was not taken; list again"))
            } else if state.waitingBytes > limits.waitingBytes {
                Self.close(
                    &state, StoreError(.expired, "more than \(limits.waitingBytes) bytes of changes were waiting to be taken; list again"))
            }
            guard state.end != nil || state.taken < state.lines.count else { return (true, nil) }
            defer { state.waiter = nil }
            return (state.end == nil, state.waiter)
        }
        waiter?.resume(returning: true)
        return isWanted
    }

    /// The first end counts.
    func finish(_ error: StoreError?) {
        let waiter = state.withLock { state in
            if state.end == nil { state.end = .end(error) }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: true)
        status.give(0)
        isOver.give(true)
    }

    /// Changes are lost: what waits is not of use either, as whoever watches lists again.
    private static func close(_ state: inout State, _ error: StoreError) {
        (state.lines, state.taken, state.waitingBytes) = ([], 0, 0)
        state.end = .end(error)
    }

    /// The next of it; nil when the task is cancelled. One caller at a time.
    func next() async -> Item? {
        while !Task.isCancelled {
            if let item = state.withLock({ Self.take(&$0) }) { return item }
            let far = Deadline.after(seconds: 3600)
            _ = await waitInLine(by: far) {
                self.leave()
            } enter: { continuation -> Bool? in
                self.state.withLock { state in
                    if Task.isCancelled || far.hasPassed || state.end != nil || state.taken < state.lines.count { return true }
                    state.waiter = continuation
                    return nil
                }
            }
        }
        return nil
    }

    private static func take(_ state: inout State) -> Item? {
        guard state.taken < state.lines.count else { return state.end }
        let line = state.lines[state.taken]
        state.lines[state.taken] = []
        state.taken += 1
        state.waitingBytes -= line.count
        if state.taken == state.lines.count { (state.lines, state.taken) = ([], 0) }
        return .line(line)
    }

    private func leave() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: false)
    }
}
