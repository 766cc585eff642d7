import CollectorConformance
import Testing

@Suite struct ExpositionTextTests {
    private static let head = "# HELP a_b What it is.\n# TYPE a_b gauge\n"

    @Test(
        arguments: [
            ("a_b 1", "a_b", 1), ("a_b{x=\"1\"} 2.5e+20", #"a_b{x="1"}"#, 2.5e20), ("a_b -0.5", "a_b", -0.5),
            (#"a_b{x="\\\"\n{},= #"} 7"#, #"a_b{x="\\\"\n{},= #"}"#, 7), ("a_b +Inf", "a_b", .infinity),
        ] as [(String, String, Double)])
    func `good lines are read`(line: String, series: String, value: Double) {
        let text = ExpositionText(Self.head + line + "\n")
        #expect(text.faults == [])
        #expect(text[series] == value)
    }

    @Test func `label values come back as they were`() {
        let text = ExpositionText(Self.head + #"a_b{x="\\\"\n",y="🦅"} 7"# + "\n")
        #expect(text.samples.first?.labels.map(\.name) == ["x", "y"])
        #expect(text.samples.first?.labels.map(\.value) == ["\\\"\n", "🦅"])
    }

    @Test(arguments: [
        "a_b", "a_b ", "a_b x", "a_b 1 ", "a_b 0x10", "a_b nan", "a_b inf", "a_b 1,5", "a_b{} 1", "a_b{x=\"1\"", "a_b{x=\"1\"}1",
        "a_b{x=1} 1",
        #"a_b{x="\t"} 1"#, "a_b{x=\"1\",} 1", "a_b{x=\"1\" y=\"2\"} 1", "a_b{x-y=\"1\"} 1", "{x=\"1\"} 1", "a-b 1", "a_c 1", "9a 1",
        "a_b 1\n\ra_b 2",
        "a_b 1\n# TYPE a_b gauge\na_b 2", "a_b 1\n# EOF", "# HELP a_b\n# TYPE a_b gauge\na_b 1", "# TYPE a_c gauge\na_c 1",
        "a_b 1\n# HELP a_c Words.\n# TYPE a_c histogram\na_c 1", "a_b 1\n# HELP a_c Words.\n# TYPE a_c gauge",
    ])
    func `bad text is a fault`(lines: String) {
        #expect(!ExpositionText(Self.head + lines + "\n").faults.isEmpty)
    }

    @Test func `a line without an end and a series that comes twice`() {
        #expect(!ExpositionText(Self.head + "a_b 1").faults.isEmpty)
        #expect(ExpositionText(Self.head + "a_b{x=\"1\"} 1\na_b{x=\"1\"} 2\n").duplicates == [#"a_b{x="1"}"#])
        #expect(ExpositionText("").faults == [])
    }
}
