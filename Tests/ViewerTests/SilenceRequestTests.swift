import Testing

@testable import Viewer

@Suite struct SilenceRequestTests {
    /// 2030-01-31T08:00:00Z
    private static let now = 1_896_076_800.0
    private static let good =
        #"{"matchers":[{"name":"alertname","value":"HostDown","isRegex":false}],"startsAt":"2030-01-31T08:00:00.000Z","endsAt":"2030-01-31T10:00:00Z","comment":"new disk"}"#

    private static func read(_ text: String) throws(Refusal) -> SilenceRequest { try SilenceRequest(parsing: Array(text.utf8), now: now) }

    @Test func `it is written anew with who asks`() throws {
        let silence = try Self.read(Self.good.replacing(#""comment""#, with: #""createdBy":"root","comment""#))
        #expect(
            String(decoding: silence.json(createdBy: "ada"), as: UTF8.self)
                == #"{"matchers":[{"name":"alertname","value":"HostDown","isRegex":false,"isEqual":true}],"startsAt":"2030-01-31T08:00:00.000Z","endsAt":"2030-01-31T10:00:00.000Z","createdBy":"ada","comment":"new disk"}"#
        )
    }

    @Test(arguments: [
        ("\"endsAt\":\"2030-01-31T10:00:00Z\"", "\"endsAt\":\"2030-01-31T07:00:00Z\""),
        ("\"endsAt\":\"2030-01-31T10:00:00Z\"", "\"endsAt\":\"2032-01-31T07:00:00Z\""),
        ("\"endsAt\":\"2030-01-31T10:00:00Z\"", "\"endsAt\":\"tomorrow\""),
        ("\"endsAt\":\"2030-01-31T10:00:00Z\"", "\"endsAt\":1896084000"),
        ("\"endsAt\":\"2030-01-31T10:00:00Z\",", ""), ("new disk", " "), ("new disk", "a\\u0000b"), ("\"new disk\"", "5"),
        ("alertname", "alert name"), ("alertname", ""), ("\"HostDown\"", "5"), ("\"HostDown\"", "null"),
        ("\"isRegex\":false", "\"isRegex\":\"no\""),
        ("\"isRegex\":false", "\"isRegex\":false,\"more\":1"), ("\"comment\"", "\"id\":\"x\",\"comment\""),
        ("\"comment\"", "\"comment\":\"a\",\"comment\""), ("{\"name\":\"alertname\",\"value\":\"HostDown\",\"isRegex\":false}", ""),
        ("\"startsAt\":\"2030-01-31T08:00:00.000Z\"", "\"startsAt\":\"2020-01-31T08:00:00.000Z\""), ("}", ""),
    ])
    func `what is not a silence is refused`(_ change: (String, String)) {
        #expect((try? Self.read(Self.good)) != nil)
        #expect((try? Self.read(Self.good.replacing(change.0, with: change.1))) == nil)
    }

    @Test func `it has bounds`() {
        let matcher = #"{"name":"alertname","value":"HostDown","isRegex":false}"#
        let many = Array(repeating: matcher, count: 33).joined(separator: ",")
        #expect((try? Self.read(Self.good.replacing(matcher, with: many))) == nil)
        #expect((try? Self.read(Self.good.replacing("new disk", with: String(repeating: "x", count: 4097)))) == nil)
    }

    @Test func `names of silences are UUIDs`() {
        #expect(SilenceRequest.isID("5b0c2f5e-4b1f-4a5e-9f4e-7a9b8c1d2e3f"))
        for text in [
            "", "..", "5b0c2f5e-4b1f-4a5e-9f4e-7a9b8c1d2e3g", "5b0c2f5e-4b1f-4a5e-9f4e-7a9b8c1d2e3f/..", "5b0c2f5e4b1f4a5e9f4e7a9b8c1d2e3f",
        ] {
            #expect(!SilenceRequest.isID(text))
        }
    }
}
