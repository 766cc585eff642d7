import Testing

@testable import Logs

@Suite struct JournalEntryTests {
    private static let head = #""__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1795388470888325""#

    private static func entry(_ fields: String) -> JournalEntry? { JournalEntry(line: Array("{\(head),\(fields)}".utf8)) }

    private static func message(_ json: String) -> String? {
        entry("\"MESSAGE\":\(json)")?.message.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func aMessageIsTextBytesOrBoth() {
        #expect(Self.message(#""a\nb""#) == "a\nb")
        #expect(Self.message("[98,105,110,32,255]") == "bin \u{FFFD}")
        #expect(Self.message(#"["one","two"]"#) == "one\ntwo")
        #expect(Self.message("[[97,255],\"b\"]") == "a\u{FFFD}\nb")
        #expect(Self.message("null") == nil)
        #expect(Self.message("[]") == "")
    }

    @Test func fieldsAreRead() throws {
        let entry = try #require(
            Self.entry(#""MESSAGE":"x","PRIORITY":"3","_SYSTEMD_UNIT":"ssh.service","SYSLOG_IDENTIFIER":"sshd","_PID":"7","TRACE_ID":"t""#))
        #expect(entry.place == JournalPlace(cursor: "s=1;i=2", microseconds: 1_795_388_470_888_325))
        #expect((entry.level, entry.unit, entry.identifier, entry.pid, entry.traceID) == (.error, "ssh.service", "sshd", "7", "t"))
    }

    @Test func whatSystemdSaysOfAUnitIsTheUnits() {
        #expect(Self.entry(#""_SYSTEMD_UNIT":"init.scope","UNIT":"nginx.service""#)?.unit == "nginx.service")
        // Anybody may write UNIT.
        #expect(Self.entry(#""_SYSTEMD_UNIT":"evil.service","UNIT":"nginx.service""#)?.unit == "evil.service")
        #expect(Self.entry(#""_SYSTEMD_UNIT":"user@1000.service","_SYSTEMD_USER_UNIT":"app.service""#)?.unit == "app.service")
    }

    @Test func aContainerIsOnlyWhatAnEngineOfRootCallsOne() {
        #expect(Self.entry(#""CONTAINER_NAME":"web","_UID":"0","_COMM":"dockerd""#)?.container == "web")
        #expect(Self.entry(#""CONTAINER_NAME":"web","_UID":"1000","_COMM":"dockerd""#)?.container == "")
        #expect(Self.entry(#""CONTAINER_NAME":"web","_UID":"0","_COMM":"logger""#)?.container == "")
        #expect(Self.entry(#""CONTAINER_NAME":"web""#)?.container == "")
    }

    @Test(arguments: [
        "", "{", "[]", "-- Reboot --", #"{"MESSAGE":"x"}"#, #"{"__CURSOR":"c"}"#, #"{"__CURSOR":"c","__REALTIME_TIMESTAMP":"-1"}"#,
        #"{"__CURSOR":"c","__REALTIME_TIMESTAMP":"9223372036854775807"}"#,
    ])
    func whatIsNoEntryIsNone(line: String) {
        #expect(JournalEntry(line: Array(line.utf8)) == nil)
    }

    @Test func ownLinesAndThoseOfContainersAreLeftOut() {
        let streams = StreamTable(labels: [], limit: 10)
        var reading = JournalReading(streams: streams, lineBytes: 100, ownPID: 7, leavesContainers: true)
        func line(_ fields: String) -> [UInt8] { Array("{\(Self.head),\"MESSAGE\":\"x\",\(fields)}".utf8) }
        #expect(reading.entry(line(#""_PID":"7""#)) == nil)
        // Whoever says so himself hides nothing by it.
        #expect(reading.entry(line(#""SYSLOG_PID":"7""#)) != nil)
        #expect(reading.entry(line(#""CONTAINER_NAME":"web","_UID":"0","_COMM":"conmon""#)) == nil)
        let counts = reading.takeCounts()
        #expect(counts.skipped == ["own": 1, "container": 1])
        #expect(counts.lines == 3)
        #expect(reading.place?.cursor == "s=1;i=2")
    }

    @Test(arguments: 1...7) func linesAreCutWhereverThePipeDoes(size: Int) {
        var reader = LineReader(limit: 10)
        var lines: [String] = []
        let bytes = Array("one\ntwo\n\nthis one is too long\nfour\nfi".utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes {
                reader.take($0) { lines.append(String(decoding: $0, as: UTF8.self)) }
            }
        }
        #expect(lines == ["one", "two", "four"])
        #expect(reader.endless == 1)
    }

    @Test func journalctlIsAskedForWhatTheSettingsSay() {
        var settings = JournalSettings()
        #expect(JournalCommand.arguments(settings, from: .since(5)).suffix(1) == ["--since=@5"])
        settings.namespace = "web"
        settings.units = ["ssh.service"]
        settings.priority = .warning
        let words = JournalCommand.arguments(settings, from: .cursor("s=1;i=2"))
        #expect(words.suffix(4) == ["--namespace=web", "--priority=4", "--unit=ssh.service", "--cursor=s=1;i=2"])
        #expect(words.contains("--no-tail") && words.contains("--all"))
    }
}
