import Metrics
import Testing

@Suite("Label sets")
struct LabelTests {
    private static func line(_ schema: LabelSchema, _ make: (inout SampleBuffer) -> LabelSet) throws -> String {
        var catalogue = Catalogue()
        let metric = catalogue.gauge("m", "Help.", labels: schema, source: "test")
        var buffer = SampleBuffer(part: "")
        buffer.add(metric, make(&buffer), 1)
        return String(samples(try text([catalogue], [[buffer]])).joined(separator: "|"))
    }

    /// Values, and how the text format writes them: three characters are escaped and no other.
    static let values: [(String, String)] = [
        ("", ""), ("plain", "plain"), ("\\", #"\\"#), ("\"", #"\""#), ("\n", #"\n"#), (#"\n"#, #"\\n"#), (#"\""#, #"\\\""#),
        ("a\nb\n", #"a\nb\n"#),
        ("\\\\", #"\\\\"#), ("\"\"", #"\"\""#), ("\r", "\r"), ("\t", "\t"), ("\u{0}", "\u{0}"), ("é", "é"), ("😀", "😀"),
        ("e\u{301}", "e\u{301}"),
        ("a\"} 1\nforged{x=\"y", #"a\"} 1\nforged{x=\"y"#), ("{}=,# HELP", "{}=,# HELP"), ("\u{2028}", "\u{2028}"), ("ends\\", #"ends\\"#),
        ("\r\n", "\r\\n"), ("\u{FFFD}", "\u{FFFD}"),
    ]

    @Test("Backslash, quote and newline are escaped, wherever they stand", arguments: values)
    func escaping(_ value: String, _ expected: String) throws {
        let line = try Self.line(LabelSchema("a")) { $0.labels(LabelSchema("a"), value) }
        #expect(Array(line.utf8) == Array("m{a=\"\(expected)\"} 1".utf8))
        let two = try Self.line(LabelSchema("a", "b")) { $0.labels(LabelSchema("a", "b"), value, value) }
        #expect(Array(two.utf8) == Array("m{a=\"\(expected)\",b=\"\(expected)\"} 1".utf8))
    }

    @Test("No labels, no braces, in whatever way they are not there")
    func empty() throws {
        #expect(try Self.line(.none) { _ in .empty } == "m 1")
        #expect(try Self.line(.none) { $0.labels(.none) } == "m 1")
        #expect(try Self.line(.none) { $0.labels(.none, "surplus") } == "m 1")
        #expect(try Self.line(.none) { $0.labels(.none, extending: .empty, "surplus") } == "m 1")
    }

    @Test("Missing values are empty, surplus ones are left out")
    func wrongCounts() throws {
        let schema = LabelSchema("a", "b")
        #expect(try Self.line(schema) { $0.labels(schema) } == #"m{a="",b=""} 1"#)
        #expect(try Self.line(schema) { $0.labels(schema, "1") } == #"m{a="1",b=""} 1"#)
        #expect(try Self.line(schema) { $0.labels(schema, "1", "2", "3") } == #"m{a="1",b="2"} 1"#)
    }

    @Test("A set extends another, which stays as it was")
    func extending() throws {
        let base = LabelSchema("cluster", "node")
        let disk = base.adding("disk")
        #expect(disk.names == ["cluster", "node", "disk"])
        #expect(disk == LabelSchema("cluster", "node", "disk"))
        let lines = try Self.line(disk) { buffer in
            let node = buffer.labels(base, "lab", "n\"1")
            _ = buffer.labels(disk, extending: node, "first")
            let second = buffer.labels(disk, extending: node, "sec\nond")
            return second
        }
        #expect(lines == #"m{cluster="lab",node="n\"1",disk="sec\nond"} 1"#)
        #expect(try Self.line(LabelSchema("a")) { $0.labels(LabelSchema("a"), extending: .empty, "x") } == #"m{a="x"} 1"#)
    }

    @Test("A hundred thousand sets, half of them extending another")
    func manySets() throws {
        let base = LabelSchema("cluster", "vmid")
        let disk = base.adding("disk")
        var catalogue = Catalogue()
        let guests = catalogue.gauge("guest", "Help.", labels: base, source: "test")
        let disks = catalogue.gauge("disk", "Help.", labels: disk, source: "test")
        var buffer = SampleBuffer(part: "", reservingSamples: 100_000)
        for index in 0..<50_000 {
            let guest = buffer.labels(base, "lab", "\(index)")
            buffer.add(guests, guest, Double(index))
            buffer.add(disks, buffer.labels(disk, extending: guest, "scsi0"), 0.5)
        }
        let exposition = Exposition(try FamilyTable([catalogue]), [[buffer]])
        #expect(exposition.sampleCount == 100_000)
        #expect(exposition.duplicateCount == 0)
        let lines = samples(text(exposition))
        #expect(lines.count == 100_000)
        #expect(lines[49_999] == #"guest{cluster="lab",vmid="49999"} 49999"#)
        #expect(lines[99_999] == #"disk{cluster="lab",vmid="49999",disk="scsi0"} 0.5"#)
    }
}
