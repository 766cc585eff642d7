import Glibc
import Primitives
import Synchronization

/// What others ask of the supervisor's thread, with a descriptor that wakes it from poll(2).
final class Mailbox: Sendable {
    /// A wish, and who waits for it.
    enum Command: Sendable {
        case start([Service], CheckedContinuation<Result<Void, Failure>, Never>)
        case stop(withinSeconds: Double, CheckedContinuation<Void, Never>)
    }

    private struct State {
        var commands: [Command] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    /// Readable when there are commands.
    let descriptor: Int32
    private let wakingEnd: Int32

    /// Errors: no descriptor to be had.
    init() throws(Failure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(.environment, "cannot make a pipe: \(systemMessage(errno))") }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (descriptor, wakingEnd) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(wakingEnd)
    }

    /// False when nobody reads any more.
    func send(_ command: Command) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.commands.append(command)
            // A full pipe wakes as well as one more byte would.
            Files.writeAll([0], to: wakingEnd)
            return true
        }
    }

    /// All commands so far, in order; `closing` lets no more in.
    func take(closing: Bool = false) -> [Command] {
        state.withLock { state in
            var bytes = [UInt8](repeating: 0, count: 64)
            while read(descriptor, &bytes, bytes.count) > 0 {}
            defer { state.commands = [] }
            if closing { state.isClosed = true }
            return state.commands
        }
    }
}
