import Primitives
import RPC
import Synchronization

/// The end of a call: it is answered and reported once, whoever comes first.
final class CallEnd: Sendable {
    private let call: ServerCall
    private let path: String?
    private let deadline: Deadline?
    private let start = ContinuousClock.now
    private let onCall: @Sendable (GRPCCallReport) -> Void
    private let isOver = Mutex(false)
    /// For an answer to reach whoever did not send its message.
    private static let readingSeconds = 1.0

    /// - Parameter path: nil for a method that there is not.
    init(_ call: ServerCall, path: String?, deadline: Deadline?, onCall: @escaping @Sendable (GRPCCallReport) -> Void) {
        (self.call, self.path, self.deadline, self.onCall) = (call, path, deadline, onCall)
    }

    func answer(_ message: [UInt8]?, _ code: RPCCode, _ details: String) {
        let isFirst = isOver.withLock { isOver in
            defer { isOver = true }
            return !isOver
        }
        guard isFirst else { return }
        let told = call.wasCancelled ? deadline?.hasPassed == true ? .deadlineExceeded : .cancelled : code
        // Whoever was told may ask at once what was counted.
        onCall(GRPCCallReport(path: path, code: told, duration: .now - start))
        call.answer(message, code, details)
    }

    /// Reads the call's message. When it does not come in time the call is over, and the body is not called.
    func readMessage(within seconds: Double, _ body: @escaping @Sendable ([UInt8]?) -> Void, late: @escaping @Sendable () -> Void) {
        let first = OneOf()
        let alarm = Alarm(at: .after(seconds: seconds)) { [self] in
            guard first.isMe() else { return }
            late()
            answer(nil, .deadlineExceeded, "the message did not come within \(Int(seconds.rounded(.up))) s after the call's head")
            // A client that does not read either would be kept; one that reads has a moment for it, or it would hear that it was cancelled.
            _ = Alarm(at: .after(seconds: Self.readingSeconds)) { [call] in call.giveUp() }
        }
        call.readMessage { message in
            alarm.stop()
            if first.isMe() { body(message) }
        }
    }
}

/// Who comes first.
private final class OneOf: Sendable {
    private let isTaken = Mutex(false)

    func isMe() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }
}
