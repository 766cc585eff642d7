import Exporting
import FuzzSupport
@testable import GPUCollector
@testable import Metrics
import Ownership
import Primitives

// What a helper says of the cards: whatever it was, a scrape can show it.

/// Collectors that show other names each, made once, as that takes longer than reading an input.
private let collectors = GPUSettings.Names.allCases.map { names in
    var settings = GPUSettings()
    settings.names = names
    settings.isPerProcess = true
    return GPUCollector(settings, finder: OwnerFinder(fileSystemRoot: "/nonexistent"))
}
private let table = try? FamilyTable([collectors[0].catalogue], textOnly: true)
/// Times are added to it.
private let start = ContinuousClock.now

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    let collector = collectors[Int(input.choice & 3) % collectors.count]
    let lines = split(input.bytes, pieceBytes: 5 << Int(input.choice >> 5))
    book(lines, collector, hasGreeting: input.choice & 4 == 0, Moment(rawValue: input.choice >> 3 & 3) ?? .now)
    return 0
}

/// When a scrape comes after the last line.
private enum Moment: UInt8 {
    case now, later
    /// A day later, when nothing is shown but what the cards are.
    case tooLate
    /// The helper has gone.
    case gone
}

/// The lines of a stream, which are the same in whatever pieces it comes.
private func split(_ bytes: [UInt8], pieceBytes: Int) -> [[UInt8]] {
    for limit in [64, ReaderLine.limitBytes] {
        var whole = LineSplitter(limitBytes: limit)
        var parts = LineSplitter(limitBytes: limit)
        let lines = whole.take(bytes[...])
        var found: [[UInt8]] = []
        for first in stride(from: 0, to: bytes.count, by: pieceBytes) {
            found += parts.take(bytes[first..<min(first + pieceBytes, bytes.count)])
        }
        demand(found == lines && parts.skippedCount == whole.skippedCount, "pieces of \(pieceBytes) bytes give the same lines")
        demand(lines.allSatisfy { !$0.isEmpty && $0.count < limit }, "no line is empty or too long")
    }
    // The last line has no end as a rule.
    var splitter = LineSplitter(limitBytes: ReaderLine.limitBytes)
    return splitter.take((bytes + [0x0A])[...])
}

private func book(_ lines: [[UInt8]], _ collector: GPUCollector, hasGreeting: Bool, _ moment: Moment) {
    let book = CardBook()
    if hasGreeting { book.take(.hello(ReaderLine.Hello(code: 0)), from: book.begin(), now: start) }
    var seconds = 0.0
    for (index, bytes) in lines.enumerated() {
        guard let line = read(bytes) else { continue }
        seconds += 0.25
        book.take(line, from: index % 3, now: start.advanced(by: .seconds(seconds)))
    }
    for card in book.samples(newerThan: [:]) {
        book.set(usage(card.sample), of: card.identity.uuid, takenAt: card.takenAt)
    }
    switch moment {
    case .now: break
    case .later: seconds += 30
    case .tooLate: seconds += 90_000
    case .gone: for helper in 0..<3 { book.end(helper, now: start.advanced(by: .seconds(seconds))) }
    }
    draw(book, collector, now: start.advanced(by: .seconds(seconds)))
    _ = CardSurvey(book.view, now: start)
}

/// A line that was read says the same when it is written and read again.
private func read(_ bytes: [UInt8]) -> ReaderLine? {
    let line: ReaderLine?
    do throws(Failure) { line = try ReaderLine.read(bytes) } catch {
        demandFitForTerminal("\(error)")
        return nil
    }
    guard let line else { return nil }
    let written = line.bytes
    demand(written.last == 0x0A && !written.dropLast().contains(0x0A), "a line is one line")
    demand((try? ReaderLine.read(Array(written.dropLast()))) == line, "what is written reads the same: \(line)")
    if case .card(let sample) = line {
        demand(!sample.identity.uuid.isEmpty && sample.identity.uuid.utf8.count <= ReaderLine.textBytes, "a card has a name")
        demand(sample.facts.values.allSatisfy(\.isFinite), "a fact is a number")
    }
    return line
}

/// Owners of every kind, and machines of which some are found.
private func usage(_ sample: CardSample) -> OwnerUsage {
    var usage = OwnerUsage()
    let kinds = Owner.Kind.allCases
    for process in sample.processes ?? [] where process.pid % 7 != 0 {
        let kind = kinds[process.pid % kinds.count]
        // Some have a name in common.
        usage.owners[process.pid] = OwnerKey(Owner(kind, id: "\(process.pid % 300)", name: "name \(process.pid % 150)"))
    }
    usage.shares = OwnerUsage.shares(sample.processes ?? [], owners: usage.owners)
    for (index, vgpu) in (sample.vgpus ?? []).enumerated() where index % 3 != 0 { usage.guests[vgpu.uuid] = .some(nil) }
    return usage
}

/// What a scrape shows is a sound exposition, each card a part of its own.
private func draw(_ book: CardBook, _ collector: GPUCollector, now: ContinuousClock.Instant) {
    let sink = SampleSink()
    collector.draw(book.view, now: now, into: sink)
    let contents = sink.contents
    demand(contents.pending.isEmpty, "all parts are whole")
    demand(contents.committed.count == 1 + book.view.cards.count, "each card has its part")
    for problem in contents.problems { demandFitForTerminal(problem.message) }
    guard let table else { return demand(false, "the catalogue is one") }
    demandSound(Exposition(table, [contents.committed]))
}
