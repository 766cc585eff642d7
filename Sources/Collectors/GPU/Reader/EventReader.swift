import Primitives
import Synchronization

/// Waits for XID errors of all cards, on a thread of its own.
final class EventReader: Sendable {
    private let listening = Mutex<Set<String>>([])

    /// How long one wait takes at most: what the watch sees of it is no call that hangs.
    static let waitMilliseconds: UInt32 = 1000
    private static let xidEvents: UInt32 = 8

    func listens(to uuid: String) -> Bool { listening.withLock { $0.contains(uuid) } }

    /// Turns until those that cannot be listened to are asked again; a turn takes a second where nothing happens.
    private static let retryTurns = 60
    /// The same of cards that have no events.
    private static let absentTurns = 3600

    /// Until the library must be loaded anew; nil when there are no cards.
    ///
    /// - Parameter cards: UUIDs by handle.
    /// - Parameter turns: waits at most; for tests.
    func run(
        _ caller: Caller, cards: [UInt: String], clock: WallClock = .system, turns: Int = .max,
        onEvent: (ReaderLine.XIDEvent) -> Void, pause: (Double) -> Void
    ) -> (code: ReturnCode, call: String)? {
        guard !cards.isEmpty else { return nil }
        var set: UInt?
        /// The turn in which each card is asked for that is not listened to yet.
        var due = cards.mapValues { _ in 0 }
        for turn in 0..<turns {
            if due.values.contains(where: { $0 <= turn }) {
                if let stale = register(caller, cards, &set, &due, turn) { return stale }
            }
            guard let set, due.count < cards.count else {
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

    /// Asks for the events of the cards that are due. One card that is lost does not keep us from listening to the others.
    private func register(
        _ caller: Caller, _ cards: [UInt: String], _ set: inout UInt?, _ due: inout [UInt: Int], _ turn: Int
    ) -> (code: ReturnCode, call: String)? {
        caller.beginPass()
        if set == nil { set = caller.handle(.eventSetNew) }
        if let stale = caller.verdict.stale { return stale }
        for (device, uuid) in cards.sorted(by: { $0.value < $1.value }) where due[device].map({ $0 <= turn }) ?? false {
            due[device] = turn + Self.retryTurns
            guard let set else { continue }
            caller.beginPass()
            let reply = caller.plainNumbers(.registerEvents, device, .with(Self.xidEvents, handle: set))
            if let stale = caller.verdict.stale { return stale }
            switch reply.code.meaning {
            case .value:
                due[device] = nil
                listening.withLock { _ = $0.insert(uuid) }
            case .absent: due[device] = turn + Self.absentTurns
            default: break
            }
        }
        return nil
    }
}
