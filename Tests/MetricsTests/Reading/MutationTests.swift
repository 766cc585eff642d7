import Metrics
import Primitives
import TestSupport
import Testing

/// The texts of the table, changed at random: what comes in from outside may be anything.
@Suite("The reader and texts that nobody meant")
struct MutationTests {
    /// More in one run with `MUTATIONS=200000`.
    static let count = ProcessEnvironment.all["MUTATIONS"].flatMap(Int.init) ?? 4_000

    @Test("No text breaks it, and its two manners agree", arguments: [21, 22, 23, 24] as [UInt64])
    func mutations(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let cases = ReaderTable.cases.map { (bytes: $0.bytes, format: $0.format) }
        guard !cases.isEmpty else {
            Issue.record("the table is empty")
            return
        }
        for _ in 0..<(Self.count / 4) {
            var (bytes, format) = cases[Int(generator.next() % UInt64(cases.count))]
            if generator.next() % 8 == 0 { format = format == .text ? .openMetrics : .text }
            for _ in 0..<(1 + generator.next() % 4) { Self.mutate(&bytes, cases.map(\.bytes), &generator) }
            if let problem = Self.problem(bytes, format) {
                Issue.record("\(problem) in \(bytes)")
                return
            }
        }
    }

    /// What a text must not bring about.
    private static func problem(_ bytes: [UInt8], _ format: ExpositionReader.Format) -> String? {
        let strict = WholeReading(bytes, as: format, .strict)
        let tolerant = WholeReading(bytes, as: format, .tolerant)
        let lines = bytes.count { $0 == 0x0A } + 1
        if tolerant.failure != nil { return "tolerant failed" }
        if strict.failure == nil, strict != tolerant { return "strict and tolerant differ" }
        if Array(tolerant.samples.prefix(strict.samples.count)) != strict.samples { return "strict has what tolerant has not" }
        if tolerant.samples.count != tolerant.report.sampleCount { return "samples are not counted" }
        if tolerant.report.sampleCount + tolerant.report.skippedLineCount > lines { return "more lines than there are" }
        if strict.failure == nil, format == .text, !bytes.isEmpty, bytes.last != 0x0A { return "the end is missing" }
        if (tolerant.report.firstProblem == nil) && tolerant.report.skippedLineCount > 0 { return "no reason" }
        return nil
    }

    private static let tokens = [
        "\"", "\\", "\n", "{", "}", ",", "=", "#", " ", "\t", "\r", "\0", "# TYPE ", "# HELP ", "# UNIT ", "# EOF\n", "NaN", "+Inf",
        "1e308", " # {",
        "\u{FF}", "_total", "_bucket", "le=\"", "counter\n", "histogram\n", "9223372036854775807",
    ]

    private static func mutate(_ bytes: inout [UInt8], _ others: [[UInt8]], _ generator: inout SeededGenerator) {
        func place(_ count: Int) -> Int { count == 0 ? 0 : Int(generator.next() % UInt64(count)) }
        switch generator.next() % 7 {
        case 0 where !bytes.isEmpty: bytes[place(bytes.count)] = UInt8(truncatingIfNeeded: generator.next())
        case 1 where !bytes.isEmpty: bytes[place(bytes.count)] ^= 1 << UInt8(generator.next() % 8)
        case 2 where !bytes.isEmpty: bytes.remove(at: place(bytes.count))
        case 3: bytes.insert(contentsOf: Array(tokens[place(tokens.count)].utf8), at: place(bytes.count + 1))
        case 4: bytes.removeLast(place(bytes.count + 1))
        case 5: bytes.insert(contentsOf: others[place(others.count)], at: place(bytes.count + 1))
        default:
            let (first, second) = (place(bytes.count + 1), place(bytes.count + 1))
            let piece = Array(bytes[min(first, second)..<max(first, second)])
            if bytes.count < 4096 { bytes.insert(contentsOf: piece, at: place(bytes.count + 1)) }
        }
    }
}
