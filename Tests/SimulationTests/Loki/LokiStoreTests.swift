import Primitives
import Testing
import Web

@testable import Simulation

@Suite struct LokiStoreTests {
    private static let job = #""job":"a""#
    private static let everything = [("start", "0"), ("direction", "forward"), ("limit", "5000")]

    private static func push(_ lines: [LokiTrial.Line]) throws -> LokiPush { try LokiPush(parsing: Array(LokiTrial.body(lines).utf8)) }

    // MARK: what is stored

    @Test func `lines are kept in the order of their times`() async throws {
        let trial = LokiTrial()
        for ago in [3.0, 1, 2, 0, 2.5] { #expect(await trial.push([.init(Self.job, ago, "\(ago)")]).status == 204) }
        #expect(try await trial.lines(#"{job="a"}"#, Self.everything) == ["3.0", "2.5", "2.0", "1.0"])
        // The end is not part of it: now is when the clock has gone on.
        trial.clock.now += 1
        #expect(try await trial.lines(#"{job="a"}"#, Self.everything).last == "0.0")
    }

    @Test func `the same line at the same time is one`() throws {
        let store = LokiTrial().store
        let line = LokiTrial.Line(Self.job, 1, "x")
        #expect(store.take(try Self.push([line, line, .init(Self.job, 1, "y"), .init(Self.job, 2, "x")])) == .stored)
        #expect(store.take(try Self.push([line, .init(#""job":"b""#, 1, "x")])) == .stored)
        #expect((store.counts.lines, store.counts.repeated, store.counts.pushes) == (4, 2, 2))
        #expect(store.streamCount == 2)
        // Other metadata make it another.
        #expect(store.take(try Self.push([.init(Self.job, 1, "x", #"{"pid":"1"}"#)])) == .stored)
        #expect(store.counts.lines == 5)
    }

    @Test func `labels in another order are the same stream`() throws {
        let store = LokiTrial().store
        for labels in [#""b":"1","a":"2""#, #""a":"2","b":"1""#] { #expect(store.take(try Self.push([.init(labels, 1, "x")])) == .stored) }
        #expect((store.streamCount, store.counts.lines, store.counts.repeated) == (1, 1, 1))
    }

    // MARK: what is not

    @Test(arguments: [
        (604_800.0, true), (604_801, false), (-600, true), (-601, false),
    ])
    func `a line is of the time that may be`(ago: Double, isStored: Bool) throws {
        let store = LokiTrial().store
        let verdict = store.take(try Self.push([.init(Self.job, ago, "x")]))
        #expect(verdict.status == (isStored ? 204 : 400))
        #expect(store.counts.lines == (isStored ? 1 : 0))
        #expect(store.counts.refused == (isStored ? [:] : [ago > 0 ? "greater_than_max_sample_age" : "too_far_in_future": 1]))
    }

    @Test func `a line may be an hour behind the newest of its stream`() throws {
        let store = LokiTrial().store
        #expect(store.take(try Self.push([.init(Self.job, 0, "new")])) == .stored)
        #expect(store.take(try Self.push([.init(Self.job, 3600, "just")])) == .stored)
        let push = try Self.push([.init(Self.job, 3601, "late")])
        let verdict = store.take(push)
        #expect(verdict.status == 400 && verdict.text.contains("entry too far behind"))
        #expect(verdict.text.hasSuffix(#"total ignored: 1 out of 1 for stream: {job="a"}"#))
        #expect(store.counts.refused == ["too_far_behind": 1])
        // Of another stream it is the newest.
        #expect(store.take(try Self.push([.init(#""job":"b""#, 3601, "late")])) == .stored)
    }

    @Test(arguments: [
        ("", "missing_labels"), (#""1a":"x""#, "invalid_labels"), (#""a-b":"x""#, "invalid_labels"), (#""":"x""#, "invalid_labels"),
        (#""a":"1","a":"2""#, "duplicate_label_names"), (#""lllllll":"x""#, "label_name_too_long"),
        (#""a":"1234567""#, "label_value_too_long"), (#""a":"","b":"","c":"","d":"""#, "max_label_names_per_series"),
    ])
    func `labels are names, few and short`(labels: String, reason: String) throws {
        let trial = LokiTrial { ($0.labels, $0.labelNameBytes, $0.labelValueBytes) = (3, 6, 6) }
        let verdict = trial.store.take(try Self.push([.init(labels, 1, "x"), .init(#""llllll":"123456""#, 1, "good")]))
        #expect(verdict.status == 400)
        #expect(trial.store.counts.refused == [reason: 1])
        // What is good of the same push is stored.
        #expect(trial.store.counts.lines == 1)
    }

    @Test func `a line and its metadata are short`() throws {
        let trial = LokiTrial { ($0.lineBytes, $0.metadataEntries, $0.metadataBytes) = (5, 2, 8) }
        let lines: [LokiTrial.Line] = [
            .init(Self.job, 1, "12345", #"{"a":"1","b":"234"}"#), .init(Self.job, 1, "123456"),
            .init(Self.job, 1, "x", #"{"a":"12345678"}"#),
            .init(Self.job, 1, "x", #"{"a":"1","b":"2","c":"3"}"#),
        ]
        #expect(trial.store.take(try Self.push(lines)).status == 400)
        #expect(trial.store.counts.lines == 1)
        #expect(
            trial.store.counts.refused == ["line_too_long": 1, "structured_metadata_too_large": 1, "structured_metadata_too_many": 1])
    }

    @Test func `of many faults ten are said`() throws {
        let verdict = LokiTrial().store.take(try Self.push((0..<50).map { .init(Self.job, 700_000 + Double($0), "x") }))
        #expect(verdict.text.split(separator: "\n").count == 10)
    }

    @Test func `there are so many streams and no more`() throws {
        let trial = LokiTrial { $0.streams = 2 }
        #expect(trial.store.take(try Self.push([.init(#""n":"0""#, 2, "x"), .init(#""n":"1""#, 2, "x")])) == .stored)
        let verdict = trial.store.take(try Self.push([.init(#""n":"2""#, 1, "x"), .init(#""n":"1""#, 1, "y")]))
        #expect(verdict.status == 429 && verdict.text.contains("maximum active stream limit exceeded"))
        // Streams that are there go on.
        #expect((trial.store.streamCount, trial.store.counts.lines) == (2, 3))
        #expect(trial.store.counts.refused == ["stream_limit": 1])
    }

    // MARK: how much

    @Test func `so many bytes a second are taken, and some at once`() throws {
        let trial = LokiTrial { ($0.bytesPerSecond, $0.burstBytes) = (10, 20) }
        func push(_ text: String) throws -> Int { trial.store.take(try Self.push([.init(Self.job, 1, text)])).status }
        #expect(try push("12345678901234567890") == 204)
        #expect(try push("x") == 429)
        trial.clock.now += 1
        // Ten more, of which the refused one took none.
        #expect(try push("1234567890a") == 429)
        #expect(try push("1234567890") == 204)
        #expect(trial.store.counts.refused == ["rate_limited": 2])
        trial.clock.now += 1000
        // No more is saved than may come at once.
        #expect(try push("123456789012345678901") == 429)
    }

    @Test func `and so many of one stream`() throws {
        let trial = LokiTrial { ($0.streamBytesPerSecond, $0.streamBurstBytes) = (5, 5) }
        let verdict = trial.store.take(try Self.push([.init(Self.job, 1, "12345"), .init(#""job":"b""#, 1, "12345")]))
        #expect(verdict == .stored)
        let second = trial.store.take(try Self.push([.init(Self.job, 1, "6"), .init(#""job":"c""#, 1, "6")]))
        #expect(second.status == 429 && second.text.contains("Per stream rate limit exceeded"))
        #expect(trial.store.counts.refused == ["per_stream_rate_limit": 1])
        #expect(trial.store.counts.lines == 3)
    }

    @Test func `of more than there is room for the oldest go`() async throws {
        let trial = LokiTrial { $0.keptBytes = 20_000 }
        // Of 1 KiB each, of a small stream and a large one.
        func line(_ job: String, _ number: Int) -> LokiTrial.Line {
            .init(#""job":"\#(job)""#, Double(1000 - number), "\(number) " + String(repeating: "x", count: 1000))
        }
        #expect(trial.store.take(try Self.push([line("small", 0), line("small", 1)])) == .stored)
        for number in 0..<100 {
            #expect(trial.store.take(try Self.push([line("large", number)])) == .stored)
            #expect(trial.store.bytes <= 20_000)
        }
        let left = try await trial.lines(#"{job="large"}"#, Self.everything).map { $0.prefix { $0 != " " } }
        #expect(left.last == "99" && left.first.flatMap { Int($0) } ?? 0 > 80)
        #expect(left.count > 10)
        #expect(trial.store.counts.forgotten == 100 - left.count)
        // Those of the small one stay.
        #expect(try await trial.lines(#"{job="small"}"#, Self.everything).count == 2)
        // A push that is larger than all of it leaves nothing, and no trap.
        let trial2 = LokiTrial { $0.keptBytes = 100 }
        #expect(trial2.store.take(try Self.push([line("one", 1), line("two", 2)])) == .stored)
        #expect(trial2.store.bytes <= 100 && trial2.store.streamCount == 0)
    }

    @Test func `what is dropped is gone, and its room too`() {
        var stream = LokiStream(labels: [], bucket: TokenBucket(full: 0, at: 0))
        for number in 0..<200 { _ = stream.insert(LokiPush.Entry(time: Int64(number), line: [UInt8](repeating: 0x61, count: 10))) }
        #expect(stream.count == 200)
        for number in 0..<150 {
            #expect(stream.oldest == Int64(number))
            let freed = stream.drop()
            #expect(freed == 106)
        }
        #expect((stream.count, stream.bytes) == (50, 50 * 106))
        #expect(stream.entries.count < 130)
        #expect(stream.between(0, 151).map(\.time) == [150])
        #expect(stream.between(198, 500).map(\.time) == [198, 199])
        #expect(stream.between(160, 160).isEmpty && stream.between(170, 160).isEmpty)
        // One that is older than what is left comes first.
        _ = stream.insert(LokiPush.Entry(time: 3, line: []))
        #expect(stream.oldest == 3 && stream.newest == 199)
        while stream.count > 0, stream.drop() > 0 {}
        let none = stream.drop()
        #expect(none == 0 && stream.count == 0 && stream.bytes == 0)
    }
}
