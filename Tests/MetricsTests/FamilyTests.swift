import Metrics
import Primitives
import Testing

@Suite("Families")
struct FamilyTests {
    static let helps: [(String, String)] = [
        ("Plain.", "Plain."), ("", ""), ("a\nb", #"a\nb"#), (#"C:\x"#, #"C:\\x"#), (#"say "hi""#, #"say "hi""#), (#"\n"#, #"\\n"#),
        ("é 😀", "é 😀"),
        ("ends\n", #"ends\n"#), ("# TYPE forged counter", "# TYPE forged counter"),
    ]

    @Test("HELP escapes backslash and newline, and no quote", arguments: helps)
    func help(_ help: String, _ expected: String) throws {
        var catalogue = Catalogue()
        let metric = catalogue.gauge("m", help, source: "test")
        var buffer = SampleBuffer(part: "")
        buffer.add(metric, .empty, 1)
        #expect(try text([catalogue], [[buffer]]) == "# HELP m \(expected)\n# TYPE m gauge\nm 1\n")
    }

    @Test("Kinds as the text format knows them; units as names say them")
    func kinds() throws {
        var catalogue = Catalogue()
        let metrics = [
            catalogue.gauge("a_bytes", "A.", source: "s"), catalogue.counter("b_seconds_total", "B.", source: "s"),
            catalogue.info("c_info", "C.", labels: .none, source: "s"), catalogue.gauge("d_ratio", "D.", source: "s"),
            catalogue.counter("e_total", "E.", source: "s"), catalogue.gauge("seconds_since", "F.", source: "s"),
            catalogue.gauge("_total", "G.", source: "s"),
        ]
        #expect(catalogue.descriptors.map(\.unit) == [.bytes, .seconds, .none, .ratio, .none, .none, .none])
        var buffer = SampleBuffer(part: "")
        for metric in metrics { buffer.add(metric, .empty, 1) }
        let types = try text([catalogue], [[buffer]]).split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
        #expect(
            types.prefix(4) == ["# TYPE a_bytes gauge", "# TYPE b_seconds_total counter", "# TYPE c_info gauge", "# TYPE d_ratio gauge"])
    }

    @Test("Families are contiguous and in the catalogue's order, parts in the order of their names, whatever order things came in")
    func contiguity() throws {
        let schema = LabelSchema("part", "index")
        var first = Catalogue()
        let alpha = first.gauge("alpha", "A.", labels: schema, source: "s")
        let shared = first.gauge("shared", "S.", labels: schema, source: "s")
        let unused = first.gauge("unused", "U.", labels: schema, source: "s")
        let omega = first.gauge("omega", "O.", labels: schema, source: "s")
        var second = Catalogue()
        let beta = second.gauge("beta", "B.", labels: schema, source: "s")
        let sharedToo = second.gauge("shared", "S.", labels: schema, source: "s")
        #expect(unused.index == 2)

        func buffer(_ part: String, _ metrics: [Metric]) -> SampleBuffer {
            var buffer = SampleBuffer(part: part)
            for index in [1, 0] {
                for metric in metrics { buffer.add(metric, buffer.labels(schema, part, "\(index)"), 1) }
            }
            return buffer
        }
        let buffers = [
            [buffer("n2", [omega, shared, alpha]), buffer("n10", [alpha, omega]), buffer("", [shared]), buffer("n1", [alpha])],
            [buffer("z", [sharedToo, beta]), buffer("y", [beta])],
        ]
        let expected = """
            # HELP alpha A.
            # TYPE alpha gauge
            alpha{part="n1",index="1"} 1
            alpha{part="n1",index="0"} 1
            alpha{part="n10",index="1"} 1
            alpha{part="n10",index="0"} 1
            alpha{part="n2",index="1"} 1
            alpha{part="n2",index="0"} 1
            # HELP shared S.
            # TYPE shared gauge
            shared{part="",index="1"} 1
            shared{part="",index="0"} 1
            shared{part="n2",index="1"} 1
            shared{part="n2",index="0"} 1
            shared{part="z",index="1"} 1
            shared{part="z",index="0"} 1
            # HELP omega O.
            # TYPE omega gauge
            omega{part="n10",index="1"} 1
            omega{part="n10",index="0"} 1
            omega{part="n2",index="1"} 1
            omega{part="n2",index="0"} 1
            # HELP beta B.
            # TYPE beta gauge
            beta{part="y",index="1"} 1
            beta{part="y",index="0"} 1
            beta{part="z",index="1"} 1
            beta{part="z",index="0"} 1

            """
        #expect(try text([first, second], buffers) == expected)
        #expect(try text([first, second], [buffers[0].reversed(), buffers[1].reversed()]) == expected)
    }

    @Test("Nothing to say is nothing at all")
    func nothing() throws {
        var catalogue = Catalogue()
        _ = catalogue.gauge("m", "Help.", source: "s")
        #expect(try text([], []).isEmpty)
        #expect(try text([catalogue], []).isEmpty)
        #expect(try text([catalogue], [[]]).isEmpty)
        #expect(try text([catalogue], [[SampleBuffer(part: "a"), SampleBuffer(part: "b")]]).isEmpty)
        #expect(try text([], [[SampleBuffer(part: "a")]]).isEmpty)
    }

    struct Twin: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let declare: @Sendable (inout Catalogue) -> Metric
    }

    /// Second declarations of `gauge("m_bytes", "Help.", labels: a)` that mean something else.
    static let strangers = [
        Twin(testDescription: "another kind") { $0.counter("m_bytes", "Help.", labels: LabelSchema("a"), source: "s") },
        Twin(testDescription: "another help") { $0.gauge("m_bytes", "Help!", labels: LabelSchema("a"), source: "s") },
        Twin(testDescription: "other labels") { $0.gauge("m_bytes", "Help.", labels: LabelSchema("b"), source: "s") },
        Twin(testDescription: "more labels") { $0.gauge("m_bytes", "Help.", labels: LabelSchema("a", "b"), source: "s") },
        Twin(testDescription: "another source") { $0.gauge("m_bytes", "Help.", labels: LabelSchema("a"), source: "t") },
        Twin(testDescription: "info") { $0.info("m_bytes", "Help.", labels: LabelSchema("a"), source: "s") },
    ]

    @Test("A name declared with two meanings is refused, in two catalogues and in one", arguments: strangers)
    func conflicts(_ twin: Twin) {
        var first = Catalogue()
        _ = first.gauge("m_bytes", "Help.", labels: LabelSchema("a"), source: "s")
        var second = Catalogue()
        _ = twin.declare(&second)
        var both = first
        _ = twin.declare(&both)
        for catalogues in [[first, second], [both]] {
            let error = #expect(throws: Failure.self) { try FamilyTable(catalogues) }
            #expect(error?.code == .configuration)
            #expect(error?.message == "metric m_bytes is declared twice with different meanings")
        }
    }

    @Test("A name declared twice with one meaning is one family")
    func twins() throws {
        var catalogue = Catalogue()
        let one = catalogue.gauge("m", "Help.", labels: LabelSchema("a"), source: "s")
        let other = catalogue.gauge("m", "Help.", labels: LabelSchema("a"), source: "s")
        var buffer = SampleBuffer(part: "")
        buffer.add(other, buffer.labels(LabelSchema("a"), "2"), 2)
        buffer.add(one, buffer.labels(LabelSchema("a"), "1"), 1)
        let table = try FamilyTable([catalogue, catalogue])
        #expect(table.descriptors.map(\.name) == ["m"])
        #expect(text(Exposition(table, [[buffer], []])) == "# HELP m Help.\n# TYPE m gauge\nm{a=\"1\"} 1\nm{a=\"2\"} 2\n")
    }
}
