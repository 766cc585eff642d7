import Synchronization
import Testing

@testable import Logs

@Suite struct NamesTests {
    /// The same as of the rules in alloy/config.alloy, which test_compose.py carries out.
    @Test(arguments: [
        ("pveproxy.service", "pveproxy.service"), ("ssh.socket", "ssh.socket"), ("init.scope", "init.scope"),
        ("deadbeef.service", "deadbeef.service"), ("user@1000.service", "user@.service"),
        ("systemd-coredump@3-4711-0.service", "systemd-coredump@.service"),
        ("sshd@7-192.0.2.1:22-192.0.2.9:50514.service", "sshd@.service"), ("session-123.scope", "scope"),
        ("docker-0f1e2d3c4b5a.scope", "scope"), ("run-r4f2e9c.scope", "scope"), ("run-u17.service", "transient"),
        ("dbus-:1.3-org.freedesktop.problems@0.service", "transient"), ("0123456789abcdef0123.service", "transient"),
        ("user-1000.slice", "slice"), ("mnt-pve-nas.mount", "mount"), ("", ""),
    ])
    func aUnitThatIsNewEachTimeMakesNoStreamOfItsOwn(unit: String, label: String) {
        #expect(UnitName.label(unit) == label)
    }

    @Test(arguments: [
        ("time=2026 level=warn msg=x", Level.warning), (#"{"ts":1,"level":"ERROR","msg":"x"}"#, .error), (#"{"severity": "info"}"#, .info),
        ("INFO 11-22 23:01:38 [engine.py:1] x", .info), ("2026-11-22 23:01:38 [WARNING] x", .warning), ("error: no such file", .error),
        ("FATAL it is over", .crit), ("lvl=dbug x", .debug), ("<br> TRACE", .debug),
    ])
    func aLineSaysHowGraveItIs(line: String, level: Level) {
        #expect(Level(ofLine: Array(line.utf8)) == level)
    }

    @Test(arguments: [
        "an error in the middle of a sentence", "", "GET / 200", "errors=0 mylevel=warn", #"{"msg":"level high"}"#, "Infoblox starts",
        "one two three four WARNING",
    ])
    func aLineThatDoesNotSayIsNotGuessed(line: String) {
        #expect(Level(ofLine: Array(line.utf8)) == nil)
    }

    @Test(arguments: [
        "msg=x trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=1", #"{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
        "traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", #"{"traceId" : "4bf92f3577b34da6a3ce929d0e0e4736"}"#,
        "traceID=4bf92f3577b34da6a3ce929d0e0e4736",
    ])
    func theTraceOfALineIsFound(line: String) {
        // Between a name and its colon JSON may have a space, which few write; those are not found.
        let found = TraceID.find(in: Array(line.utf8)).map { String(decoding: $0, as: UTF8.self) }
        #expect(found == (line.contains("\" :") ? nil : "4bf92f3577b34da6a3ce929d0e0e4736"))
    }

    @Test(arguments: [
        "trace_id=", "trace_id=xyz", "trace_id=00000000000000000000000000000000", "my_trace_id=4bf92f3577b34da6a3ce929d0e0e4736", "t",
    ])
    func whatIsNoTraceIsNone(line: String) {
        #expect(TraceID.find(in: Array(line.utf8)) == nil)
    }

    @Test func streamsAreBounded() {
        let clock = Mutex(ContinuousClock.now)
        let table = StreamTable(labels: [("node", "pve1")], limit: 4) { clock.withLock { $0 } }
        func stream(_ value: String, of job: String = "journal") -> String {
            let name = job == "journal" ? "unit" : "container"
            return String(
                decoding: table.stream(StreamTable.Key(job: job, name: name, value: value, level: .info)).rendered, as: UTF8.self)
        }
        // Containers leave a quarter to units.
        #expect((0..<4).map { stream("c\($0)", of: "containers").contains("other") } == [false, false, false, true])
        let other = #"{"job":"journal","level":"info","node":"pve1","unit":"other"}"#
        #expect(stream("u3") == other)
        #expect(stream("u4") == other && stream("u4") == other)
        #expect(table.overflow == 4)
        #expect(table.count == 5)
        // An hour later there is room where nobody wrote, and who goes on has the stream that it had.
        clock.withLock { $0 += .seconds(1800) }
        let held = table.stream(StreamTable.Key(job: "containers", name: "container", value: "c1", level: .info))
        clock.withLock { $0 += .seconds(1801) }
        #expect(stream("u5").contains("u5"))
        #expect(table.stream(StreamTable.Key(job: "containers", name: "container", value: "c1", level: .info)) === held)
        #expect(table.count == 2)
    }
}
