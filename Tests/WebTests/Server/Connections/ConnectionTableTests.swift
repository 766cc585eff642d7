import Testing

@testable import Web

/// Who may stay and who has to go, without a socket.
@Suite("Connections in a table")
struct ConnectionTableTests {
    private let start = ContinuousClock.now

    private func after(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func table(_ change: (inout ConnectionTable.Limits) -> Void = { _ in }) -> ConnectionTable {
        var limits = ConnectionTable.Limits()
        // The crowds of these tests are small.
        limits.fewConnections = 1
        change(&limits)
        return ConnectionTable(limits: limits)
    }

    /// Admits a connection that the event loop takes at once.
    private func enter(
        _ table: inout ConnectionTable, _ descriptor: Int32, from address: UInt32 = 1, at seconds: Double = 0
    ) throws -> (id: UInt, ending: [Int32]) {
        guard case .admitted(let id, let ending) = table.admit(descriptor, from: .four(address), listener: 0, now: after(seconds)) else {
            throw Turned.away
        }
        #expect(table.serve(descriptor) == id)
        return (id, ending)
    }

    private enum Turned: Error { case away }

    static let patience: [(ConnectionTable.Phase, Double?, ConnectionTable.EndReason)] = [
        (.opening, 10, .slowHeaders), (.resting, 120, .idle), (.receiving, 20, .slowBody), (.working, nil, .idle),
        (.sending(bytes: 1), 60, .unread), (.streaming, nil, .idle),
    ]

    @Test("Each phase has its time, and nothing that a client sends sets it back", arguments: patience)
    func expiry(_ phase: ConnectionTable.Phase, _ seconds: Double?, _ reason: ConnectionTable.EndReason) throws {
        var table = table()
        let (id, _) = try enter(&table, 7)
        table.move(id, to: phase, now: after(5))
        guard let seconds else {
            #expect(table.expire(now: after(1e6)) == [])
            return
        }
        #expect(table.expire(now: after(5 + seconds - 0.01)) == [])
        #expect(table.expire(now: after(5 + seconds)) == [7])
        #expect(table.ended == [reason: 1])
        // Once only: the descriptor may be somebody else's soon.
        #expect(table.expire(now: after(1e6)) == [])
    }

    @Test("Who is not served yet is never ended: nobody knows whose its descriptor is")
    func unserved() {
        var table = table { $0.connections = 1 }
        #expect(table.admit(7, from: .local, listener: 0, now: start) == .admitted(id: 1, ending: []))
        #expect(table.unservedCount == 1)
        #expect(table.expire(now: after(1e6)) == [])
        #expect(table.admit(8, from: .local, listener: 0, now: after(1)) == .full)
        #expect(table.refused == 1)
        #expect(table.serve(7) == 1)
        #expect(table.serve(7) == nil)
        #expect(table.unservedCount == 0)
    }

    @Test("The address that holds most makes room, its oldest first")
    func crowd() throws {
        var table = table { $0.connections = 4 }
        _ = try enter(&table, 1, from: 1, at: 0)
        for (number, descriptor) in [Int32(2), 3, 4].enumerated() { _ = try enter(&table, descriptor, from: 2, at: 1 + Double(number)) }
        // Address 1 was here first, and stays.
        #expect(try enter(&table, 5, from: 3, at: 9).ending == [2])
        #expect(try enter(&table, 6, from: 3, at: 9).ending == [3])
        #expect(table.openCount == 4)
        #expect(table.ended == [.crowded: 2])
    }

    @Test("Who has asked before stays longer than who never has")
    func known() throws {
        var table = table { $0.connections = 2 }
        let (old, _) = try enter(&table, 1, at: 0)
        table.move(old, to: .resting, now: after(1))
        _ = try enter(&table, 2, at: 5)
        #expect(try enter(&table, 3, at: 6).ending == [2])
    }

    @Test("Who is being answered is not ended for a newcomer")
    func busy() throws {
        var table = table { $0.connections = 2 }
        for descriptor in [Int32(1), 2] {
            let (id, _) = try enter(&table, descriptor)
            table.move(id, to: .working, now: start)
        }
        #expect(table.admit(3, from: .four(1), listener: 0, now: after(1)) == .full)
    }

    @Test("An address past its own limit makes room for itself")
    func ownLimit() throws {
        var table = table { $0.connectionsPerAddress = 2 }
        _ = try enter(&table, 1, from: 1)
        for descriptor in [Int32(2), 3] { _ = try enter(&table, descriptor, from: 2, at: Double(descriptor)) }
        #expect(try enter(&table, 4, from: 2, at: 9).ending == [2])
        #expect(try enter(&table, 5, from: 3, at: 9).ending == [])
    }

    @Test("Those on their way out hold their places twice over, not for ever more")
    func lag() throws {
        var table = table { $0.connections = 2 }
        for descriptor in Int32(1)...4 { _ = try enter(&table, descriptor, at: Double(descriptor)) }
        #expect(table.connections.count == 4)
        #expect(table.admit(5, from: .four(1), listener: 0, now: after(9)) == .full)
        #expect(table.openCount == 2)
        table.remove(1)
        #expect(try enter(&table, 5, at: 9).ending == [3])
        for id in table.connections.keys { table.remove(id) }
        #expect(table.openCount == 0)
        #expect(table.unreadBytes == 0)
    }

    @Test("Unread answers make room after a moment of grace, the oldest first; a lone answer always may")
    func unread() throws {
        var table = table { $0.unreadBytes = 100 }
        let ids = try (Int32(1)...3).map { try enter(&table, $0).id }
        #expect(table.hasRoom(for: 1_000, of: ids[2], now: start).isThere)
        table.move(ids[0], to: .sending(bytes: 60), now: after(0))
        #expect(!table.hasRoom(for: 60, of: ids[2], now: after(1)).isThere)
        #expect(table.hasRoom(for: 40, of: ids[2], now: after(1)).isThere)
        table.move(ids[1], to: .sending(bytes: 40), now: after(1))
        let room = table.hasRoom(for: 50, of: ids[2], now: after(2.5))
        #expect(room.isThere)
        #expect(room.ending == [1])
        table.remove(ids[0])
        table.move(ids[1], to: .resting, now: after(3))
        #expect(table.unreadBytes == 0)
    }

    @Test("Who has most unread answers makes room at once for who would have no more, and for nobody else")
    func unreadShares() throws {
        var table = table { $0.unreadBytes = 100 }
        let crowd = try (Int32(1)...4).map { try enter(&table, $0, from: 1).id }
        let (other, third) = (try enter(&table, 5, from: 2).id, try enter(&table, 6, from: 3).id)
        for (place, id) in crowd.enumerated() { table.move(id, to: .sending(bytes: 25), now: after(Double(place) / 10)) }
        #expect(!table.hasRoom(for: 25, of: crowd[3], now: after(1)).isThere)
        let room = table.hasRoom(for: 25, of: other, now: after(1))
        #expect(room.isThere)
        #expect(room.ending == [1])
        table.remove(crowd[0])
        table.move(other, to: .sending(bytes: 25), now: after(1))
        // It would have more than any other then.
        #expect(!table.hasRoom(for: 90, of: third, now: after(1)).isThere)
        #expect(table.hasRoom(for: 25, of: third, now: after(1)).ending == [2])
    }

    @Test("Two answers that differ by some bytes are as much as each other")
    func unreadAnswersAlike() throws {
        var table = table { $0.unreadBytes = 4_100 }
        let own = try (Int32(1)...3).map { try enter(&table, $0, from: 1).id }
        let others = try (Int32(4)...6).map { try enter(&table, $0, from: $0 == 6 ? 3 : 2).id }
        table.move(own[0], to: .sending(bytes: 1_001), now: after(0))
        for (place, id) in others.enumerated() { table.move(id, to: .sending(bytes: 999), now: after(Double(place) / 10)) }
        #expect(table.hasRoom(for: 1_001, of: own[1], now: after(1)).ending == [4])
        table.move(own[1], to: .sending(bytes: 1_001), now: after(1))
        // One answer more is more.
        #expect(!table.hasRoom(for: 1_001, of: own[2], now: after(1)).isThere)
    }

    @Test("Who has many at work is crowded, though few of his wait")
    func busyCrowd() throws {
        var table = table { $0.connections = 6 }
        for descriptor in Int32(1)...4 {
            let id = try enter(&table, descriptor, from: 1, at: 1).id
            if descriptor > 1 { table.move(id, to: .working, now: after(1)) }
        }
        for descriptor in Int32(5)...6 { _ = try enter(&table, descriptor, from: 2) }
        #expect(try enter(&table, 7, from: 3, at: 2).ending == [1])
        // Nobody of the crowd can go now.
        #expect(try enter(&table, 8, from: 3, at: 2).ending == [5])
    }

    @Test("A descriptor that comes again without its end having been told is a new connection")
    func reuse() throws {
        var table = table()
        let (first, _) = try enter(&table, 7)
        let (second, _) = try enter(&table, 7, at: 1)
        #expect(first != second)
        #expect(table.connections.count == 1)
        table.remove(first)
        #expect(table.connections.count == 1)
        #expect(table.expire(now: after(11)) == [7])
    }

    @Test("Nobody makes room for one more of a crowd that is larger, though it is busy")
    func lone() throws {
        var table = table { $0.connections = 3 }
        _ = try enter(&table, 1, from: 1)
        for descriptor in Int32(2)...3 {
            let id = try enter(&table, descriptor, from: 2).id
            table.move(id, to: .working, now: after(1))
        }
        #expect(table.admit(4, from: .four(2), listener: 0, now: after(2)) == .full)
        #expect(try enter(&table, 5, from: 3, at: 3).ending == [1])
    }

    @Test("Without descriptors, the longest waiting go; no more while these are on their way")
    func descriptors() throws {
        var table = table()
        #expect(table.yield(upTo: 9, now: after(5)) == [])
        for descriptor in Int32(1)...8 { _ = try enter(&table, descriptor, at: Double(descriptor) / 10) }
        #expect(table.yield(upTo: 9, now: after(5)) == [1, 2])
        #expect(table.yield(upTo: 9, now: after(5)) == [])
        table.remove(1)
        #expect(table.yield(upTo: 9, now: after(5)) == [])
        table.remove(2)
        #expect(table.yield(upTo: 9, now: after(5)) == [3])
    }

    @Test("Without descriptors, a lone client stays while a crowd waits to be served")
    func descriptorsOfACrowd() throws {
        var table = table()
        _ = try enter(&table, 1, from: 1)
        for descriptor in Int32(2)...9 {
            _ = table.admit(descriptor, from: .four(2), listener: 0, now: after(1))
        }
        #expect(table.yield(upTo: 9, now: after(5)) == [])
        for descriptor in Int32(2)...9 { #expect(table.serve(descriptor) != nil) }
        #expect(table.yield(upTo: 9, now: after(5)) == [2, 3])
    }

    @Test("Without descriptors, a lone client stays while all of a crowd is at work")
    func descriptorsOfABusyCrowd() throws {
        var table = table()
        _ = try enter(&table, 1, from: 1)
        let busy = try (Int32(2)...4).map { try enter(&table, $0, from: 2).id }
        for id in busy { table.move(id, to: .working, now: start) }
        #expect(table.yield(upTo: 9, now: after(5)) == [])
        table.move(busy[1], to: .resting, now: after(6))
        #expect(table.yield(upTo: 9, now: after(7)) == [3])
    }

    @Test("Without descriptors, of many who have one each the one goes that has never asked")
    func descriptorsOfMany() throws {
        var table = table()
        let known = try enter(&table, 1, from: 1).id
        table.move(known, to: .resting, now: start)
        for descriptor in Int32(2)...9 { _ = try enter(&table, descriptor, from: UInt32(descriptor), at: Double(descriptor) / 10) }
        #expect(table.yield(upTo: 9, now: after(10)) == [2, 3])
    }

    @Test("One that is told to end while a handler gets it keeps nobody from coming")
    func descriptorsBesideWork() throws {
        var table = table()
        let first = try enter(&table, 1).id
        _ = try enter(&table, 2, at: 1)
        #expect(table.yield(upTo: 1, now: after(5)) == [1])
        table.move(first, to: .working, now: after(5))
        #expect(table.yield(upTo: 1, now: after(5)) == [2])
    }

    @Test("Who holds as much as all others gives one of its own for another")
    func fairShare() throws {
        var table = table { $0.connections = 4 }
        let known = try enter(&table, 1, from: 1).id
        table.move(known, to: .resting, now: start)
        for descriptor in Int32(2)...4 { _ = try enter(&table, descriptor, from: UInt32(descriptor), at: 1) }
        #expect(try enter(&table, 5, from: 1, at: 2).ending == [1])
        // Who has none yet takes the place of one that has never asked.
        table.move(5, to: .resting, now: after(3))
        #expect(try enter(&table, 6, from: 6, at: 4).ending == [2])
    }

    @Test("Of many who have one each, who has come back stays longer than who has asked once")
    func ranks() throws {
        var table = table { $0.connections = 4 }
        let (back, once) = (try enter(&table, 1, from: 1).id, try enter(&table, 2, from: 2).id)
        for id in [back, back, once] { table.move(id, to: .resting, now: after(1)) }
        _ = try enter(&table, 3, from: 3, at: 8)
        _ = try enter(&table, 4, from: 4, at: 9)
        #expect(try enter(&table, 5, from: 5, at: 9.5).ending == [3])
        #expect(try enter(&table, 6, from: 6, at: 9.6).ending == [4])
        #expect(try enter(&table, 7, from: 7, at: 9.65).ending == [5])
        // The last two have only just come.
        #expect(try enter(&table, 8, from: 8, at: 9.65).ending == [2])
    }

    @Test("Who has only just come is not ended for another, who waits for a moment; nor is one of another crowd in its place")
    func newcomers() throws {
        var table = table { $0.connections = 3 }
        let lone = try enter(&table, 1, from: 1).id
        table.move(lone, to: .resting, now: start)
        _ = try enter(&table, 2, from: 2)
        #expect(!table.isCrowdedByNewcomers(now: start))
        _ = try enter(&table, 3, from: 2, at: 0.05)
        #expect(table.isCrowdedByNewcomers(now: after(0.09)))
        #expect(table.yield(upTo: 9, now: after(0.09)) == [])
        #expect(!table.isCrowdedByNewcomers(now: after(0.1)))
        #expect(try enter(&table, 4, from: 3, at: 0.1).ending == [2])
        // Whom handlers work for may take long: who comes then is turned away.
        for id in table.connections.keys { table.move(id, to: .working, now: after(1)) }
        #expect(!table.isCrowdedByNewcomers(now: after(1)))
    }

    @Test("Who holds a few is no crowd among many who have one each")
    func few() throws {
        var table = table {
            $0.connections = 5
            $0.fewConnections = 3
        }
        for descriptor in Int32(1)...2 {
            let id = try enter(&table, descriptor, from: 1).id
            for _ in 0..<2 { table.move(id, to: .resting, now: start) }
        }
        for descriptor in Int32(3)...5 { _ = try enter(&table, descriptor, from: UInt32(descriptor), at: 1) }
        #expect(try enter(&table, 6, from: 1, at: 3).ending == [3])
        // A fourth would be more than the others hold.
        #expect(try enter(&table, 7, from: 1, at: 3).ending == [6])
    }

    @Test("Answers that nobody reads hold no place that others need, once they have had a moment")
    func unreadPlaces() throws {
        var table = table { $0.connections = 3 }
        for descriptor in Int32(1)...3 {
            let id = try enter(&table, descriptor, from: 1).id
            table.move(id, to: .sending(bytes: 1), now: after(Double(descriptor)))
        }
        #expect(table.admit(4, from: .four(2), listener: 0, now: after(3)) == .full)
        #expect(try enter(&table, 4, from: 2, at: 3.5).ending == [1])
        #expect(table.ended == [.unread: 1])
    }
}
