import Primitives

/// Who is connected and how far each of them is. Pure bookkeeping: it says which connections to end, `ConnectionKeeper` ends them.
///
/// A connection costs memory and one of a bounded number of places, so each phase has its time, and where there is no place left one that waits
/// goes: of the address that holds most, so that who opens thousands harms nobody but himself.
struct ConnectionTable {
    typealias Instant = ContinuousClock.Instant

    struct Limits: Sendable {
        var connections = 512
        /// From one address; 0 for no limit of its own.
        var connectionsPerAddress = 0
        /// Addresses that hold no more than this hold the same: a scraper's two or three must not look like a crowd among many who have one.
        var fewConnections = 4
        /// From the connection to the last byte of its first request's headers, the TLS handshake among it.
        var headerSeconds = 10.0
        /// So long nobody who has just come is ended for another: what he asks may be there and not be read yet.
        var openingGraceSeconds = 0.1
        /// From the end of an answer to the last byte of the next request's headers.
        var idleSeconds = 120.0
        /// For a request's body.
        var bodySeconds = 20.0
        /// For the client to read an answer.
        var sendSeconds = 60.0
        /// Of all answers together that have not been read yet.
        var unreadBytes = 256 << 20
        /// How old an unread answer is before it may go to make room for another of the same address, or of one that has as many; or for a newcomer.
        var unreadGraceSeconds = 2.0
    }

    /// Why a connection was ended by us.
    enum EndReason: String, CaseIterable, Sendable {
        /// The headers of a request did not come in time.
        case slowHeaders = "slow_headers"
        case slowBody = "slow_body"
        /// The client did not read its answer in time, or while others waited for the memory or the place.
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
        /// An answer that comes over time, for as long as whoever makes it likes. Who does not read it is ended by libmicrohttpd.
        case streaming
    }

    struct Connection {
        let descriptor: Int32
        let address: ClientAddress
        /// The place in the list of listeners that it came through.
        let listener: Int
        fileprivate(set) var phase = Phase.opening
        fileprivate(set) var since: Instant
        /// How many requests have been answered on it.
        fileprivate(set) var answers = 0
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

    /// Whether there is no place, and who would have to go has only just come: then the next waits for a moment.
    func isCrowdedByNewcomers(now: Instant) -> Bool {
        openCount >= limits.connections && largest(crowds(now: now))?.first?.rank == .new
    }

    /// A new connection has come.
    mutating func admit(_ descriptor: Int32, from address: ClientAddress, listener: Int, now: Instant) -> Admission {
        // A number that the kernel gives out again is free: its last connection was closed without a word.
        if let stale = idOfDescriptor[descriptor] { remove(stale) }
        guard isClear else { return refuse() }
        var ending: [Int32] = []
        if limits.connectionsPerAddress > 0 {
            let own = crowds(now: now)[address]
            if let own, own.count >= limits.connectionsPerAddress {
                guard let candidate = own.first else { return refuse() }
                ending.append(contentsOf: end(candidate))
            }
        }
        if openCount >= limits.connections {
            let crowds = crowds(now: now)
            let own = crowds[address]
            // It is not for others to make room for whoever would hold more than they do: he gives one of his own for another.
            let wanted = weight((own?.count ?? 0) + 1)
            let giving = largest(crowds).flatMap { weight($0.count) >= wanted ? $0 : own }
            guard let candidate = giving?.first else { return refuse() }
            ending.append(contentsOf: end(candidate))
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
        if phase == .resting { connections[id]?.answers += 1 }
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
    /// but itself. An eighth less is no less, as two answers to one question differ by some bytes. Of the others the oldest, once it has had a
    /// moment.
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
            most.value + most.value / 8 >= bytes + (address.flatMap { held[$0] } ?? 0)
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

    /// Makes up to so many places when the process is out of descriptors, where nobody knows yet who comes: a quarter at most, none while some are
    /// still on their way back, and none of an address that holds less than its share, which is what all hold divided by how many they are.
    mutating func yield(upTo count: Int, now: Instant) -> [Int32] {
        // One that a handler got at the same moment comes back with its answer only; nobody waits for that.
        guard !connections.values.contains(where: { $0.isEnding && $0.phase != .working }) else { return [] }
        var ending: [Int32] = []
        let most = min(count, max(1, openCount / 4))
        while ending.count < most {
            let crowds = crowds(now: now)
            guard let crowd = largest(crowds), weight(crowd.count) * crowds.count >= openCount, let candidate = crowd.first,
                candidate.rank != .new
            else { break }
            ending.append(contentsOf: end(candidate))
        }
        return ending
    }

    private func time(of phase: Phase) -> (Double, EndReason)? {
        switch phase {
        case .opening: (limits.headerSeconds, .slowHeaders)
        case .resting: (limits.idleSeconds, .idle)
        case .receiving: (limits.bodySeconds, .slowBody)
        case .working: nil
        case .sending: (limits.sendSeconds, .unread)
        case .streaming: nil
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

    // MARK: who goes

    /// In the order in which they go.
    private enum Rank: Int {
        case doesNotAsk, hasNotFinishedAsking, hasAskedOnce
        /// Has only just come: what it asks may be there and not be read yet.
        case new
        case hasComeBack, doesNotRead
    }

    /// A connection that may be ended to make room. The least goes first.
    private struct Candidate: Comparable {
        let id: UInt
        let rank: Rank
        let since: Instant

        static func < (one: Candidate, other: Candidate) -> Bool {
            (one.rank.rawValue, one.since, one.id) < (other.rank.rawValue, other.since, other.id)
        }
    }

    /// What an address holds.
    private struct Crowd {
        /// What is not on its way out. What is at work counts too: who keeps the server busy must not look like a lone client.
        var count = 0
        /// What would go first; nil where nothing can go.
        var first: Candidate?
    }

    private func crowds(now: Instant) -> [ClientAddress: Crowd] {
        var crowds: [ClientAddress: Crowd] = [:]
        for (id, connection) in connections where !connection.isEnding {
            var crowd = crowds[connection.address] ?? Crowd()
            crowd.count += 1
            if connection.isServed, let rank = rank(of: connection, now: now) {
                let candidate = Candidate(id: id, rank: rank, since: connection.since)
                crowd.first = crowd.first.map { min($0, candidate) } ?? candidate
            }
            crowds[connection.address] = crowd
        }
        return crowds
    }

    /// Nil for one that a handler works for, and whose answer has only just been sent.
    private func rank(of connection: Connection, now: Instant) -> Rank? {
        let seconds = (now - connection.since).seconds
        return switch connection.phase {
        case .opening: seconds < limits.openingGraceSeconds ? .new : .doesNotAsk
        case .receiving: .hasNotFinishedAsking
        case .resting: connection.answers > 1 ? .hasComeBack : .hasAskedOnce
        case .sending: seconds > limits.unreadGraceSeconds ? .doesNotRead : nil
        case .streaming: .hasComeBack
        case .working: nil
        }
    }

    /// Of the addresses of which a connection could go, the one that holds most; of those that hold the same, the one whose connection goes first.
    private func largest(_ crowds: [ClientAddress: Crowd]) -> Crowd? {
        var largest: (crowd: Crowd, first: Candidate)?
        for crowd in crowds.values {
            guard let first = crowd.first else { continue }
            if let largest {
                let (one, other) = (weight(crowd.count), weight(largest.crowd.count))
                guard one > other || one == other && first < largest.first else { continue }
            }
            largest = (crowd, first)
        }
        return largest?.crowd
    }

    private func weight(_ count: Int) -> Int { max(count, limits.fewConnections) }

    private mutating func end(_ candidate: Candidate) -> [Int32] {
        guard case .sending = connections[candidate.id]?.phase else { return end(candidate.id, .crowded) }
        return end(candidate.id, .unread)
    }
}

extension ConnectionTable.Connection {
    fileprivate var unreadBytes: Int {
        if case .sending(let bytes) = phase { return bytes }
        return 0
    }
}
