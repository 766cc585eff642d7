import Primitives
import Testing
import Web

@testable import Simulation

@Suite struct LokiQuestionTests {
    private static let now = Double(LokiTrial.now)
    private static let second: Int64 = 1_000_000_000

    private static func question(_ query: [(String, String)]) throws(Failure) -> LokiQuestion {
        let request = HTTPServerRequest(method: "GET", path: "/", query: query.map { (name: $0.0, value: $0.1) })
        return try LokiQuestion(request, limits: LokiLimits(), now: now)
    }

    @Test(arguments: [
        // Seconds have up to ten digits.
        ("1795320000", 1_795_320_000 * second), ("0", 0), ("-5", -5 * second), ("1795320000.25", 1_795_320_000 * second + 250_000_000),
        ("1795320000000000001", 1_795_320_000_000_000_001), ("12345678901", 12_345_678_901),
        ("2026-11-22T04:00:00Z", 1_795_320_000 * second), ("2026-11-22T04:00:00.5Z", 1_795_320_000 * second + 500_000_000),
        ("2026-11-22T04:00:00.000000001Z", 1_795_320_000 * second + 1),
    ])
    func `a time is read`(text: String, nanoseconds: Int64) throws {
        #expect(try LokiQuestion.time(text, "start") == nanoseconds)
    }

    @Test(arguments: [
        "now", "", ".", "1.2.3", "1e3", "1 2", "9999999999", "9999999999.5", "99999999999999999999", "2026-11-22", "2026-13-22T04:00:00Z",
        "2026-11-22 04:00:00Z", "2026-11-22T04:00:00.Z", "2026-11-22T04:00:00xyzZ", "9999-12-31T23:59:59Z",
        "2026-11-22T04:00:00.1234567890Z",
    ])
    func `what is no time is told`(text: String) {
        #expect((try? LokiQuestion.time(text, "start")) == nil)
    }

    @Test func `an hour until now is asked for where nothing is said`() throws {
        let question = try Self.question([])
        #expect(question.end == Int64(LokiTrial.now) * Self.second)
        #expect(question.start == question.end - 3600 * Self.second)
        #expect(question.limit == 100 && !question.isForward)
        let moment = try Self.question([("time", "1000")])
        #expect(moment.end == 1000 * Self.second && moment.start == -2600 * Self.second)
        // As far back as there are times.
        let first = try Self.question([("end", "-9223372036854775808")])
        #expect(first.start == .min && first.end == .min)
    }

    @Test func `a span that is turned around is none`() throws {
        #expect((try? Self.question([("start", "2000"), ("end", "1999")])) == nil)
        #expect((try? Self.question([("start", "1795320001")])) == nil)
        #expect(try Self.question([("start", "2000"), ("end", "2000")]).start == 2000 * Self.second)
    }

    @Test(arguments: ["0", "-1", "x", "1.5", "5001", "99999999999999999999"]) func `a limit is a number that may be`(text: String) {
        #expect((try? Self.question([("limit", text)])) == nil)
    }

    @Test func `direction and limit are read`() throws {
        #expect(try Self.question([("direction", "FORWARD")]).isForward)
        #expect(try !Self.question([("direction", "backward")]).isForward)
        #expect((try? Self.question([("direction", "sideways")])) == nil)
        #expect(try Self.question([("limit", "5000")]).limit == 5000)
        #expect(try Self.question([("match[]", "a"), ("match", "b"), ("query", "")]).selectors == ["a", "b"])
        #expect(try Self.question([("query", "")]).query == nil)
    }

    @Test func `a form is read behind the query of the URL`() throws {
        let request = HTTPServerRequest(
            method: "POST", path: "/", query: [(name: "limit", value: "7")], body: Array("limit=9&query=%7Bjob%3D%22a+b%22%7D".utf8))
        let question = try LokiQuestion(request, limits: LokiLimits(), now: Self.now)
        #expect(question.limit == 7)
        #expect(question.query == #"{job="a b"}"#)
    }
}
