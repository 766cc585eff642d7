import LibvirtAPI
import Primitives
import Testing

@testable import LibvirtCollector

@Suite struct DomainBookTests {
    private let start = ContinuousClock.now
    private let uuid = Estate.uuid

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func book(_ domains: [DomainBasics] = [Estate.domain()]) -> DomainBook {
        var book = DomainBook()
        book.list(domains, now: start)
        return book
    }

    private func record(_ book: DomainBook, at seconds: Double) -> DomainRecord? {
        book.records(now: at(seconds), maximumAgeSeconds: 45, SuspectBook()).first
    }

    @Test func `what was told is shown for three rounds, and what needs no QEMU as long as it is told`() {
        var book = book()
        book.take(DomainStatistics(Estate.statistics), of: uuid, id: 1, now: start, unixSeconds: 1000)
        book.take(DomainDetails(job: .init(type: 0)), of: uuid, id: 1)
        book.take(Estate.definition, nil, of: uuid, id: 1, isWhole: true, now: start)
        #expect(record(book, at: 45)?.statistics != nil && record(book, at: 45)?.details != nil)
        book.list([Estate.domain()], now: at(40))
        let late = record(book, at: 46)
        #expect(late?.statistics == nil && late?.details == nil && late?.definition != nil && late?.toldUnixSeconds == 1000)
        #expect(book.records(now: at(86), maximumAgeSeconds: 45, SuspectBook()).isEmpty)
    }

    @Test func `what an instance told is not true of the next`() {
        var book = book()
        book.take(DomainStatistics(Estate.statistics), of: uuid, id: 1, now: start, unixSeconds: 1000)
        var again = Estate.domain()
        again.id = 2
        book.list([again], now: at(1))
        #expect(record(book, at: 1)?.statistics == nil && record(book, at: 1)?.toldUnixSeconds == nil)
        // A call about the first that comes back late.
        book.take(DomainStatistics(Estate.statistics), of: uuid, id: 1, now: at(2), unixSeconds: 1002)
        book.take(DomainDetails(job: .init(type: 2)), of: uuid, id: 1)
        #expect(record(book, at: 2)?.statistics == nil && record(book, at: 2)?.details == nil)
    }

    @Test func `what is told of one that is held does not take the place of what was whole`() {
        var book = book()
        book.take(DomainStatistics(Estate.statistics), of: uuid, id: 1, now: start, unixSeconds: 1000)
        let partial = DomainStatistics(Estate.statistics.filter { $0.name != "balloon.rss" })
        book.take(partial, of: uuid, id: 1, now: at(10), unixSeconds: 1010)
        #expect(record(book, at: 20)?.statistics?.isPartial == false && record(book, at: 20)?.toldUnixSeconds == 1000)
        #expect(record(book, at: 46)?.statistics == nil)
    }

    @Test func `a domain that goes between two calls is no trouble`() {
        var book = book()
        book.list([], now: at(1))
        book.take(DomainStatistics(Estate.statistics), of: uuid, id: 1, now: at(2), unixSeconds: 1000)
        book.take(Estate.definition, nil, of: uuid, id: 1, isWhole: true, now: at(2))
        #expect(record(book, at: 2) == nil && book.active.isEmpty && book.disks(of: uuid).isEmpty)
    }

    @Test func `definitions are read at first, at each start, when devices change, and now and then`() {
        var book = book()
        func due(_ seconds: Double) -> Bool { !book.undefined(now: at(seconds), intervalSeconds: 300, retrySeconds: 15).isEmpty }
        #expect(due(0))
        book.take(Estate.definition, nil, of: uuid, id: 1, isWhole: true, now: start)
        #expect(!due(299) && due(300))
        book.take(DomainStatistics(Estate.statistics), of: uuid, id: 1, now: at(1), unixSeconds: 1)
        book.take(DomainStatistics(Estate.statistics), of: uuid, id: 1, now: at(2), unixSeconds: 2)
        #expect(!due(2))
        let image = Estate.statistics.map { $0.name == "block.0.path" ? Statistic($0.name, text: "/images/a.snapshot") : $0 }
        book.take(DomainStatistics(image), of: uuid, id: 1, now: at(3), unixSeconds: 3)
        #expect(due(3))
        book.take(nil, nil, of: uuid, id: 1, isWhole: true, now: at(3))
        #expect(!due(4) && record(book, at: 4)?.definition == Estate.definition)
        var again = Estate.domain()
        again.id = 2
        book.list([again], now: at(5))
        #expect(due(5))
    }

    @Test func `a definition that could not be read is read again after a round, then less and less often`() {
        var book = book()
        var times: [Double] = []
        for seconds in stride(from: 0.0, through: 1300, by: 1)
        where !book.undefined(now: at(seconds), intervalSeconds: 300, retrySeconds: 15).isEmpty {
            times.append(seconds)
            book.take(nil, nil, of: uuid, id: 1, isWhole: false, now: at(seconds))
        }
        #expect(times == [0, 15, 45, 105, 225, 465, 765, 1065] && book.unread == 1)
        book.take(Estate.definition, nil, of: uuid, id: 1, isWhole: true, now: at(1065))
        #expect(book.unread == 0 && book.undefined(now: at(1364), intervalSeconds: 300, retrySeconds: 15).isEmpty)
    }

    @Test func `a list says of whom another instance runs`() {
        var book = book([Estate.domain(uuid, "a"), Estate.domain(Estate.uuid(1), "b"), Estate.domain(Estate.uuid(2), "c")])
        var again = Estate.domain(uuid, "a")
        again.id = 2
        #expect(
            book.list([again, Estate.domain(Estate.uuid(1), "b"), Estate.domain(Estate.uuid(3), "d")], now: at(1)) == [
                uuid, Estate.uuid(2),
            ])
    }

    @Test func `of two with one UUID the first counts`() {
        let book = book([Estate.domain(uuid, "a"), Estate.domain(uuid, "b")])
        #expect(book.records(now: start, maximumAgeSeconds: 1, SuspectBook()).map(\.basics.name) == ["a"])
    }
}
