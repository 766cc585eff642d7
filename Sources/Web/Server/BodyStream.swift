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

    /// Ends the body once all of it is sent.
    package func finish() {
        state.withLock { state in
            state.isComplete = true
            state.wake()
        }
    }

    /// Ends the body where it is, and tells whoever makes it.
    func abandon() {
        state.withLock { state in
            state.isOver = true
            state.isComplete = true
            state.waiting = []
            state.wake()
        }
    }

    /// How many bytes are in the room now, 0 at the end. On the connection's event loop; nil once that sleeps until there is more.
    func fill(_ room: UnsafeMutableRawBufferPointer, of exchange: ServerExchange) -> Int? {
        state.withLock { state in
            guard state.waiting.isEmpty else {
                let count = min(state.waiting.count, room.count)
                state.waiting.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
                state.waiting.removeFirst(count)
                return count
            }
            if state.isComplete { return 0 }
            // Under the lock: whoever sends must find the connection asleep, or nobody would wake it.
            state.sleeper = exchange
            exchange.putConnectionToSleep()
            return nil
        }
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
