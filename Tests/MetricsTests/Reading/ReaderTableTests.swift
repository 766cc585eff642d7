import Metrics
import Primitives
import Testing

/// The same table is read by programs that are not ours in `Tests/EndToEnd/test_reader_table.py`.
@Suite("The reader and its table of texts", .serialized)
struct ReaderTableTests {
    @Test("The table is there, and renewed when asked for")
    func table() throws {
        if ProcessEnvironment.all["RECORD"] == "1" { try ReaderTable.record() }
        #expect(ReaderTable.cases.count >= 120)
        #expect(Set(ReaderTable.cases.map(\.title)).count == ReaderTable.cases.count)
    }

    @Test("A text is read or refused as the table has it", arguments: ReaderTable.cases)
    func verdict(_ item: ReaderTable.Case) {
        let (strict, tolerant, samples) = ReaderTable.verdict(item)
        #expect(strict == item.strict)
        #expect(tolerant == item.tolerant)
        #expect(samples == item.samples)
    }

    @Test("What strict reads, tolerant reads too, with nothing left out", arguments: ReaderTable.cases)
    func agreement(_ item: ReaderTable.Case) {
        let strict = WholeReading(item.bytes, as: item.format, .strict)
        let tolerant = WholeReading(item.bytes, as: item.format, .tolerant)
        if strict.failure == nil { #expect(strict == tolerant) }
        #expect(Array(tolerant.samples.prefix(strict.samples.count)) == strict.samples)
    }

    @Test("A failure is one line of printable text that says where", arguments: ReaderTable.cases.filter { $0.strict != "ok" })
    func message(_ item: ReaderTable.Case) throws {
        let failure = try #require(WholeReading(item.bytes, as: item.format, .strict).failure)
        #expect(failure.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        #expect(failure.utf8.count < 400)
        let place = failure.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 2).prefix(2).compactMap { Int(String(Substring($0))) }
        #expect(place.count == 2 && place.allSatisfy { $0 >= 1 })
    }
}
