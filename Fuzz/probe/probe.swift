import FuzzSupport
@testable import LLMProbe
@testable import Metrics
import Primitives
import Web

// Streams that LLM servers answer a probe with, cut anywhere: whatever comes, something came of the question, in bounded memory.

private struct Families {
    var catalogue = Catalogue()
    let labels = LabelSchema("server", "engine", "model")
    let probe: ProbeFamilies

    init() { probe = ProbeFamilies(&catalogue, labels: labels) }
}

private let families = Families()
private let table = try? FamilyTable([families.catalogue], textOnly: true)
private let maxTokens = 16
private let begin = ContinuousClock.now
private let problems: [HTTPClientError.Kind?] = [
    nil, .closed, .timeout, .resolve, .connect, .tls, .protocolViolation, .tooLarge, .url, .cancelled,
]

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    let dialects = ProbeDialect.allCases
    let dialect = dialects[Int(input.choice) % dialects.count]
    let size = Int(input.choice) / dialects.count
    // A mebibyte takes long to read, so few inputs are sent for ever.
    let isEndless = size == 80 && input.bytes.count % 32 == 8
    if isEndless { endless(input.bytes, dialect) } else { stream(input.bytes, dialect, pieceBytes: size + 1) }
    return 0
}

/// As libcurl hands it over: nothing more once no more is wanted. Each piece comes a millisecond after the one before.
private func read(_ bytes: [UInt8], _ dialect: ProbeDialect, pieceBytes: Int) -> AnswerReading {
    var reading = AnswerReading(dialect, maxTokens: maxTokens)
    demand(reading.take(status: 200), "the body of a good answer is wanted")
    var isWanted = true
    for (index, first) in stride(from: 0, to: bytes.count, by: pieceBytes).enumerated() where isWanted {
        let before = reading
        let now = begin.advanced(by: .milliseconds(index + 1))
        isWanted = reading.take(Array(bytes[first..<min(first + pieceBytes, bytes.count)]), at: now)
        demand(reading.textCount >= before.textCount, "texts are only added")
        demand(before.firstText == nil || before.firstText == reading.firstText, "the first text stays the first")
        demand((reading.lastText ?? begin) >= (before.lastText ?? begin), "time does not go back")
    }
    // As the end of the answer does.
    if isWanted { _ = reading.take([0x0A], at: begin.advanced(by: .seconds(60))) }
    return reading
}

private func stream(_ bytes: [UInt8], _ dialect: ProbeDialect, pieceBytes: Int) {
    let whole = read(bytes, dialect, pieceBytes: max(bytes.count, 1))
    let parts = read(bytes, dialect, pieceBytes: pieceBytes)
    demand(told(whole) == told(parts), "pieces of \(pieceBytes) bytes say the same: \(told(whole)), \(told(parts))")
    // To write all of it takes longer than to read it.
    for reading in [whole, parts] { judge(reading, isDrawn: bytes.count % 32 == 0) }
    // What is not read says nothing.
    var refused = AnswerReading(dialect, maxTokens: maxTokens)
    demand(!refused.take(status: 503), "the body of another status is not wanted")
    judge(refused, isDrawn: false)
}

private func told(_ reading: AnswerReading) -> String {
    let prompt = reading.promptTokens.map { "\($0)" } ?? "-"
    return
        "\(reading.textCount) texts, \(reading.generatedTokens) tokens of \(prompt), \(reading.isComplete) \(reading.isError) \(reading.fault ?? "-")"
}

/// The same again and again, from a server that never ends.
private func endless(_ bytes: [UInt8], _ dialect: ProbeDialect) {
    guard !bytes.isEmpty else { return }
    var piece = bytes
    while piece.count < 16 << 10 { piece += bytes }
    var reading = AnswerReading(dialect, maxTokens: maxTokens)
    _ = reading.take(status: 200)
    var taken = 0
    while reading.take(piece, at: begin.advanced(by: .milliseconds(taken))) {
        taken += piece.count
        demand(taken <= 1 << 20, "a stream without end is left")
    }
    demand(reading.textCount <= maxTokens * 4 + 1, "no more texts are taken than a few for each token")
    judge(reading, isDrawn: false)
}

/// However the request ended, something came of it, which a scrape can show.
private func judge(_ reading: AnswerReading, isDrawn: Bool) {
    demand((0...maxTokens).contains(reading.generatedTokens), "no more tokens than were asked for: \(reading.generatedTokens)")
    demand(reading.promptTokens.map { (0...1_000).contains($0) } ?? true, "a prompt is short")
    demand((reading.firstText == nil) == (reading.textCount == 0), "the first text has a time")
    demand((reading.lastText ?? begin) >= (reading.firstText ?? begin), "the last text is not before the first")
    var book = ProbeBook()
    let end = begin.advanced(by: .seconds(61))
    for kind in problems {
        let problem = kind.map { HTTPClientError(kind: $0, message: "it was so") }
        let result = Prober.result(reading, problem, start: begin, end: end)
        demand(result.durationSeconds == 61, "the time of all of it")
        if result.outcome == .ok {
            demand(reading.status == 200 && reading.isComplete && !reading.isError && reading.textCount > 0, "what is well is an answer")
            demand(result.secondsToFirstToken != nil && result.generatedTokens > 0, "an answer has a first token")
        } else {
            demandFitForTerminal(result.reason)
            demand(result.secondsBetweenTokens == nil, "only a whole answer has a speed")
        }
        for seconds in [result.secondsToFirstToken, result.secondsBetweenTokens].compactMap({ $0 }) {
            demand((0...result.durationSeconds).contains(seconds), "a part is no longer than the whole: \(seconds)")
        }
        book.take(result, unixSeconds: 1_795_320_000)
    }
    demand(book.outcomes.values.reduce(0, +) == problems.count, "each question has one outcome")
    guard isDrawn else { return }
    guard let table else { return demand(false, "the catalogue is one") }
    var buffer = SampleBuffer(part: "probe")
    families.probe.write(book, buffer.labels(families.labels, "s", "vllm", "m"), into: &buffer)
    demandSound(Exposition(table, [[buffer]]))
}
