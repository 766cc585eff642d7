import Primitives
import Synchronization
import Testing
import Web

@testable import Viewer

@Suite struct FairLineTests {
    private static func guest(_ user: String) -> FairLine.Guest { FairLine.Guest(HTTPServerRequest(method: "GET", path: "/", user: user)) }

    /// Who had a place, in order, and a door that all wait at once they have one.
    private final class Room: Sendable {
        let entered = Mutex<[String]>([])
        let open = Mutex(0)

        func stay(_ name: String) async {
            let place = entered.withLock { entered in
                entered.append(name)
                return entered.count
            }
            while open.withLock({ $0 < place }) { try? await Task.sleep(for: .milliseconds(1)) }
        }
    }

    private static func until(_ condition: () -> Bool) async {
        let deadline = Deadline.after(seconds: 20)
        while !condition(), !deadline.hasPassed { try? await Task.sleep(for: .milliseconds(1)) }
    }

    private static func visit(_ line: FairLine, _ name: String, _ room: Room, seconds: Double = 20) async -> FairLine.Refusal? {
        do throws(FairLine.Refusal) {
            try await line.withPlace(for: guest(String(name.prefix(1))), by: .after(seconds: seconds)) { await room.stay(name) }
            return nil
        } catch {
            return error
        }
    }

    @Test func `who has had no place comes before who has had one`() async {
        let (line, room) = (FairLine(places: 1, waiting: 10), Room())
        await withTaskGroup(of: Void.self) { group in
            for (index, name) in ["a1", "a2", "a3", "b1"].enumerated() {
                group.addTask { _ = await Self.visit(line, name, room) }
                await Self.until { line.counts == (1, index) }
            }
            room.open.withLock { $0 = 10 }
        }
        #expect(room.entered.withLock { $0 } == ["a1", "b1", "a2", "a3"])
        #expect(line.counts == (0, 0))
    }

    @Test func `nobody takes the last quarter beside what he has`() async {
        let (line, room) = (FairLine(places: 4, waiting: 10), Room())
        await withTaskGroup(of: Void.self) { group in
            for index in 1...5 { group.addTask { _ = await Self.visit(line, "a\(index)", room) } }
            await Self.until { line.counts == (3, 2) }
            #expect(line.counts == (3, 2))
            group.addTask { _ = await Self.visit(line, "b", room) }
            await Self.until { line.counts == (4, 2) }
            #expect(line.counts == (4, 2))
            room.open.withLock { $0 = 10 }
        }
        #expect(room.entered.withLock { $0.count } == 6)
        #expect(line.counts == (0, 0))
    }

    @Test func `the line has an end, and for one guest a nearer one`() async {
        let (line, room) = (FairLine(places: 1, waiting: 4), Room())
        let refusals = await withTaskGroup(of: FairLine.Refusal?.self) { group in
            for index in 1...6 { group.addTask { await Self.visit(line, "a\(index)", room) } }
            // One has the place, three wait; the others are refused.
            let first = [await group.next() ?? nil, await group.next() ?? nil]
            #expect(line.counts == (1, 3))
            group.addTask { await Self.visit(line, "b1", room) }
            await Self.until { line.counts == (1, 4) }
            let late = await Self.visit(line, "c1", room)
            room.open.withLock { $0 = 10 }
            return await group.reduce(into: first + [late]) { $0.append($1) }
        }
        #expect(refusals.count { $0 == .full } == 3)
        #expect(refusals.count { $0 == nil } == 5)
        #expect(line.counts == (0, 0))
    }

    @Test func `nobody waits for longer than he said`() async {
        let (line, room) = (FairLine(places: 1, waiting: 4), Room())
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await Self.visit(line, "a", room) }
            await Self.until { line.counts == (1, 0) }
            #expect(await Self.visit(line, "b", room, seconds: 0.05) == .late)
            #expect(line.counts == (1, 0))
            room.open.withLock { $0 = 10 }
        }
        #expect(await Self.visit(line, "b", room) == nil)
    }
}
