import Primitives
import Synchronization

/// Waits for XID errors of all cards, on a thread of its own.
final class EventReader: Sendable {
    private let listening = Mutex<Set<String>>([])

    /// How long one wait takes at most: what the watch sees of it is no call that hangs.
    static let waitMilliseconds: UInt32 = 1000
    private static let xidEvents: UInt32 = 8

    func listens(to uuid: String) -> Bool { listening.withLock { $0.contains(uuid) } }

    /// Until the library must be loaded anew, or events are not to be had: then nil.
    ///
    /// - Parameter cards: UUIDs by handle.
    /// - Parameter turns: waits at most; for tests.
    func run(
        _ caller: Caller, cards: [UInt: String], clock: WallClock = .system, turns: Int = .max,
        onEvent: (ReaderLine.XIDEvent) -> Void, pause: (Double) -> Void
    ) -> (code: ReturnCode, call: String)? {
        caller.beginPass()
        guard let set = caller.handle(.eventSetNew) else { return caller.verdict.stale }
        for (device, uuid) in cards.sorted(by: { $0.value < $1.value }) {
            let reply = caller.plainNumbers(.registerEvents, device, .with(Self.xidEvents, handle: set))
            if let stale = caller.verdict.stale { return stale }
            // One card that is lost does not keep us from listening to the others.
            caller.beginPass()
            if reply.code == .success { listening.withLock { _ = $0.insert(uuid) } }
        }
        guard listening.withLock({ !$0.isEmpty }) else { return nil }
        for _ in 0..<turns {
            caller.beginPass()
            let reply = caller.waitForEvent(set, milliseconds: Self.waitMilliseconds)
            if let stale = caller.verdict.stale { return stale }
            switch reply.code {
            case .success:
                guard reply.type & UInt64(Self.xidEvents) != 0, let uuid = cards[reply.device], let xid = Int(exactly: reply.data) else {
                    continue
                }
                onEvent(ReaderLine.XIDEvent(uuid: uuid, xid: xid, unixSeconds: clock.unixSeconds))
            case .timeout: break
            // Not for ever at full speed.
            default: pause(1)
            }
        }
        return nil
    }
}
