import Synchronization

/// A body whose pieces come over time, from a task that takes as long as it likes between two of them. The connection sleeps meanwhile, and costs no thread.
package final class BodyStream: Sendable {
    /// How much may wait for a reader that does not read.
    private static let roomBytes = 1 << 20

    private struct State {
        var waiting: [UInt8] = []
        /// No more comes.
        var isComplete = false
        /// Nobody wants any more.
        var isOver = false
        /// Whose connection sleeps until more has come.
        var sleeper: ServerExchange?
        /// Who waits until more may come.
        var writer: CheckedContinuation<Void, Never>?
        /// Who wants to hear that it is over.
        var onOver: (@Sendable () -> Void)?

        /// Lets the loop look again.
        mutating func wake() {
            sleeper?.wakeConnection()
            sleeper = nil
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the reader has gone, or the server stops: what would still be sent is not needed.
    package var isOver: Bool { state.withLock { $0.isOver } }

    /// Sends a piece. Returns whether the next one is wanted: not when the reader has gone, or leaves a mebibyte unread.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        state.withLock { state in
            guard !state.isOver, !state.isComplete else { return false }
            guard state.waiting.count + bytes.count <= Self.roomBytes else { return false }
            state.waiting += bytes
            state.wake()
            return true
        }
    }

    /// Sends a piece of any size once most of what came before it has been read, and waits for that. Returns whether the next one is wanted.
    ///
    /// One caller at a time. A reader that reads nothing is ended by the server after its limits' time.
    package func sendInTurn(_ bytes: [UInt8]) async -> Bool {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let mayGo = state.withLock { state in
                let mayGo = state.isOver || state.waiting.count < Self.roomBytes / 2
                if !mayGo { state.writer = continuation }
                return mayGo
            }
            if mayGo { continuation.resume() }
        }
        return state.withLock { state in
            guard !state.isOver, !state.isComplete else { return false }
            state.waiting += bytes
            state.wake()
            return true
        }
    }

    /// Calls once when the reader has gone, or at once if that is so already; on a thread that must not wait.
    package func whenOver(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.onOver = body }
            return state.isOver
        }
        if isOver { body() }
    }

    /// Ends the body once all of it is sent.
    package func finish() {
        state.withLock { state in
            state.isComplete = true
            state.wake()
        }
    }

    /// Ends the body where it is, and tells whoever makes it.
    func abandon() {
        let (writer, onOver) = state.withLock { state in
            state.isOver = true
            state.isComplete = true
            state.waiting = []
            state.wake()
            defer { (state.writer, state.onOver) = (nil, nil) }
            return (state.writer, state.onOver)
        }
        writer?.resume()
        onOver?()
    }

    /// How many bytes are in the room now, 0 at the end. On the connection's event loop; nil once that sleeps until there is more.
    func fill(_ room: UnsafeMutableRawBufferPointer, of exchange: ServerExchange) -> Int? {
        let (filled, writer): (Int?, CheckedContinuation<Void, Never>?) = state.withLock { state in
            guard state.waiting.isEmpty else {
                let count = min(state.waiting.count, room.count)
                state.waiting.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
                state.waiting.removeFirst(count)
                guard state.waiting.count < Self.roomBytes / 2 else { return (count, nil) }
                defer { state.writer = nil }
                return (count, state.writer)
            }
            if state.isComplete { return (0, nil) }
            // Under the lock: whoever sends must find the connection asleep, or nobody would wake it.
            state.sleeper = exchange
            exchange.putConnectionToSleep()
            return (nil, nil)
        }
        writer?.resume()
        return filled
    }
}

/// A stream on its way, as libmicrohttpd hands it around.
final class StreamOnConnection: Sendable {
    let stream: BodyStream
    let exchange: ServerExchange

    init(_ stream: BodyStream, of exchange: ServerExchange) {
        self.stream = stream
        self.exchange = exchange
    }
}
