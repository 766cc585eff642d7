import Exporting
import Metrics
import Testing

@Suite struct SampleSinkTests {
    private static func buffer(_ sink: SampleSink, _ part: String, samples: Int = 1) -> SampleBuffer {
        var catalogue = Catalogue()
        let metric = catalogue.gauge("a_value", "A value.", source: "test")
        var buffer = sink.begin(part)
        for number in 0..<samples { buffer.add(metric, .empty, Double(number)) }
        return buffer
    }

    @Test func `parts are committed whole`() {
        let sink = SampleSink()
        let (one, _) = (Self.buffer(sink, "one", samples: 3), Self.buffer(sink, "two"))
        #expect(sink.contents.pending == ["one", "two"])
        sink.commit(one)
        #expect(sink.contents.committed.map(\.count) == [3])
        #expect(sink.contents.pending == ["two"])
    }

    @Test func `a closed sink takes nothing`() {
        let sink = SampleSink()
        let (early, late) = (Self.buffer(sink, "early"), Self.buffer(sink, "late"))
        sink.commit(early)
        sink.close()
        sink.commit(late)
        sink.report(PartProblem(part: "late", .failed, "too late"))
        sink.commit(Self.buffer(sink, "later"))
        _ = sink.begin("early")
        #expect(sink.contents.committed.map(\.part) == ["early"])
        #expect(sink.contents.pending == ["late"])
        #expect(sink.contents.problems.isEmpty)
    }

    @Test func `a part has one buffer`() {
        let sink = SampleSink()
        let (first, second) = (Self.buffer(sink, "one", samples: 1), Self.buffer(sink, "one", samples: 2))
        #expect(sink.contents.problems.map(\.reason) == [.duplicate])
        sink.commit(first)
        sink.commit(second)
        sink.commit(SampleBuffer(part: "never begun"))
        #expect(sink.contents.committed.map(\.count) == [1])
        #expect(sink.contents.pending.isEmpty)
    }

    @Test func `parts of many tasks come together`() async {
        let sink = SampleSink()
        await withDiscardingTaskGroup { group in
            for number in 0..<100 { group.addTask { sink.commit(Self.buffer(sink, "\(number)")) } }
        }
        #expect(Set(sink.contents.committed.map(\.part)).count == 100)
    }
}
