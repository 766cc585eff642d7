import Testing

@testable import Metrics

@Suite("Budget of samples and labels")
struct SampleBudgetTests {
    private static let schema = LabelSchema("a")

    private static func catalogue() -> (Catalogue, Metric) {
        var catalogue = Catalogue()
        let metric = catalogue.gauge("m", "M.", labels: schema, source: "s")
        return (catalogue, metric)
    }

    private static func buffer(_ samples: Int, _ budget: SampleBudget?) -> SampleBuffer {
        let (_, metric) = catalogue()
        var buffer = SampleBuffer(part: "p", reservingSamples: samples, budget: budget)
        let set = buffer.labels(schema, "x")
        for number in 0..<samples { buffer.add(metric, set, Double(number)) }
        return buffer
    }

    @Test("A part may have half of all samples, and not one more", arguments: [(500, false), (501, true), (100_000, true)])
    func samples(_ count: Int, _ isOverfull: Bool) {
        let buffer = Self.buffer(count, SampleBudget(.init(samples: 1000, labelBytes: 1 << 20)))
        #expect(buffer.isOverfull == isOverfull)
        #expect(buffer.count == min(count, 500))
    }

    @Test("Parts share what there is, and what one gives back is there for the next")
    func sharing() {
        let budget = SampleBudget(.init(samples: 1000, labelBytes: 1 << 20))
        var first = Self.buffer(300, budget)
        var second = Self.buffer(500, budget)
        #expect(!first.isOverfull && !second.isOverfull)
        first.settle()
        second.settle()
        #expect(!Self.buffer(200, budget).isOverfull)
        // The one before holds the last.
        #expect(Self.buffer(1, budget).isOverfull)
    }

    @Test("A part that is dropped gives all back")
    func refund() {
        let budget = SampleBudget(.init(samples: 1000, labelBytes: 1 << 20))
        for _ in 0..<10 {
            var hostile = Self.buffer(2000, budget)
            #expect(hostile.isOverfull)
            hostile.settle()
            hostile.settle()
        }
        #expect(!Self.buffer(500, budget).isOverfull && !Self.buffer(500, budget).isOverfull)
        #expect(Self.buffer(1, budget).isOverfull)
    }

    /// Ways in which labels grow: anew, from another set, by a tail.
    private static let growths: [@Sendable (inout SampleBuffer, LabelSet, String) -> LabelSet] = [
        { buffer, _, text in buffer.labels(schema, text) }, { buffer, base, text in buffer.labels(schema, extending: base, text) },
        { buffer, base, text in buffer.labels(extending: base, by: LabelTail(schema, text)) },
    ]

    @Test("A long name is not written over and over", arguments: growths.indices)
    func labelBytes(_ growth: Int) {
        var buffer = SampleBuffer(part: "p", budget: SampleBudget(.init(samples: 1000, labelBytes: 1 << 20)))
        var set = LabelSet.empty
        for _ in 0..<1000 { set = Self.growths[growth](&buffer, set, String(repeating: "n", count: 5000)) }
        #expect(buffer.isOverfull && set == .empty)
        #expect(buffer.labelBytes.count > 1 << 18 && buffer.labelBytes.count <= 1 << 19)
    }

    @Test("A letter that is escaped counts twice, at the latest with the next set")
    func escapes() {
        var buffer = SampleBuffer(part: "p", budget: SampleBudget(.init(samples: 1000, labelBytes: 1 << 20)))
        for _ in 0..<1000 { _ = buffer.labels(Self.schema, String(repeating: "\"", count: 5000)) }
        #expect(buffer.isOverfull && buffer.labelBytes.count <= 1 << 19)
    }

    @Test("Many small sets count by more than their text")
    func smallSets() {
        var buffer = SampleBuffer(part: "p", budget: SampleBudget(.init(samples: 1000, labelBytes: 1 << 20)))
        for _ in 0..<100_000 { _ = buffer.labels(Self.schema, "") }
        #expect(buffer.isOverfull && buffer.labelEnds.count < 30_000)
    }

    @Test("A histogram takes the room of its series")
    func distributions() {
        let (_, metric) = Self.catalogue()
        var buffer = SampleBuffer(part: "p", budget: SampleBudget(.init(samples: 1000, labelBytes: 1 << 20)))
        for _ in 0..<100 { buffer.add(metric, .empty, Distribution(bounds: (0..<97).map(Double.init))) }
        #expect(buffer.isOverfull && buffer.distributions.count == 5)
    }

    @Test("Nothing of a part that is too large is shown")
    func exposition() throws {
        let (catalogue, _) = Self.catalogue()
        let budget = SampleBudget(.init(samples: 1000, labelBytes: 1 << 20))
        let table = try FamilyTable([catalogue])
        #expect(Exposition(table, [[Self.buffer(501, budget)]]).sampleCount == 0)
        #expect(Exposition(table, [[Self.buffer(1, nil)]]).sampleCount == 1)
    }

    @Test("A reservation is no more than what there may be", arguments: [-1, 0, 1 << 20, .max])
    func reservation(_ capacity: Int) {
        let budget = SampleBudget(.init(samples: 1000, labelBytes: 1 << 20))
        let buffer = SampleBuffer(part: "p", reservingSamples: capacity, budget: budget)
        #expect(buffer.samples.capacity < 2000)
    }

    @Test("Without a budget a buffer takes what comes")
    func noBudget() {
        var buffer = Self.buffer(100_000, nil)
        buffer.settle()
        #expect(buffer.count == 100_000 && !buffer.isOverfull)
    }

    @Test("A metric past what a sample can name belongs to no family", arguments: [65_535, 65_536, 65_537, .max])
    func farMetric(_ index: Int) throws {
        let (catalogue, _) = Self.catalogue()
        var buffer = SampleBuffer(part: "")
        buffer.add(Metric(index: index), .empty, 1)
        #expect(Exposition(try FamilyTable([catalogue]), [[buffer]]).sampleCount == 0)
    }
}
