import Testing

@testable import Logs

@Suite struct PushBodyTests {
    @Test func linesAreEscapedForJSON() {
        let stream = StreamTable(labels: [], limit: 10).stream(StreamTable.Key(job: "a"))
        let entry = LogEntry(
            stream: stream, time: 5, line: Array("\"q\" \\ \n\t\r\u{1}ä".utf8), metadata: Array(#"{"pid":"1"}"#.utf8),
            place: .journal(JournalPlace(cursor: "", microseconds: 0)))
        let json = String(decoding: PushBody.json([entry, entry][...], hasMetadata: true), as: UTF8.self)
        let value = #"["5","\"q\" \\ \n\t\r\u0001ä",{"pid":"1"}]"#
        #expect(json == #"{"streams":[{"stream":{"job":"a"},"values":["# + value + "," + value + "]}]}")
        let plain = String(decoding: PushBody.json([entry][...], hasMetadata: false), as: UTF8.self)
        #expect(!plain.contains("pid"))
    }
}
