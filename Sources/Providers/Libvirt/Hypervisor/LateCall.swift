import Synchronization

/// A call that may come back when nobody waits for it any more, and somebody who wants to know when it has.
final class LateCall: Sendable {
    private let ended: @Sendable () -> Void
    /// Begun, or never to begin.
    private let isDecided = Mutex(false)

    /// - Parameter ended: called once: when the call has ended, or will never begin.
    init(_ ended: @escaping @Sendable () -> Void) { self.ended = ended }

    /// False when it was given up before.
    func begin() -> Bool { decide() }

    func end() { ended() }

    /// Nobody waits for it any more. One that has begun is out until its end.
    ///
    /// - Returns: whether it had begun.
    @discardableResult
    func giveUp() -> Bool {
        guard decide() else { return true }
        end()
        return false
    }

    private func decide() -> Bool {
        isDecided.withLock { isDecided in
            defer { isDecided = true }
            return !isDecided
        }
    }
}
