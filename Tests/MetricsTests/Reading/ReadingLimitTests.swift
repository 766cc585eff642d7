import Metrics
import Primitives
import Testing

@Suite("Limits of the reader")
struct ReadingLimitTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let set: @Sendable (inout ReadingLimits) -> Void
        var format = ExpositionReader.Format.text
        /// At the limit.
        let good: String
        /// One past it.
        let bad: String
        let failure: String
        /// Samples that are left in `bad`, and whether reading ended.
        let samples: Int
        var ends = false
    }

    static let cases = [
        Case(
            testDescription: "bytes", set: { $0.bytes = 8 }, good: "a 1\nb 2\n", bad: "a 1\nb 22\n",
            failure: "1:1: expected at most 8 bytes in an exposition", samples: 1, ends: true),
        Case(
            testDescription: "bytes, cut at a line's end", set: { $0.bytes = 8 }, good: "a 1\nb 2\n", bad: "a 1\nb 2\nc 3\n",
            failure: "1:1: expected at most 8 bytes in an exposition", samples: 2, ends: true),
        Case(
            testDescription: "bytes, cut within a label value", set: { $0.bytes = 8 }, good: "a{x=\"\"}1", bad: "a 1\nb{x=\"1\"} 2\n",
            failure: "1:1: expected at most 8 bytes in an exposition", samples: 1, ends: true),
        Case(
            testDescription: "samples", set: { $0.samples = 2 }, good: "a 1\na 2\n", bad: "a 1\na 2\na 3\na 4\n",
            failure: "3:1: expected at most 2 samples", samples: 2, ends: true),
        Case(
            testDescription: "families by samples", set: { $0.families = 2 }, good: "a 1\nb 2\nb 3\n", bad: "a 1\nb 2\nc 3\n",
            failure: "3:1: expected at most 2 families", samples: 2, ends: true),
        Case(
            testDescription: "families by HELP", set: { $0.families = 1 }, good: "# HELP a Words.\n# TYPE a gauge\na 1\n",
            bad: "a 1\n# HELP b Words.\n", failure: "2:1: expected at most 1 families", samples: 1, ends: true),
        Case(
            testDescription: "families by TYPE", set: { $0.families = 1 }, good: "# TYPE a gauge\na 1\n", bad: "a 1\n# TYPE b gauge\n",
            failure: "2:1: expected at most 1 families", samples: 1, ends: true),
        Case(
            testDescription: "families by UNIT", set: { $0.families = 1 }, format: .openMetrics, good: "# UNIT a_b b\na_b 1\n# EOF\n",
            bad: "a 1\n# UNIT c_b b\n# EOF\n", failure: "2:1: expected at most 1 families", samples: 1, ends: true),
        Case(
            testDescription: "line", set: { $0.lineBytes = 5 }, good: "a 123\nb 1\n", bad: "a 1234\nb 1\n",
            failure: "1:1: expected at most 5 bytes in a line", samples: 1),
        Case(
            testDescription: "line of a comment", set: { $0.lineBytes = 5 }, good: "# abc\nb 1\n", bad: "# abcd\nb 1\n",
            failure: "1:1: expected at most 5 bytes in a line", samples: 1),
        Case(
            testDescription: "labels", set: { $0.labels = 2 }, good: #"a{x="",y=""} 1"# + "\n", bad: #"a{x="",y="",z=""} 1"# + "\nb 1\n",
            failure: "1:13: expected at most 2 labels", samples: 1),
        Case(
            testDescription: "labels of an exemplar", set: { $0.labels = 1 }, format: .openMetrics,
            good: "# TYPE a counter\na_total 1 # {x=\"\"} 1\n# EOF\n", bad: "# TYPE a counter\na_total 1 # {x=\"\",y=\"\"} 1\nb 1\n# EOF\n",
            failure: "2:19: expected at most 1 labels", samples: 1),
        Case(
            testDescription: "metric name", set: { $0.nameBytes = 3 }, good: "abc 1\n", bad: "abcd 1\nb 1\n",
            failure: "1:1: expected at most 3 bytes in a name", samples: 1),
        Case(
            testDescription: "label name", set: { $0.nameBytes = 3 }, good: "a{xyz=\"\"} 1\n", bad: "a{wxyz=\"\"} 1\nb 1\n",
            failure: "1:3: expected at most 3 bytes in a name", samples: 1),
        Case(
            testDescription: "quoted name", set: { $0.nameBytes = 3 }, good: "{\"a.b\"} 1\n", bad: "{\"a.bc\"} 1\nb 1\n",
            failure: "1:3: expected at most 3 bytes in a name", samples: 1),
        Case(
            testDescription: "label value", set: { $0.labelValueBytes = 3 }, good: "a{x=\"123\"} 1\n", bad: "a{x=\"1234\"} 1\nb 1\n",
            failure: "1:6: expected at most 3 bytes in a label value", samples: 1),
        Case(
            testDescription: "HELP", set: { $0.helpBytes = 3 }, good: "# HELP a 123\na 1\n", bad: "# HELP a 1234\na 1\n",
            failure: "1:10: expected at most 3 bytes in a help text", samples: 1),
        Case(
            testDescription: "unit", set: { $0.nameBytes = 3 }, format: .openMetrics, good: "# UNIT a_b b\na_b 1\n# EOF\n",
            bad: "# UNIT a_b bbbb\na_b 1\n# EOF\n", failure: "1:12: expected at most 3 bytes in a name", samples: 1),
    ]

    @Test("A limit is reached without harm, and what is past it fails or is left out", arguments: cases)
    func limit(_ item: Case) {
        var limits = ReadingLimits()
        item.set(&limits)
        let within = WholeReading(item.good, as: item.format, .tolerant, limits: limits)
        #expect(within.report.firstProblem == nil && !within.samples.isEmpty && !within.report.limitReached)

        let strict = WholeReading(item.bad, as: item.format, .strict, limits: limits)
        #expect(strict.failure == item.failure)
        #expect(strict.code == .limit)

        let tolerant = WholeReading(item.bad, as: item.format, .tolerant, limits: limits)
        #expect(tolerant.samples.count == item.samples && tolerant.report.sampleCount == item.samples)
        #expect(tolerant.report.limitReached == item.ends)
        #expect((tolerant.report.skippedLineCount > 0) == !item.ends || item.testDescription.contains("within"))
        #expect(tolerant.report.firstProblem != nil)
        if !item.ends { #expect(tolerant.report.firstProblem == item.failure) }
    }

    @Test("A number that a limit cuts is not taken for a smaller one")
    func cutNumber() {
        var limits = ReadingLimits()
        limits.bytes = 6
        for text in ["a 1\nb 22\n", "a 1\nb 2222222\n"] {
            #expect(WholeReading(text, .tolerant, limits: limits).samples == [#"["a",[],"1.0",null,null]"#])
        }
    }

    @Test("Limits of nothing", arguments: [0, -1])
    func nothing(_ bytes: Int) {
        var limits = ReadingLimits()
        limits.bytes = bytes
        #expect(WholeReading("a 1\n", .tolerant, limits: limits).samples == [])
        #expect(WholeReading("a 1\n", .strict, limits: limits).code == .limit)
        limits = ReadingLimits()
        (limits.samples, limits.families, limits.lineBytes, limits.labels) = (bytes, bytes, bytes, bytes)
        (limits.nameBytes, limits.labelValueBytes, limits.helpBytes) = (bytes, bytes, bytes)
        for item in ReaderTable.cases { #expect(WholeReading(item.bytes, as: item.format, .tolerant, limits: limits).samples == []) }
    }

    @Test("The defaults take what a large exporter writes")
    func defaults() {
        let limits = ReadingLimits()
        #expect(limits.bytes >= 50 << 20 && limits.samples >= 500_000 && limits.lineBytes >= limits.labelValueBytes)
    }
}
