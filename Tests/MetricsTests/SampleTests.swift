import Metrics
import Testing

@Suite("Samples")
struct SampleTests {
    static let values: [(Double, String)] = [
        (0, "0"), (-0.0, "0"), (1, "1"), (-1.5, "-1.5"), (.nan, "NaN"), (.signalingNaN, "NaN"), (-.nan, "NaN"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"),
        (1e15, "1e+15"), (999_999_999_999_999, "999999999999999"), (.leastNonzeroMagnitude, "5e-324"),
        (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (1_700_000_000.123, "1700000000.123"), (0x1p63, "9223372036854775808"),
    ]

    @Test("Values as Go's ParseFloat reads them", arguments: values)
    func value(_ value: Double, _ expected: String) throws {
        var catalogue = Catalogue()
        let metric = catalogue.gauge("m", "Help.", source: "test")
        var buffer = SampleBuffer(part: "")
        buffer.add(metric, .empty, value)
        #expect(try text([catalogue], [[buffer]]) == "# HELP m Help.\n# TYPE m gauge\nm \(expected)\n")
    }

    @Test("Absent is no sample; flags are 1 and 0")
    func absence() throws {
        var catalogue = Catalogue()
        let metric = catalogue.gauge("m", "Help.", labels: LabelSchema("a"), source: "test")
        var buffer = SampleBuffer(part: "")
        buffer.add(metric, buffer.labels(LabelSchema("a"), "absent"), nil as Double?)
        buffer.add(metric, buffer.labels(LabelSchema("a"), "unknown"), nil as Bool?)
        #expect(buffer.count == 0)
        #expect(try text([catalogue], [[buffer]]).isEmpty)
        buffer.add(metric, buffer.labels(LabelSchema("a"), "true"), true)
        buffer.add(metric, buffer.labels(LabelSchema("a"), "false"), false)
        #expect(samples(try text([catalogue], [[buffer]])) == [#"m{a="true"} 1"#, #"m{a="false"} 0"#])
    }

    @Test("Removing the samples keeps the label sets, and the bytes stay those of the scrape before")
    func removal() throws {
        var catalogue = Catalogue()
        let schema = LabelSchema("a")
        let metric = catalogue.gauge("m", "Help.", labels: schema, source: "test")
        var buffer = SampleBuffer(part: "")
        let sets = (0..<10).map { buffer.labels(schema, "\($0)\"") }
        var outputs: Set<String> = []
        for _ in 0..<3 {
            buffer.removeSamples()
            #expect(buffer.count == 0)
            for set in sets { buffer.add(metric, set, 7) }
            outputs.insert(try text([catalogue], [[buffer]]))
        }
        #expect(outputs.count == 1)
        #expect(samples(outputs.first ?? "").count == 10)
        buffer.removeSamples()
        #expect(try text([catalogue], [[buffer]]).isEmpty)
    }

    @Test("Values change, the rest of the bytes does not")
    func stability() throws {
        func output(_ value: Double) throws -> [String] {
            var catalogue = Catalogue()
            let schema = LabelSchema("node", "name")
            let metrics = (0..<5).map { catalogue.gauge("m\($0)", "Help.", labels: schema, source: "test") }
            let buffers = ["b", "a", "c"].map { part in
                var buffer = SampleBuffer(part: part)
                for index in 0..<7 {
                    let set = buffer.labels(schema, part, "guest \(index)")
                    for metric in metrics { buffer.add(metric, set, value) }
                }
                return buffer
            }
            return try text([catalogue], [buffers]).split(separator: "\n").map {
                $0.hasPrefix("#") ? String($0) : String($0.prefix { $0 != "}" })
            }
        }
        #expect(try output(1) == output(0.123456))
        #expect(try output(1) == output(.nan))
    }
}
