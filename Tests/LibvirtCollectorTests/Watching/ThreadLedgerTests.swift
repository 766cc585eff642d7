import Testing

@testable import LibvirtCollector

@Suite struct ThreadLedgerTests {
    @Test func `statistics leave room for what needs no QEMU, and all together stay below the limit`() {
        var ledger = ThreadLedger(limit: 5)
        var statistics: [ThreadLedger.Ticket] = []
        while let ticket = ledger.begin(.statistics) { statistics.append(ticket) }
        #expect(statistics.count == 5)
        for ticket in statistics { ledger.giveUp(ticket) }
        #expect(ledger.hanging == 5 && ledger.total == 5 && ledger.begin(.statistics) == nil)
        let rest = [ledger.begin(.list), ledger.begin(.storage), ledger.begin(.definitions), ledger.begin(.monitors)]
        #expect(rest.allSatisfy { $0 != nil } && ledger.begin(.list) == nil)
        for case let ticket? in rest { ledger.giveUp(ticket) }
        #expect(ledger.hanging == 9 && ledger.begin(.list) == nil && ledger.begin(.statistics) == nil)
        ledger.end(statistics[0])
        #expect(ledger.hanging == 8 && ledger.total == 9 && ledger.begin(.statistics) == nil && ledger.begin(.list) != nil)
    }

    @Test func `each purpose has a place of its own`() {
        var ledger = ThreadLedger(limit: 1)
        let first = ledger.begin(.list)
        #expect(first != nil && ledger.begin(.list) == nil && ledger.begin(.storage) != nil)
    }

    @Test func `whom nobody waits for any more hangs only when its time has passed, and is in nobody's way`() throws {
        var ledger = ThreadLedger(limit: 2)
        let begun = ledger.begin(.list)
        let ticket = try #require(begun)
        ledger.leave(ticket)
        #expect(ledger.hanging == 0 && ledger.total == 0 && ledger.begin(.list) != nil)
        ledger.giveUp(ticket)
        #expect(ledger.hanging == 1 && ledger.total == 1 && ledger.isHanging(ticket))
        #expect(ledger.end(ticket) && !ledger.end(ticket) && ledger.hanging == 0)
    }

    @Test func `what comes back makes room, once`() {
        var ledger = ThreadLedger(limit: 1)
        let ticket = ledger.begin(.statistics)
        #expect(ledger.begin(.statistics) == nil)
        guard let ticket else { return }
        ledger.end(ticket)
        // Too late: it has come back.
        ledger.giveUp(ticket)
        #expect(ledger.hanging == 0 && ledger.total == 0 && ledger.begin(.statistics) != nil)
    }

    @Test(arguments: [(ThreadLedger.Purpose.list, 2), (.storage, 1), (.definitions, 1), (.monitors, 1)])
    func `of one purpose only so many hang`(_ purpose: ThreadLedger.Purpose, _ limit: Int) {
        var ledger = ThreadLedger(limit: 64)
        var count = 0
        while let ticket = ledger.begin(purpose) {
            ledger.giveUp(ticket)
            count += 1
        }
        #expect(count == limit && ledger.begin(.statistics) != nil)
    }
}
