import Metrics
import Primitives
import Synchronization
import Testing

@testable import ProviderHosting
@testable import ProviderTasks

@Suite struct AddressBookTests {
    private final class Time: Sendable {
        private let seconds = Mutex(1000.0)
        var clock: WallClock { WallClock { [self] in seconds.withLock { $0 } } }
        func pass(_ more: Double) { seconds.withLock { $0 += more } }
    }

    private static func end(
        _ kind: String, _ variant: String = "", target: String, result: String = "", _ outcome: OperationOutcome = .success
    ) -> OperationEnd {
        let operation = Operation(
            id: "1", sequence: 1, kind: kind, variant: variant, target: target, locks: [], claims: [], token: nil, digest: "",
            resultID: result,
            createdAt: 0, notes: [:])
        return OperationEnd(operation: operation, outcome: outcome, durationSeconds: 1)
    }

    @Test func `From being switched on to the first address, once`() {
        let time = Time()
        let book = AddressBook(clock: time.clock)
        book.note("web1", addresses: 1)
        #expect(book.durations.count == 0)
        book.note(Self.end("Power", "on", target: "web1"))
        time.pass(7)
        book.note("web1", addresses: 0)
        time.pass(1)
        for _ in 0..<2 { book.note("web1", addresses: 2) }
        #expect(book.durations.count == 1)
        #expect(book.durations.sum == 8)
        book.note(Self.end("Power", "start", target: "web1"))
        book.note("web1", addresses: 1)
        #expect(book.durations.count == 2)
    }

    @Test func `A machine that is made is switched on, one that is switched off or deleted waits for nothing`() {
        let book = AddressBook(clock: .fixed(0))
        book.note(Self.end("Create", target: "name", result: "id"))
        book.note("name", addresses: 1)
        #expect(book.durations.count == 0)
        book.note("id", addresses: 1)
        #expect(book.durations.count == 1)
        for end in [Self.end("Power", "off", target: "id"), Self.end("Delete", target: "id")] {
            book.note(Self.end("Power", "on", target: "id"))
            book.note(end)
            book.note("id", addresses: 1)
        }
        book.note(Self.end("Power", "on", target: "id", .failure))
        book.note("id", addresses: 1)
        #expect(book.durations.count == 1)
    }
}
