import Metrics
import Primitives
import TestSupport
import Testing

@Suite("What we write is what is read")
struct RoundTripTests {
    /// Letters that somebody could mean harm with, and some that nobody does.
    private static let letters: [String] = [
        "\"", "\\", "\n", "\r", "\t", "{", "}", ",", "=", "#", " ", "n", "a", "é", "🦅", "\0", "\u{7F}", "\u{FFFD}", "\u{2028}", "\u{301}",
    ]

    private static func text(_ generator: inout SeededGenerator) -> String {
        (0..<Int(generator.next() % 8)).map { _ in letters[Int(generator.next() % UInt64(letters.count))] }.joined()
    }

    private static func value(_ generator: inout SeededGenerator) -> Double {
        switch generator.next() % 6 {
        case 0: [Double.nan, .infinity, -.infinity, 0, .leastNonzeroMagnitude, .greatestFiniteMagnitude][Int(generator.next() % 6)]
        case 1: Double(Int64(bitPattern: generator.next()))
        case 2: Double(bitPattern: generator.next())
        default: Double(generator.next() % 100_000) / 1000
        }
    }

    private static func line(_ name: String, _ labels: [(String, String)], _ value: Double) -> String {
        let labels = labels.map { "\($0.0)=\(Array($0.1.utf8))" }.joined(separator: ",")
        return "\(name) \(labels) \(value.isNaN ? "NaN" : "\(value.bitPattern)")"
    }

    /// A catalogue of every kind, filled at random, and what must be read of it.
    private static func estate(
        seed: UInt64, _ format: ExpositionReader.Format
    ) throws -> (text: [UInt8], samples: [String], metadata: [String]) {
        var generator = SeededGenerator(seed: seed)
        var catalogue = Catalogue()
        let schema = LabelSchema("cluster", "name")
        let helps = (0..<6).map { _ in "Help \(text(&generator))" }
        let metrics: [(metric: Metric, name: String, kind: String)] = [
            (catalogue.gauge("a_bytes", helps[0], labels: schema, source: "s"), "a_bytes", "gauge"),
            (catalogue.counter("b_total", helps[1], labels: schema, source: "s"), "b_total", "counter"),
            (catalogue.info("c_info", helps[2], labels: schema, source: "s"), "c_info", "gauge"),
            (catalogue.histogram("d_seconds", helps[3], labels: schema, source: "s"), "d_seconds", "histogram"),
            (catalogue.summary("e_seconds", helps[4], labels: schema, source: "s"), "e_seconds", "summary"),
            (catalogue.gauge("f", helps[5], source: "s"), "f", "gauge"),
        ]
        var buffer = SampleBuffer(part: "part")
        var samples: [String] = []
        for (metric, name, kind) in metrics {
            for index in 0..<3 where name != "f" || index == 0 {
                let values = ["\(index)", text(&generator)]
                let labels = name == "f" ? [] : Array(zip(schema.names, values))
                let set = name == "f" ? LabelSet.empty : buffer.labels(schema, values)
                guard kind == "histogram" || kind == "summary" else {
                    let number = name == "c_info" ? 1 : value(&generator)
                    buffer.add(metric, set, number)
                    // OpenMetrics has no counter that is negative or no number.
                    if format == .openMetrics, kind == "counter", !(number >= 0) { continue }
                    // Written without its sign: it is 0 to all who ask.
                    samples.append(line(name, labels, number == 0 ? 0 : number))
                    continue
                }
                var distribution = Distribution(bounds: kind == "histogram" ? [0.1, 1, 2.5, 1e6] : [])
                for _ in 0..<Int(generator.next() % 20) { distribution.observe(Double(generator.next() % 5000) / 1000) }
                buffer.add(metric, set, distribution)
                var total = 0
                if kind == "histogram" {
                    for (position, count) in distribution.counts.enumerated() {
                        total += count
                        let bound = ["0.1", "1.0", "2.5", "1e+06", "+Inf"][position]
                        samples.append(line(name + "_bucket", labels + [("le", bound)], Double(total)))
                    }
                }
                samples.append(line(name + "_sum", labels, distribution.sum))
                samples.append(line(name + "_count", labels, Double(distribution.count)))
            }
        }
        var bytes: [UInt8] = []
        let exposition = Exposition(try FamilyTable([catalogue]), [[buffer]])
        switch format {
        case .text: TextFormat.write(exposition, through: &bytes) { _ in }
        case .openMetrics: OpenMetricsFormat.write(exposition, through: &bytes) { _ in }
        }
        return (bytes, samples, zip(metrics, helps).flatMap { metadata(format, $0.name, $0.kind, $1) })
    }

    /// The entries before a family's samples, in the order of the format.
    private static func metadata(_ format: ExpositionReader.Format, _ name: String, _ kind: String, _ help: String) -> [String] {
        let words = Array(help.utf8)
        guard format == .openMetrics else { return ["HELP \(name) \(words)", "TYPE \(name) \(kind)"] }
        let family = ["b_total": "b", "c_info": "c"][name] ?? name
        let unit = ["a_bytes": "bytes", "d_seconds": "seconds", "e_seconds": "seconds"][name].map { ["UNIT \(family) \($0)"] } ?? []
        return ["TYPE \(family) \(name == "c_info" ? "info" : kind)"] + unit + ["HELP \(family) \(words)"]
    }

    @Test("Every kind of metric, with hostile labels and help texts, comes back as it was", arguments: 1...200)
    func everyKind(_ seed: UInt64) throws {
        for (format, strictness) in [(.text, .strict), (.text, .tolerant), (.openMetrics, .strict), (.openMetrics, .tolerant)]
            as [(ExpositionReader.Format, ExpositionReader.Strictness)]
        {
            let (text, expected, expectedMetadata) = try Self.estate(seed: seed, format)
            var reader = ExpositionReader(text, as: format, strictness)
            var samples: [String] = []
            var metadata: [String] = []
            while let entry = try reader.next() {
                switch entry {
                case .help: metadata.append("HELP \(reader.familyName.text) \(Array(reader.help.text.utf8))")
                case .type: metadata.append("TYPE \(reader.familyName.text) \(reader.familyKind)")
                case .unit: metadata.append("UNIT \(reader.familyName.text) \(reader.unit.text)")
                case .sample:
                    samples.append(Self.line(reader.name.text, reader.labels.map { ($0.name.text, $0.value.text) }, reader.value))
                }
            }
            #expect(samples == expected)
            #expect(metadata == expectedMetadata)
            #expect(reader.report.firstProblem == nil && reader.report.familyCount == 6)
        }
    }

    @Test(
        "The golden expositions are read strictly",
        arguments: [("exposition", .text), ("openmetrics", .openMetrics)] as [(String, ExpositionReader.Format)])
    func golden(_ name: String, _ format: ExpositionReader.Format) throws {
        let path = "\(#filePath)".split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Golden/\(name).txt"
        let reading = WholeReading(try Files.read(path), as: format)
        #expect(reading.failure == nil && reading.samples.count > 15 && reading.report.familyCount > 5)
    }
}
