import Testing

@testable import Logs

@Suite struct JournalEntryTests {
    private static let head = ["__CURSOR=s=1;i=2", "__REALTIME_TIMESTAMP=1795388470888325"]

    /// Entries of some bytes, handed over in pieces of that size.
    private static func entries(_ bytes: [UInt8], limit: Int = 1000, size: Int = .max) -> [JournalEntry?] {
        var reader = ExportReader(limit: limit)
        var found: [JournalEntry?] = []
        var start = 0
        while start < bytes.count {
            let end = start + min(size, bytes.count - start)
            Array(bytes[start..<end]).withUnsafeBytes { reader.take($0) { found.append($0) } }
            start = end
        }
        return found
    }

    private static func entry(_ fields: String...) -> JournalEntry? {
        entries(Array(((head + fields).joined(separator: "\n") + "\n\n").utf8)).first ?? nil
    }

    private static func binary(_ name: String, _ value: [UInt8]) -> [UInt8] {
        Array(name.utf8) + [0x0A] + (0..<8).map { UInt8(value.count >> (8 * $0) & 0xFF) } + value + [0x0A]
    }

    @Test(arguments: [1, 2, 3, 7, 50, .max]) func entriesAreReadWhereverThePipeIsCut(size: Int) {
        let head = Array((Self.head.joined(separator: "\n") + "\n").utf8)
        var bytes = head + Array("MESSAGE=one=1\n\n".utf8)
        bytes += head + Self.binary("MESSAGE", Array("two\n\nMESSAGE=x\n".utf8) + [0xFF]) + [0x0A]
        bytes += head + Self.binary("MESSAGE", []) + [0x0A]
        bytes += head + Array("MESSAGE=three\nMESSAGE=four\nOTHER=x\n\n".utf8)
        bytes += head + Self.binary("MESSAGE", [UInt8](repeating: 0x0A, count: 200)) + Array("_PID=6\n\n".utf8)
        bytes += Array("no entry=\n\n\n".utf8) + head + Array("MESSAGE=last\n\n".utf8) + Array("MESSAGE=not all".utf8)
        let found = Self.entries(bytes, limit: 100, size: size)
        let messages = found.map { $0?.message.map { String(decoding: $0, as: UTF8.self) } ?? "none" }
        #expect(messages == ["one=1", "two\n\nMESSAGE=x\n\u{FFFD}", "", "three\nfour", "none", "none", "last"])
        #expect(found.map { $0 == nil } == [false, false, false, false, false, true, false])
        #expect(found.map { $0?.isEndless ?? false } == [false, false, false, false, true, false, false])
        #expect(found[4]?.pid == "6")
    }

    @Test(arguments: [1, 7, 150]) func aLineWithoutAnEndTakesNoMemory(size: Int) {
        let text = Self.head.joined(separator: "\n") + "\nMESSAGE=" + String(repeating: "x", count: 300) + "\n_PID=5\n\n"
        let found = Self.entries(Array(text.utf8), limit: 100, size: size)
        #expect(found.count == 1)
        #expect(found.first??.isEndless == true && found.first??.message == nil && found.first??.pid == "5")
    }

    @Test func fieldsAreRead() throws {
        let entry = try #require(
            Self.entry("MESSAGE=x", "PRIORITY=3", "_SYSTEMD_UNIT=ssh.service", "SYSLOG_IDENTIFIER=sshd", "_PID=7", "TRACE_ID=t"))
        #expect(entry.place == JournalPlace(cursor: "s=1;i=2", microseconds: 1_795_388_470_888_325))
        #expect((entry.level, entry.unit, entry.identifier, entry.pid, entry.traceID) == (.error, "ssh.service", "sshd", "7", "t"))
    }

    @Test func whatSystemdSaysOfAUnitIsTheUnits() {
        #expect(Self.entry("_SYSTEMD_UNIT=init.scope", "UNIT=nginx.service")?.unit == "nginx.service")
        // Anybody may write UNIT.
        #expect(Self.entry("_SYSTEMD_UNIT=evil.service", "UNIT=nginx.service")?.unit == "evil.service")
        // A user may name a service of theirs as one of the machine's.
        let user = Self.entry("_SYSTEMD_UNIT=user@1000.service", "_SYSTEMD_USER_UNIT=ssh.service")
        #expect(user?.unit == "user@1000.service" && user?.userUnit == "ssh.service")
        #expect(UnitName.label("user@1000.service") == "user@.service")
    }

    @Test func aContainerIsOnlyWhatAnEngineOfRootCallsOne() {
        func container(_ fields: String...) -> String? {
            Self.entries(Array(((Self.head + ["CONTAINER_NAME=web"] + fields).joined(separator: "\n") + "\n\n").utf8)).first??.container
        }
        #expect(container("_UID=0", "_COMM=dockerd", "_SYSTEMD_UNIT=docker.service") == "web")
        #expect(container("_UID=0", "_COMM=conmon", "_SYSTEMD_UNIT=libpod-conmon-ab.scope") == "web")
        // A container's own root may call itself what it likes.
        for scope in ["docker-ab.scope", "libpod-ab.scope", "cri-containerd-ab.scope"] {
            #expect(container("_UID=0", "_COMM=dockerd", "_SYSTEMD_UNIT=\(scope)") == "")
        }
        #expect(container("_UID=0", "_COMM=dockerd") == "")
        #expect(container("_UID=1000", "_COMM=dockerd", "_SYSTEMD_UNIT=docker.service") == "")
        #expect(container("_UID=0", "_COMM=logger", "_SYSTEMD_UNIT=docker.service") == "")
        #expect(container() == "")
    }

    @Test(arguments: [
        "MESSAGE=x", "__CURSOR=c", "__CURSOR=c\n__REALTIME_TIMESTAMP=-1", "__CURSOR=c\n__REALTIME_TIMESTAMP=9223372036854775807",
    ])
    func whatIsNoEntryIsNone(text: String) {
        let found = Self.entries(Array("\(text)\n\n".utf8))
        #expect(found.count == 1 && found[0] == nil)
    }

    @Test func ownLinesAndThoseOfContainersAreLeftOut() {
        let streams = StreamTable(labels: [], limit: 10)
        var reading = JournalReading(streams: streams, lineBytes: 100, ownPID: 7, ownCommand: "martlet", leavesContainers: true)
        #expect(reading.take(Self.entry("MESSAGE=x", "_PID=7", "_COMM=martlet")) == nil)
        // Another process of that number, where numbers are those of another machine or container.
        #expect(reading.take(Self.entry("MESSAGE=x", "_PID=7", "_COMM=systemd")) != nil)
        // Whoever says so himself hides nothing by it.
        #expect(reading.take(Self.entry("MESSAGE=x", "SYSLOG_PID=7")) != nil)
        #expect(
            reading.take(Self.entry("MESSAGE=x", "CONTAINER_NAME=web", "_UID=0", "_COMM=conmon", "_SYSTEMD_UNIT=libpod-conmon-ab.scope"))
                == nil)
        let counts = reading.takeCounts()
        #expect(counts.skipped == ["own": 1, "container": 1])
        #expect(counts.lines == 4)
        #expect(reading.place?.cursor == "s=1;i=2")
    }

    @Test func journalctlIsAskedForWhatTheSettingsSay() {
        var settings = JournalSettings()
        #expect(JournalCommand.arguments(settings, from: .since(5)).suffix(1) == ["--since=@5"])
        settings.namespace = "web"
        settings.units = ["ssh.service"]
        settings.priority = .warning
        let words = JournalCommand.arguments(settings, from: .cursor("s=1;i=2"))
        #expect(words.suffix(4) == ["--namespace=web", "--priority=4", "--unit=ssh.service", "--cursor=s=1;i=2"])
        #expect(words.contains("--no-tail") && words.contains("--output=export"))
    }

    @Test func aCursorThatIsLostGoesOnFromItsTimeUnlessThatIsToCome() {
        func start(_ seconds: Int64?, isCursorLost: Bool = true) -> JournalCommand.Start {
            let place = seconds.map { JournalPlace(cursor: "c", microseconds: $0 * 1_000_000) }
            return JournalCommand.Start(place, isCursorLost: isCursorLost, begin: 50, now: 100)
        }
        #expect(start(nil) == .since(50))
        #expect(start(90) == .since(90))
        #expect(start(101) == .since(50))
        #expect(start(101, isCursorLost: false) == .cursor("c"))
    }

    @Test func manyMessagesOfOneEntryAreBoundedTogether() throws {
        let piece = "MESSAGE=" + String(repeating: "x", count: 1 << 20) + "\n"
        let text = Self.head.joined(separator: "\n") + "\n" + String(repeating: piece, count: 40) + "\n"
        let entry = try #require(Self.entries(Array(text.utf8), limit: 2 << 20).first ?? nil)
        #expect(entry.message?.count == 16 << 20)
    }
}
