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

    private static func limits(samples: Int = 1000, parts: Int = 10) -> SampleSink.Limits {
        var limits = SampleSink.Limits(series: 0)
        limits.room = .init(samples: samples, labelBytes: 1 << 20)
        limits.parts = parts
        return limits
    }

    @Test func `a part that is too large is dropped whole and said to be, and the others stay`() {
        let sink = SampleSink(Self.limits())
        sink.commit(Self.buffer(sink, "before", samples: 100))
        sink.commit(Self.buffer(sink, "hostile", samples: 5_000_000))
        sink.commit(Self.buffer(sink, "after", samples: 400))
        #expect(sink.contents.committed.map(\.part) == ["before", "after"])
        #expect(
            sink.contents.problems == [
                PartProblem(
                    part: "hostile", .tooLarge, "more than 500 samples or 524288 bytes of labels, or no room left beside other parts")
            ])
        #expect(sink.contents.pending.isEmpty)
    }

    @Test func `all parts together have a limit`() {
        let sink = SampleSink(Self.limits(parts: 100))
        for number in 0..<50 { sink.commit(Self.buffer(sink, "\(number)", samples: 100)) }
        #expect(sink.contents.committed.map(\.part) == (0..<10).map(String.init))
        #expect(sink.contents.problems.map(\.part) == (10..<50).map(String.init))
        #expect(Set(sink.contents.problems.map(\.reason)) == [.tooLarge])
    }

    @Test func `there are only so many parts and problems, and that is said once`() {
        let sink = SampleSink(Self.limits())
        for number in 0..<1000 { sink.commit(Self.buffer(sink, "\(number)")) }
        let complaint = PartProblem(part: "", .tooLarge, "more than 10 parts or problems, or 4194304 bytes of their names")
        #expect(sink.contents.committed.count == 10)
        #expect(sink.contents.problems == [complaint])
        for number in 0..<1000 { sink.report(PartProblem(part: "\(number)", .failed, "broken")) }
        #expect(sink.contents.problems.count == 10 && sink.contents.problems.filter { $0 == complaint }.count == 1)
        #expect(sink.contents.pending.isEmpty)
    }

    @Test func `names of parts are only so long, all together`() {
        let sink = SampleSink()
        let name = String(repeating: "n", count: 1 << 20)
        for number in 0..<10 { sink.commit(Self.buffer(sink, name + "\(number)")) }
        sink.report(PartProblem(part: name, .failed, "broken"))
        sink.report(PartProblem(part: "short", .failed, "broken"))
        #expect(sink.contents.committed.count == 3 && sink.contents.pending.isEmpty)
        #expect(sink.contents.problems.map(\.part) == ["", "short"])
    }

    @Test(arguments: [0, 1_000_000, 10_000_000, .max])
    func `limits follow from the series of the exposition`(series: Int) {
        let limits = SampleSink.Limits(series: series)
        #expect(limits.room.samples >= 2 * min(series, 1 << 32) && limits.room.samples >= 2_000_000)
        #expect(limits.room.labelBytes == 64 * limits.room.samples)
    }

    @Test func `parts of many tasks come together`() async {
        let sink = SampleSink()
        await withDiscardingTaskGroup { group in
            for number in 0..<100 { group.addTask { sink.commit(Self.buffer(sink, "\(number)")) } }
        }
        #expect(Set(sink.contents.committed.map(\.part)).count == 100)
    }

    @Test func `one of several that share a sink leaves room for the others`() {
        let sink = SampleSink(Self.limits(samples: 4000))
        let (hostile, other) = (sink.share(), sink.share())
        for part in 0..<4 { hostile.commit(Self.buffer(hostile, "hostile/\(part)", samples: 1000)) }
        for part in 0..<4 { other.commit(Self.buffer(other, "other/\(part)", samples: 500)) }
        #expect(sink.contents.committed.count { $0.part.hasPrefix("hostile/") } == 2)
        #expect(sink.contents.committed.count { $0.part.hasPrefix("other/") } == 4)
        #expect(sink.contents.problems.map(\.reason) == [.tooLarge, .tooLarge] && sink.contents.pending.isEmpty)
    }

    @Test func `a share has half of all parts, of problems, and of the bytes of names`() {
        let sink = SampleSink(Self.limits(parts: 10))
        let (hostile, other) = (sink.share(), sink.share())
        for part in 0..<100 {
            hostile.commit(Self.buffer(hostile, "hostile/\(part)"))
            hostile.report(PartProblem(part: "hostile", .failed, "no \(part)"))
        }
        other.commit(Self.buffer(other, "other"))
        other.report(PartProblem(part: "other", .failed, "no"))
        let contents = sink.contents
        #expect(contents.committed.count { $0.part.hasPrefix("hostile") } == 5)
        #expect(contents.committed.contains { $0.part == "other" })
        #expect(contents.problems.count { $0.part == "hostile" } == 5 && contents.problems.contains { $0.part == "other" })
        #expect(contents.problems.count { $0.part.isEmpty } == 1)
        sink.close()
        other.report(PartProblem(part: "other", .failed, "too late"))
        #expect(sink.contents.problems.count == contents.problems.count)
    }
}
