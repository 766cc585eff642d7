import Primitives

/// Who is connected and how far each of them is. Pure bookkeeping: it says which connections to end, `ConnectionKeeper` ends them.
///
/// A connection costs memory and one of a bounded number of places, so each phase has its time, and where there is no place left the one that
/// has waited longest goes: of the address that holds most, so that who opens thousands harms nobody but himself.
struct ConnectionTable {
    typealias Instant = ContinuousClock.Instant

    struct Limits: Sendable {
        var connections = 512
        /// From one address; 0 for no limit of its own.
        var connectionsPerAddress = 0
        /// From the connection to the last byte of its first request's headers, the TLS handshake among it.
        var headerSeconds = 10.0
        /// From the end of an answer to the last byte of the next request's headers.
        var idleSeconds = 120.0
        /// For a request's body.
        var bodySeconds = 20.0
        /// For the client to read an answer.
        var sendSeconds = 60.0
        /// Of all answers together that have not been read yet.
        var unreadBytes = 256 << 20
        /// How old an unread answer is before it may go to make room for another of the same address, or of one that has as many.
        var unreadGraceSeconds = 2.0
    }

    /// Why a connection was ended by us.
    enum EndReason: String, CaseIterable, Sendable {
        /// The headers of a request did not come in time.
        case slowHeaders = "slow_headers"
        case slowBody = "slow_body"
        /// The client did not read its answer in time, or while others waited for the memory.
        case unread = "unread_answer"
        /// It waited, and its place was needed.
        case crowded
        /// Whom it let in was decided by rules that hold no more.
        case outdated
        /// No request came for a while; the normal end of a kept connection.
        case idle
    }

    enum Phase: Equatable {
        /// No request has come yet.
        case opening
        /// Between two requests.
        case resting
        /// Headers are there, the body is not.
        case receiving
        /// A handler has it. Handlers have deadlines of their own.
        case working
        case sending(bytes: Int)
    }

    struct Connection {
        let descriptor: Int32
        let address: ClientAddress
        /// The place in the list of listeners that it came through.
        let listener: Int
        fileprivate(set) var phase = Phase.opening
        fileprivate(set) var since: Instant
        /// The event loop has it, and will tell before it closes the descriptor.
        fileprivate(set) var isServed = false
        fileprivate(set) var isEnding = false
    }

    enum Admission: Equatable {
        /// Serve it under this number, and first end these descriptors.
        case admitted(id: UInt, ending: [Int32])
        /// No place, and nobody who could go.
        case full
    }

    let limits: Limits
    private(set) var connections: [UInt: Connection] = [:]
    private(set) var ended: [EndReason: Int] = [:]
    private(set) var accepted = 0
    private(set) var refused = 0
    private var idOfDescriptor: [Int32: UInt] = [:]
    private var endingCount = 0
    /// Handed to the event loop, which has not said yet that it has them.
    private(set) var unservedCount = 0
    private var lastID: UInt = 0

    init(limits: Limits) { self.limits = limits }

    /// Connections that are not on their way out.
    var openCount: Int { connections.count - endingCount }

    /// Of all answers that wait for their readers. Those that were told to end give theirs back as soon as the event loop has seen it.
    var unreadBytes: Int { connections.values.reduce(0) { $0 + ($1.isEnding ? 0 : $1.unreadBytes) } }

    /// Whether another may come: those that were told to end still hold their descriptors until the event loop has seen it.
    var isClear: Bool { connections.count < 2 * limits.connections }

    /// A new connection has come.
    mutating func admit(_ descriptor: Int32, from address: ClientAddress, listener: Int, now: Instant) -> Admission {
        // A number that the kernel gives out again is free: its last connection was closed without a word.
        if let stale = idOfDescriptor[descriptor] { remove(stale) }
        guard isClear else { return refuse() }
        var ending: [Int32] = []
        if limits.connectionsPerAddress > 0 {
            if openCount(of: address) >= limits.connectionsPerAddress {
                guard let victim = oldestWaiting(of: address) else { return refuse() }
                ending.append(contentsOf: end(victim, .crowded))
            }
        }
        if openCount >= limits.connections {
            // Those of a crowd may all be busy, or not served yet: then it is not for others to make room for more of them.
            guard let (crowded, count) = mostCrowdedAddress(), crowded == address || count > openCount(of: address),
                let victim = oldestWaiting(of: crowded)
            else { return refuse() }
            ending.append(contentsOf: end(victim, .crowded))
        }
        lastID += 1
        connections[lastID] = Connection(descriptor: descriptor, address: address, listener: listener, since: now)
        idOfDescriptor[descriptor] = lastID
        unservedCount += 1
        accepted += 1
        return .admitted(id: lastID, ending: ending)
    }

    /// The event loop has taken the connection. Nil for one that is not known.
    mutating func serve(_ descriptor: Int32) -> UInt? {
        guard let id = idOfDescriptor[descriptor], connections[id]?.isServed == false else { return nil }
        connections[id]?.isServed = true
        unservedCount -= 1
        return id
    }

    /// The connection is over, and its descriptor about to be closed.
    mutating func remove(_ id: UInt) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        if connection.isEnding { endingCount -= 1 }
        if !connection.isServed { unservedCount -= 1 }
        if idOfDescriptor[connection.descriptor] == id { idOfDescriptor[connection.descriptor] = nil }
    }

    mutating func move(_ id: UInt, to phase: Phase, now: Instant) {
        connections[id]?.phase = phase
        connections[id]?.since = now
    }

    /// Whether an answer of so many bytes may wait for its reader. Other unread answers that stand in its way are to be ended: their descriptors
    /// come back with the word.
    mutating func hasRoom(for bytes: Int, of id: UInt, now: Instant) -> (isThere: Bool, ending: [Int32]) {
        var waiting = unreadBytes
        var ending: [Int32] = []
        while waiting + bytes > limits.unreadBytes, let victim = unreadVictim(for: bytes, of: connections[id]?.address, now) {
            waiting -= victim.bytes
            ending.append(contentsOf: end(victim.id, .unread))
        }
        // One answer alone always may, however large.
        return (waiting + bytes <= limits.unreadBytes || waiting == 0, ending)
    }

    /// Of the address that has most, and no less than who asks would have, the oldest at once: a crowd of readers that do not read harms nobody
    /// but itself. Of the others the oldest, once it has had a moment.
    private func unreadVictim(for bytes: Int, of address: ClientAddress?, _ now: Instant) -> (id: UInt, bytes: Int)? {
        typealias Unread = (id: UInt, bytes: Int, since: Instant)
        var held: [ClientAddress: Int] = [:]
        var oldest: [ClientAddress: Unread] = [:]
        for (id, connection) in connections where connection.isServed && !connection.isEnding {
            guard connection.unreadBytes > 0 else { continue }
            held[connection.address, default: 0] += connection.unreadBytes
            if oldest[connection.address].map({ connection.since < $0.since }) ?? true {
                oldest[connection.address] = (id, connection.unreadBytes, connection.since)
            }
        }
        if let most = held.max(by: { $0.value < $1.value }), most.key != address, let first = oldest[most.key],
            most.value >= bytes + (address.flatMap { held[$0] } ?? 0)
        {
            return (first.id, first.bytes)
        }
        let grace = Duration.seconds(limits.unreadGraceSeconds)
        guard let first = oldest.values.filter({ now - $0.since > grace }).min(by: { $0.since < $1.since }) else { return nil }
        return (first.id, first.bytes)
    }

    /// The descriptors of all whose time is over.
    mutating func expire(now: Instant) -> [Int32] {
        var ending: [Int32] = []
        for (id, connection) in connections where !connection.isEnding {
            guard let (seconds, reason) = time(of: connection.phase), (now - connection.since).seconds >= seconds else { continue }
            ending.append(contentsOf: end(id, reason))
        }
        return ending
    }

    /// Ends those of the connections that rest; the others are asked for again.
    mutating func endResting(_ ids: [UInt]) -> [Int32] {
        ids.filter { connections[$0]?.phase == .resting }.flatMap { end($0, .outdated) }
    }

    /// Makes up to so many places when the process is out of descriptors; none while some are still on their way back, or while a larger
    /// crowd than that of any who could go is about to be served.
    mutating func yield(upTo count: Int) -> [Int32] {
        guard endingCount == 0 else { return [] }
        var unserved: [ClientAddress: Int] = [:]
        for connection in connections.values where !connection.isServed { unserved[connection.address, default: 0] += 1 }
        let coming = unserved.values.max() ?? 0
        return (0..<count).flatMap { _ in
            guard let (crowded, held) = mostCrowdedAddress(), held >= coming, let victim = oldestWaiting(of: crowded) else {
                return [Int32]()
            }
            return end(victim, .crowded)
        }
    }

    private func time(of phase: Phase) -> (Double, EndReason)? {
        switch phase {
        case .opening: (limits.headerSeconds, .slowHeaders)
        case .resting: (limits.idleSeconds, .idle)
        case .receiving: (limits.bodySeconds, .slowBody)
        case .working: nil
        case .sending: (limits.sendSeconds, .unread)
        }
    }

    private mutating func refuse() -> Admission {
        refused += 1
        return .full
    }

    /// Only what the event loop has is ended by its descriptor: of the rest nobody could say whose the number is by now.
    private mutating func end(_ id: UInt, _ reason: EndReason) -> [Int32] {
        guard let connection = connections[id], connection.isServed, !connection.isEnding else { return [] }
        connections[id]?.isEnding = true
        endingCount += 1
        ended[reason, default: 0] += 1
        return [connection.descriptor]
    }

    /// Connections of the address that are not on their way out.
    private func openCount(of address: ClientAddress) -> Int {
        connections.values.reduce(0) { $0 + ($1.address == address && !$1.isEnding ? 1 : 0) }
    }

    /// Of the addresses of which a connection could go, the one that holds most, and how many.
    private func mostCrowdedAddress() -> (address: ClientAddress, count: Int)? {
        var counts: [ClientAddress: Int] = [:]
        var canYield: Set<ClientAddress> = []
        // What an address has at work counts too: who keeps the server busy must not look like a lone client.
        for connection in connections.values where !connection.isEnding {
            counts[connection.address, default: 0] += 1
            if connection.isWaiting && connection.isServed { canYield.insert(connection.address) }
        }
        return counts.filter { canYield.contains($0.key) }.max { $0.value < $1.value }.map { ($0.key, $0.value) }
    }

    private func oldestWaiting(of address: ClientAddress) -> UInt? {
        let waiting = connections.filter { $0.value.address == address && $0.value.isWaiting && $0.value.isServed }
        return waiting.min { left, right in
            let (one, other) = (left.value, right.value)
            return (one.rank, one.since, left.key) < (other.rank, other.since, right.key)
        }?.key
    }
}

extension ConnectionTable.Connection {
    /// Whether nothing is done for it: its client has to speak next.
    fileprivate var isWaiting: Bool { !isEnding && rank < 3 }

    /// Who goes first where there is no place: who has not asked yet, who has not finished asking, who may come back.
    fileprivate var rank: Int {
        switch phase {
        case .opening: 0
        case .receiving: 1
        case .resting: 2
        case .working, .sending: 3
        }
    }

    fileprivate var unreadBytes: Int {
        if case .sending(let bytes) = phase { return bytes }
        return 0
    }
}
