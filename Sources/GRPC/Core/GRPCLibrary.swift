import GRPCShim
import Primitives
import Synchronization

/// gRPC's core in this process: started once, never stopped, as its threads would have to be waited for.
package enum GRPCLibrary {
    private static let isStarted: Bool = {
        // A closure of C, on any of gRPC's threads.
        mlt_grpc_start { isError, file, line, message in
            guard let message else { return }
            LibraryWords.shared.say(
                String(cString: message), isError: isError != 0, place: file.map { String(cString: $0) } ?? "", line: Int(line))
        }
        return true
    }()

    /// - Parameter logger: who hears what the library says from now on.
    static func start(_ logger: Logger) {
        LibraryWords.shared.speak(to: logger)
        _ = isStarted
    }

    /// As the library says it: `29.0.0` is that of gRPC 1.51.
    package static var version: String { mlt_grpc_version().map { String(cString: $0) } ?? "" }
}

/// What the library says. Whoever connects can make it speak, by a handshake that fails, so there are not more than a few lines a minute.
final class LibraryWords: Sendable {
    static let shared = LibraryWords()

    private struct State {
        var logger = Logger.silent
        var minute = ContinuousClock.now
        var said = 0
        var withheld = 0
    }

    private let state = Mutex(State())
    private static let linesAMinute = 10

    func speak(to logger: Logger) { state.withLock { $0.logger = logger } }

    func say(_ message: String, isError: Bool, place: String, line: Int, now: ContinuousClock.Instant = .now) {
        let turn: (logger: Logger, withheld: Int)? = state.withLock { state in
            var withheld = 0
            if now - state.minute >= .seconds(60) {
                withheld = state.withheld
                (state.minute, state.said, state.withheld) = (now, 0, 0)
            }
            guard state.said < Self.linesAMinute else {
                state.withheld += 1
                return nil
            }
            state.said += 1
            return (state.logger, withheld)
        }
        guard let turn else { return }
        if turn.withheld > 0 { turn.logger.warn("gRPC had more to say", ["lines": turn.withheld]) }
        let name = place.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(place[place.utf8.index(after: $0)...]) } ?? place
        let said = Failure(.unavailable, message).message
        if isError { turn.logger.warn("gRPC: \(said)", ["source": "\(name):\(line)"]) } else { turn.logger.debug("gRPC: \(said)") }
    }
}
