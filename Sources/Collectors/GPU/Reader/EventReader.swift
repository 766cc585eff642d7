import Primitives
import Synchronization

/// Waits for XID errors of all cards, on a thread of its own.
final class EventReader: Sendable {
    /// UUIDs of cards that were asked for, and whether they are listened to.
    private let listening = Mutex<[String: Bool]>([:])

    /// How long one wait takes at most: what the watch sees of it is no call that hangs.
    static let waitMilliseconds: UInt32 = 1000
    /// After how many waits a card is tried again that could not be listened to.
    static let turnsBetweenTries = 10
    private static let xidEvents: UInt32 = 8

    /// Nil before it was tried.
    func listens(to uuid: String) -> Bool? { listening.withLock { $0[uuid] } }

    /// Until the library must be loaded anew.
    ///
    /// - Parameter cards: UUIDs by handle.
    /// - Parameter turns: waits at most; for tests.
    func run(
        _ caller: Caller, cards: [UInt: String], clock: WallClock = .system, turns: Int = .max,
        onEvent: (ReaderLine.XIDEvent) -> Void, pause: (Double) -> Void
    ) -> (code: ReturnCode, call: String)? {
        var set: UInt?
        for turn in 0..<turns {
            caller.beginPass()
            if turn % Self.turnsBetweenTries == 0 {
                set = set ?? caller.handle(.eventSetNew)
                if let stale = caller.verdict.stale ?? register(caller, set, cards) { return stale }
            }
            guard let set, listening.withLock({ $0.values.contains(true) }) else {
                pause(1)
                continue
            }
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

    /// Tries those that are not listened to.
    private func register(_ caller: Caller, _ set: UInt?, _ cards: [UInt: String]) -> (code: ReturnCode, call: String)? {
        for (device, uuid) in cards.sorted(by: { $0.value < $1.value }) where listens(to: uuid) != true {
            // One card that is lost does not keep us from listening to the others.
            caller.beginPass()
            let isRegistered = set.map { caller.numbers(.registerEvents, device, .with(Self.xidEvents, handle: $0)) != nil } ?? false
            if let stale = caller.verdict.stale { return stale }
            listening.withLock { $0[uuid] = isRegistered }
        }
        return nil
    }
}
