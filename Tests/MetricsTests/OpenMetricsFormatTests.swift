import Metrics
import Primitives
import Testing

@Suite("OpenMetrics")
struct OpenMetricsFormatTests {
    /// Metadata of one family, with a sample, as OpenMetrics has it.
    private func lines(_ help: String = "Help.", _ declare: (inout Catalogue, String) -> Metric) throws -> [Substring] {
        var catalogue = Catalogue()
        let metric = declare(&catalogue, help)
        var buffer = SampleBuffer(part: "")
        buffer.add(metric, .empty, 1)
        return openMetrics(Exposition(try FamilyTable([catalogue]), [[buffer]])).split(separator: "\n")
    }

    @Test(
        "A counter's family lacks the suffix that its sample has; without it the type is unknown",
        arguments: [
            ("a_total", "a", "counter"), ("a_bytes_total", "a_bytes", "counter"), ("a_total_total", "a_total", "counter"),
            ("a", "a", "unknown"), ("a_bytes", "a_bytes", "unknown"), ("a_total_bytes", "a_total_bytes", "unknown"),
            ("a_totals", "a_totals", "unknown"), ("_total", "_total", "unknown"), ("total", "total", "unknown"),
        ])
    func counters(name: String, family: String, type: String) throws {
        let lines = try lines { $0.counter(name, $1, source: "s") }
        #expect(lines.first == "# TYPE \(family) \(type)")
        #expect(lines.dropFirst().allSatisfy { !$0.hasPrefix("# ") || $0 == "# EOF" || $0.split(separator: " ")[2] == family })
        #expect(lines.contains("\(name) 1"))
    }

    @Test(
        "An info's family lacks the suffix that its sample has; without it, it is a gauge",
        arguments: [
            ("a_info", "a", "info"), ("a_info_info", "a_info", "info"), ("a", "a", "gauge"), ("a_infos", "a_infos", "gauge"),
            ("_info", "_info", "gauge"), ("a_bytes_info", "a_bytes", "info"),
        ])
    func infos(name: String, family: String, type: String) throws {
        let lines = try lines { $0.info(name, $1, labels: .none, source: "s") }
        // An info has no unit, whatever its name.
        #expect(lines == ["# TYPE \(family) \(type)", "# HELP \(family) Help.", "\(name) 1", "# EOF"])
    }

    @Test(
        "The unit is told when the family's name ends with it",
        arguments: [
            ("a_seconds", "seconds"), ("a_bytes", "bytes"), ("a_ratio", "ratio"), ("a_seconds_total", nil), ("bytes", nil),
            ("a_celsius", nil),
            ("a_kilobytes", nil),
        ] as [(String, String?)])
    func units(name: String, unit: String?) throws {
        let lines = try lines { $0.gauge(name, $1, source: "s") }
        #expect(
            lines == ["# TYPE \(name) gauge"] + (unit.map { ["# UNIT \(name) \($0)"] } ?? []) + [
                "# HELP \(name) Help.", "\(name) 1", "# EOF",
            ])
    }

    @Test(
        "HELP escapes quotation marks too",
        arguments: [
            ("Plain.", "Plain."), ("", ""), ("a\nb", #"a\nb"#), (#"C:\x"#, #"C:\\x"#), (#"say "hi""#, #"say \"hi\""#), (#"\""#, #"\\\""#),
            ("é 😀\rz", "é 😀\rz"),
        ])
    func helps(help: String, written: String) throws {
        #expect(try lines(help) { $0.gauge("m", $1, source: "s") }[1] == "# HELP m \(written)")
    }

    @Test("Nothing to say is an end")
    func nothing() throws {
        #expect(openMetrics(Exposition(try FamilyTable([]), [])) == "# EOF\n")
    }

    @Test("The content types of both versions")
    func contentTypes() {
        #expect(OpenMetricsFormat.contentType() == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(OpenMetricsFormat.contentType(.draft) == "application/openmetrics-text; version=0.0.1; charset=utf-8")
    }

    @Test("Samples are those of the text format, byte for byte; only what a type must not have is left out")
    func sameSamples() throws {
        let plain = try GoldenExposition.plain()
        #expect(samples(openMetrics(plain)) == samples(text(plain)))
        let odd = try GoldenExposition.withOddities()
        let left = Set(samples(text(odd))).subtracting(samples(openMetrics(odd)))
        #expect(
            left == [
                #"odd_losses_total{label="nan"} NaN"#, #"odd_losses_total{label="-1.0"} -1"#, #"odd_flag_info{label="0.0"} 0"#,
                #"odd_flag_info{label="2.0"} 2"#,
            ])
        #expect(Set(samples(openMetrics(odd))).isSubset(of: samples(text(odd))))
    }

    @Test("It comes in chunks, each not much larger than 128 KiB, the end in the last")
    func chunks() throws {
        let schema = LabelSchema("index")
        var catalogue = Catalogue()
        let metric = catalogue.gauge("m", "Help.", labels: schema, source: "s")
        var buffer = SampleBuffer(part: "")
        for index in 0..<20_000 { buffer.add(metric, buffer.labels(schema, "number \(index)"), 0.5) }
        let exposition = Exposition(try FamilyTable([catalogue]), [[buffer]])
        var pieces: [[UInt8]] = []
        var chunk: [UInt8] = []
        OpenMetricsFormat.write(exposition, through: &chunk) { bytes in
            pieces.append(bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        #expect(pieces.count > 3 && pieces.allSatisfy { $0.count <= 1 << 17 + 1024 })
        #expect(String(decoding: pieces.joined(), as: UTF8.self) == openMetrics(exposition))
        #expect(String(decoding: pieces.last ?? [], as: UTF8.self).hasSuffix("} 0.5\n# EOF\n"))
    }

    private static let goldenPath = GoldenExposition.folder + "openmetrics.txt"

    /// Renew the file with `RECORD=1 swift test --filter MetricsTests` and read its diff. A parser that we did not write reads the file in
    /// the end-to-end tests.
    @Test("One of everything, byte for byte as the golden file has it")
    func goldenFile() throws {
        let text = openMetrics(try GoldenExposition.withOddities())
        if ProcessEnvironment.all["RECORD"] == "1" { try Files.write(Array(text.utf8), to: Self.goldenPath) }
        #expect(text == String(decoding: try Files.read(Self.goldenPath), as: UTF8.self))
    }
}
