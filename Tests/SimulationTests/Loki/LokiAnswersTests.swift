import Testing
import Web

@testable import Simulation

@Suite struct LokiAnswersTests {
    /// Two streams, whose lines come by turns.
    private static func trial() async -> LokiTrial {
        let trial = LokiTrial()
        let lines = (1...10).map { number in
            LokiTrial.Line(#""job":"\#(number % 2 == 0 ? "even" : "odd")","node":"pve1""#, Double(number), "line \(number)")
        }
        #expect(await trial.push(lines).status == 204)
        return trial
    }

    private static let all = #"{job=~".+"}"#
    private static func texts(_ numbers: [Int]) -> [String] { numbers.map { "line \($0)" } }

    @Test func `lines come in the order that is asked for`() async throws {
        let trial = await Self.trial()
        #expect(try await trial.lines(#"{job="odd"}"#) == Self.texts([1, 3, 5, 7, 9]))
        #expect(try await trial.lines(#"{job="odd"}"#, [("direction", "forward")]) == Self.texts([9, 7, 5, 3, 1]))
    }

    @Test func `a limit leaves the newest, or forward the oldest, of all streams together`() async throws {
        let trial = await Self.trial()
        #expect(try await Set(trial.lines(Self.all, [("limit", "3")])) == Set(Self.texts([1, 2, 3])))
        #expect(try await Set(trial.lines(Self.all, [("limit", "3"), ("direction", "forward")])) == Set(Self.texts([8, 9, 10])))
        // Lines that are left out do not count.
        #expect(try await trial.lines(Self.all + "|~`[789]`", [("limit", "2"), ("direction", "forward")]).sorted() == Self.texts([8, 9]))
    }

    @Test func `the start is part of it and the end is not`() async throws {
        let trial = await Self.trial()
        let span = [("start", String(LokiTrial.time(5))), ("end", String(LokiTrial.time(3)))]
        #expect(try await trial.lines(Self.all, span).sorted() == Self.texts([4, 5]))
        let moment = [("start", String(LokiTrial.time(5))), ("end", String(LokiTrial.time(5)))]
        #expect(try await trial.lines(Self.all, moment).isEmpty)
    }

    @Test func `structured metadata is shown among the labels`() async throws {
        let trial = LokiTrial()
        _ = await trial.push([
            .init(#""job":"a""#, 1, "one", #"{"pid":"7"}"#), .init(#""job":"a""#, 2, "two"), .init(#""job":"a""#, 3, "three"),
        ])
        let result = try Tree(bytes(await trial.get("/loki/api/v1/query_range", [("query", Self.all)])))["data"]?["result"]
        let streams = try #require(result).elements
        #expect(streams.map { $0["stream"]?.keys } == [["job", "pid"], ["job"]])
        #expect(streams.map { $0["values"]?.elements.count } == [1, 2])
        #expect(streams.first?["values"]?.elements.first?.elements.map(\.string) == [String(LokiTrial.time(1)), "one"])
        // Nobody chooses streams by it.
        #expect(try await trial.lines(#"{job="a",pid="7"}"#).isEmpty)
        #expect(try await trial.names("labels") == ["job"])
    }

    @Test func `names and values are those of the time and the streams that are asked for`() async throws {
        let trial = await Self.trial()
        #expect(try await trial.names("labels") == ["job", "node"])
        #expect(try await trial.names("label/job/values") == ["even", "odd"])
        #expect(try await trial.names("label/none/values").isEmpty)
        #expect(try await trial.names("label/job/values", [("query", #"{job!="odd",node="pve1"}"#)]) == ["even"])
        // Of several selectors one is enough.
        let either = [("match[]", #"{job="odd"}"#), ("match[]", #"{job="even"}"#)]
        #expect(try await trial.names("label/job/values", either) == ["even", "odd"])
        let early = [("start", String(LokiTrial.time(1.5))), ("end", String(LokiTrial.time(0)))]
        #expect(try await trial.names("label/job/values", early) == ["odd"])
    }

    @Test func `series and their size`() async throws {
        let trial = await Self.trial()
        let series = try Tree(bytes(await trial.get("/loki/api/v1/series", [("match[]", #"{job="odd"}"#)])))
        #expect(series["data"]?.elements.map { $0["job"]?.string } == ["odd"])
        let size = try Tree(bytes(await trial.get("/loki/api/v1/index/stats", [("query", Self.all)])))
        #expect((size["streams"]?.integer, size["entries"]?.integer) == (2, 10))
        #expect(size["bytes"]?.integer == Self.texts(Array(1...10)).reduce(0) { $0 + $1.utf8.count })
    }

    @Test func `whether there is a Loki is asked with a number`() async throws {
        let answer = try Tree(bytes(await LokiTrial().get("/loki/api/v1/query", [("query", "vector(1)+vector(1)")])))
        #expect(answer["data"]?["result"]?.elements.first?["value"]?.elements.last?.string == "2")
    }
}
