import Primitives
import Testing

@testable import Metrics

@Suite("The reader's entries")
struct ReaderTests {
    @Test("HELP, TYPE and UNIT with escapes undone")
    func metadata() {
        let text = WholeReading("# HELP a C:\\\\dir\\nnext \"x\"\n# TYPE a counter\na 1\n# HELP b\n")
        #expect(text.metadata == ["HELP a C:\\dir\nnext \"x\"", "TYPE a counter", "HELP b "])
        let openMetrics = WholeReading(
            "# HELP a_s \\\"x\\\" \\t\n# UNIT a_s s\n# TYPE a_s gauge\n# TYPE b stateset\n# HELP b \n# EOF\n", as: .openMetrics)
        #expect(openMetrics.failure == nil)
        #expect(openMetrics.metadata == ["HELP a_s \"x\" \\t", "UNIT a_s s", "TYPE a_s gauge", "TYPE b stateSet", "HELP b "])
        #expect(WholeReading("# HELP a caf\u{e9}\n", .tolerant).metadata == ["HELP a café"])
        let repaired = WholeReading(Array("# HELP a caf".utf8) + [0xE9, 0x0A], as: .text, .tolerant)
        #expect(repaired.metadata == ["HELP a caf\u{FFFD}"] && repaired.report.repairedTextCount == 1)
    }

    @Test("A sample belongs to the family before it, if the family's type has such samples; else it begins one")
    func families() {
        let text = """
            a 1
            # TYPE h histogram
            h_bucket{le="+Inf"} 1
            h_sum 1
            h_count 1
            h_total 1
            h_bucket 1
            # TYPE s summary
            s{quantile="0.5"} 1
            s_sum 1
            s_bucket 1
            # TYPE c counter
            c 1
            c_total 1

            """
        #expect(
            WholeReading(text).families == [
                "a unknown", "h histogram", "h histogram", "h histogram", "h_total unknown", "h_bucket unknown", "s summary", "s summary",
                "s_bucket unknown", "c counter", "c_total unknown",
            ])
        let openMetrics = """
            # TYPE c counter
            c_total 1
            c_created 1
            c_sum 1
            # TYPE g gaugehistogram
            g_bucket{le="+Inf"} 1
            g_gsum 1
            g_gcount 1
            g_count 1
            # TYPE i info
            i_info 1
            # EOF

            """
        #expect(
            WholeReading(openMetrics, as: .openMetrics).families == [
                "c counter", "c counter", "c_sum unknown", "g gaugeHistogram", "g gaugeHistogram", "g gaugeHistogram", "g_count unknown",
                "i info",
            ])
    }

    @Test("A bad line changes nothing that is known of the family")
    func badLines() {
        #expect(WholeReading("# TYPE a gauge\n# TYPE b foo\nb x\n# HELP\nb{x=\"1\" 5\na 2\n", .tolerant).families == ["a gauge"])
    }

    @Test("What stands in the text can be had as it stands there")
    func slices() throws {
        var reader = ExpositionReader(Array("# HELP a_b Words.\n a_b {x=\"\\\"\", y=\"é\"}  1e3 5\n".utf8), .strict)
        #expect(try reader.next() == .help)
        #expect(reader.familyName == "a_b" && reader.help == "Words." && reader.line == 1)
        #expect(try reader.next() == .sample)
        #expect(reader.line == 2)
        #expect(reader.name == "a_b" && !(reader.name == "a_") && !(reader.name == "a_c"))
        #expect(reader.series.text == "a_b {x=\"\\\"\", y=\"é\"}" && reader.valueText.text == "1e3")
        #expect(reader.value == 1000 && reader.timestampSeconds == 0.005 && reader.exemplar == nil)
        #expect(reader.labels.count == 2 && reader.labels["x"]?.text == "\"" && reader.labels["y"]?.text == "é")
        #expect(reader.labels["z"] == nil && reader.labels[0].name == "x" && Array(reader.labels[0].value.bytes) == Array("\\\"".utf8))
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
        #expect(reader.report.sampleCount == 1 && reader.report.familyCount == 1 && reader.report.firstProblem == nil)
    }

    @Test("Nothing is shown before the first entry and nothing breaks after the end")
    func outside() throws {
        var reader = ExpositionReader([], .strict)
        for _ in 0..<2 {
            #expect(
                reader.name.text == "" && reader.labels.isEmpty && reader.value == 0 && reader.help.text == "" && reader.series.text == "")
            #expect(try reader.next() == nil)
        }
    }

    @Test("After a failure a strict reader has ended")
    func ended() throws {
        var reader = ExpositionReader(Array("a 1\nb x\nc 2\n".utf8), .strict)
        #expect(try reader.next() == .sample)
        #expect(throws: Failure.self) { try reader.next() }
        #expect(try reader.next() == nil)
    }

    @Test(
        "The format that a content type names",
        arguments: [
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", true), ("Application/OpenMetrics-Text", true),
            ("text/plain; version=0.0.4", false), ("", false), ("application/openmetrics", false), ("application/json", false),
        ])
    func contentType(_ text: String, _ isOpenMetrics: Bool) {
        #expect((ExpositionReader.Format(contentType: text) == .openMetrics) == isOpenMetrics)
    }

    @Test("A failure shows up to 40 bytes, whole characters, and nothing that a terminal obeys")
    func excerpt() {
        #expect(
            WholeReading("a " + String(repeating: "x", count: 100) + "\n").failure
                == "1:3: expected a number as Go's ParseFloat reads it, found \"" + String(repeating: "x", count: 40) + "\"")
        #expect(
            WholeReading("a x" + String(repeating: "é", count: 100) + "\n").failure
                == "1:3: expected a number as Go's ParseFloat reads it, found \"x" + String(repeating: "é", count: 19) + "\"")
        #expect(
            WholeReading("a \u{1B}[31m\u{9B}x\u{7F}\n").failure
                == "1:3: expected a number as Go's ParseFloat reads it, found \"\\u001b[31m\\u009bx\\u007f\"")
        #expect(WholeReading("\n\na{x=\"1\"").failure == "3:8: expected a comma or a closing brace, found the end of the text")
    }

    @Test("Tolerant keeps the first problem and counts all")
    func firstProblem() {
        let reading = WholeReading("a 1\nb x\nc y\nd{z=\"1\"} 2\ne\n", .tolerant)
        #expect(reading.samples.count == 2 && reading.report.skippedLineCount == 3 && reading.failure == nil)
        #expect(reading.report.firstProblem == "2:3: expected a number as Go's ParseFloat reads it, found \"x\"")
    }

    @Test("A long line of anything is borne")
    func monsters() {
        let openings = ["", "a", "a ", "a{", "a{x=\"", "a{x=\"1\"", "# HELP a ", "# TYPE a ", "#", "a 1 ", "{\"", "a{x=\"1\"} 1"]
        for opening in openings {
            for byte in "a1 {}\"\\#,=\n\r\t\0.-" {
                let bytes = Array((opening + String(repeating: byte, count: 16_000)).utf8)
                for format in [ExpositionReader.Format.text, .openMetrics] {
                    var reader = ExpositionReader(bytes, as: format, .tolerant)
                    var entries = 0
                    #expect(throws: Never.self) { while try reader.next() != nil { entries += 1 } }
                    #expect(entries <= 1)
                }
            }
        }
    }
}
