import Metrics
import Testing

@Suite struct StateSetTests {
    private static let base = LabelSchema("node")
    private static let states = StateSet(base.adding("state"), ["good", "bad"])

    private func samples(_ add: (inout SampleBuffer, Metric, LabelSet) -> Void) throws -> [Substring] {
        var catalogue = Catalogue()
        let metric = catalogue.gauge("m", "Help.", labels: Self.base.adding("state"), source: "test")
        var buffer = SampleBuffer(part: "")
        add(&buffer, metric, buffer.labels(Self.base, "a"))
        return MetricsTests.samples(try text([catalogue], [[buffer]]))
    }

    @Test(arguments: ["good", "bad"])
    func `the present state is 1, the others are 0`(_ present: String) throws {
        let expected: [Substring] = ["good", "bad"].map { #"m{node="a",state="\#($0)"} \#($0 == present ? 1 : 0)"# }
        #expect(try samples { $0.add($1, extending: $2, Self.states, present) } == expected)
        #expect(try samples { $0.add($1, extending: $2, known: Self.states, present) } == expected)
    }

    @Test func `a state that nobody knew is one more series where that may be`() throws {
        let known: [Substring] = [#"m{node="a",state="good"} 0"#, #"m{node="a",state="bad"} 0"#]
        #expect(try samples { $0.add($1, extending: $2, known: Self.states, "new\"") } == known)
        #expect(try samples { $0.add($1, extending: $2, Self.states, "new\"") } == known + [#"m{node="a",state="new\""} 1"#])
    }

    @Test func `without a state nothing is said, or of each that it is not that`() throws {
        #expect(try samples { $0.add($1, extending: $2, Self.states, nil) }.isEmpty)
        #expect(try samples { $0.add($1, extending: $2, known: Self.states, nil) }.count == 2)
    }
}
