import Primitives
import Synchronization

/// Bytes between two threads: who is ahead waits. Either side may break it, and the other then hears so.
final class BytePipe: Sendable {
    private struct State {
        var pieces: [[UInt8]] = []
        var taken = 0
        var bytes = 0
        var isEnded = false
        var isBroken = false
        var isWriterWaiting = false
        var isReaderWaiting = false
    }

    enum Next {
        case piece([UInt8])
        case end
        case broken
    }

    private let limit: Int
    private let state = Mutex(State())
    private let writers = ThreadGate()
    private let readers = ThreadGate()

    /// - Parameter limit: in bytes; one piece may go beyond.
    init(limit: Int = 4 << 20) { self.limit = limit }

    /// Blocks its thread while there is no room. False when the pipe is broken.
    func put(_ piece: [UInt8]) -> Bool {
        guard !piece.isEmpty else { return !state.withLock { $0.isBroken } }
        while true {
            let isIn: Bool? = state.withLock { state in
                if state.isBroken || state.isEnded { return false }
                guard state.bytes < limit else {
                    state.isWriterWaiting = true
                    return nil
                }
                state.pieces.append(piece)
                state.bytes += piece.count
                wakeReader(&state)
                return true
            }
            if let isIn { return isIn }
            writers.wait()
        }
    }

    /// Nothing comes any more.
    func end() {
        state.withLock { state in
            state.isEnded = true
            wakeReader(&state)
        }
    }

    /// Whoever waits, and whoever comes, hears that it is of no use.
    func breakOff() {
        state.withLock { state in
            state.isBroken = true
            state.pieces = []
            wakeReader(&state)
            wakeWriter(&state)
        }
    }

    /// Blocks its thread while there is nothing.
    func take() -> Next {
        while true {
            let next: Next? = state.withLock { state in
                if state.isBroken { return .broken }
                guard state.taken < state.pieces.count else {
                    if state.isEnded { return .end }
                    state.isReaderWaiting = true
                    return nil
                }
                let piece = state.pieces[state.taken]
                state.taken += 1
                state.bytes -= piece.count
                if state.taken == state.pieces.count {
                    state.pieces.removeAll(keepingCapacity: true)
                    state.taken = 0
                }
                wakeWriter(&state)
                return .piece(piece)
            }
            if let next { return next }
            readers.wait()
        }
    }

    private func wakeReader(_ state: inout State) {
        if state.isReaderWaiting { readers.open(for: 1) }
        state.isReaderWaiting = false
    }

    private func wakeWriter(_ state: inout State) {
        if state.isWriterWaiting { writers.open(for: 1) }
        state.isWriterWaiting = false
    }
}
