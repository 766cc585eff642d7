import Glibc
import Primitives
import Testing

@testable import ZFSCollector

@Suite struct StatusTests {
    private static func text(_ name: String) throws -> [PoolStatus] { try StatusText.read(try Fixtures.zpool(name)) }
    private static func json(_ name: String) throws -> [PoolStatus] { try StatusJSON.read(try Fixtures.zpool(name)) }

    /// Seconds of a local time, found by ourselves.
    private static func local(_ year: Int32, _ month: Int32, _ day: Int32, _ hour: Int32, _ minute: Int32, _ second: Int32) -> Double {
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec, parts.tm_isdst) = (hour, minute, second, -1)
        return Double(mktime(&parts))
    }

    @Test func `text and JSON of the same pools have the same devices`() throws {
        let (text, json) = (try Self.text("status-2.1.txt"), try Self.json("status-2.3.json"))
        #expect(text.map(\.name) == json.map(\.name))
        #expect(text.map(\.state) == json.map(\.state))
        for (one, other) in zip(text, json) {
            // The pool's root stands there for both; what has been taken out is in the JSON alone.
            let inJSON = other.devices.filter { $0.kind != "indirect" }
            #expect(one.devices.map(\.name) == inJSON.map(\.name))
            #expect(one.devices.map(\.kind) == inJSON.map(\.kind))
            #expect(one.devices.map(\.role) == inJSON.map(\.role))
            #expect(one.devices.map(\.parent) == inJSON.map(\.parent))
            #expect(one.devices.map(\.state) == inJSON.map(\.state))
            let errors = [one.devices, inJSON].map { $0.compactMap(\.checksumErrors).filter { $0 > 0 } }
            #expect(errors[0] == errors[1])
        }
    }

    @Test(arguments: ["text", "JSON"])
    func `devices with errors, groups and spares`(form: String) throws {
        let tank = try #require(
            try (form == "text" ? Self.text("status-2.1.txt") : Self.json("status-2.3.json")).first { $0.name == "tank" })
        let faulted = try #require(tank.devices.first { $0.name == "ata-WDC_B" })
        #expect(faulted.parent == "spare-1" && faulted.state == .faulted && faulted.readErrors == 3 && faulted.writeErrors == 12)
        #expect(faulted.checksumErrors == 5 && faulted.slowOperations == 99)
        #expect(tank.devices.first { $0.name == "/tank logs/slog file" }?.role == "log")
        #expect(tank.devices.first { $0.name == "/tank logs/slog file" }?.kind == "file")
        #expect(tank.devices.first { $0.name == "ata-WDC_S1" }?.parent == "spare-1")
        #expect(tank.devices.first { $0.name == "spare/ata-WDC_S1" }?.role == "spare")
        #expect(tank.devices.first { $0.name == "ata-WDC_S2" }?.readErrors == nil)
        #expect(Set(tank.devices.map(\.name)).count == tank.devices.count)
    }

    @Test func `a scrub at work, by text`() throws {
        let scan = try #require(try Self.text("status-2.1.txt")[1].scans.first)
        #expect(scan.kind == .scrub && scan.state == .running && scan.startSeconds == Self.local(2026, 11, 21, 0, 24, 1))
        #expect(scan.examinedBytes == 6 * 0x1p40 && scan.toExamineBytes == 7 * 0x1p40 && scan.progressRatio == 0.5)
        #expect(scan.repairedBytes == 0x1p20)
    }

    @Test func `a scrub at work, by JSON`() throws {
        let pool = try Self.json("status-2.3.json")[1]
        let scan = try #require(pool.scans.first)
        #expect(scan.kind == .scrub && scan.state == .running && scan.startSeconds == 1_795_218_241 && scan.errors == 2)
        #expect(scan.examinedBytes == 6 * 0x1p40 && scan.toExamineBytes == 7 * 0x1p40 && scan.progressRatio == 0.5)
        #expect(pool.dataErrors == 4)
    }

    @Test func `a scrub that has finished`() throws {
        let text = try #require(try Self.text("status-2.1.txt")[0].scans.first)
        #expect(text.state == .finished && text.endSeconds == Self.local(2026, 11, 15, 1, 26, 4) && text.durationSeconds == 3723)
        #expect(text.errors == 0 && text.repairedBytes == 4096)
        let json = try #require(try Self.json("status-2.3.json")[0].scans.first)
        #expect(json.state == .finished && json.endSeconds == 1_794_705_964 && json.durationSeconds == 3723)
        #expect(json.errors == 0 && json.repairedBytes == 4096)
    }

    @Test func `a resilver that took days`() throws {
        let scan = try #require(try Self.text("status-2.1.txt")[2].scans.first)
        #expect(scan.kind == .resilver && scan.state == .finished && scan.durationSeconds == 93_784 && scan.errors == 1)
    }

    @Test func `resilver at work, paused scrub, scrub that was canceled, with full names`() throws {
        let pools = try Self.text("status-2.2-full-names.txt")
        let resilver = try #require(pools[0].scans.first)
        #expect(resilver.kind == .resilver && resilver.state == .running && resilver.progressRatio == 0.25)
        #expect(resilver.examinedBytes == 1.5 * 0x1p40 && resilver.toExamineBytes == 2 * 0x1p40)
        #expect(pools[0].devices.map(\.name).last == "/dev/disk/by-id/nvme-eui.0025385b02-part3")
        #expect(pools[0].devices.allSatisfy { $0.slowOperations == nil })
        let paused = try #require(pools[1].scans.first)
        #expect(paused.kind == .scrub && paused.state == .paused && paused.startSeconds == Self.local(2026, 11, 21, 10, 0, 0))
        #expect(paused.progressRatio == 0.125 && paused.examinedBytes == 0x1p40)
        #expect(pools[1].devices.map(\.kind) == ["root", "disk", "file"])
        #expect(pools[2].scans.map(\.kind) == [.scrub, .resilver])
        #expect(pools[2].scans.map(\.state) == [.canceled, .finished])
        #expect(pools[2].devices.last?.kind == "draid")
    }

    @Test func `ZFS 0_8 and a pool without a scan`() throws {
        let pools = try Self.text("status-0.8.txt")
        #expect(pools[0].scans.isEmpty && pools[0].tellsScans && pools[0].state == .faulted)
        #expect(pools[1].scans.first?.durationSeconds == 626)
        #expect(pools[1].dataErrors == 0)
    }

    @Test func `errors that the program may not see are absent`() throws {
        #expect(try Self.text("status-2.1.txt").map(\.dataErrors) == [0, 4, nil])
    }

    @Test func `paused and resilvering, by JSON`() throws {
        let pools = try Self.json("status-2.3-paused-resilver.json")
        #expect(pools.flatMap(\.scans).map(\.state) == [.running, .paused])
        #expect(pools.flatMap(\.scans).map(\.progressRatio) == [0.25, 0.25])
        #expect(try Self.json("status-2.3-none.json").isEmpty)
    }

    @Test func `what is no status is malformed`() {
        for text in ["[]", "5", "{}", "{\"pools\":[]}", "not JSON", "{\"pools\":{"] {
            #expect { try StatusJSON.read(Array(text.utf8)) } throws: { ($0 as? Failure)?.code == .malformed }
        }
        for text in ["Usage: zpool", "\u{0}\u{1}", "x: y\n"] {
            #expect { try StatusText.read(Array(text.utf8)) } throws: { ($0 as? Failure)?.code == .malformed }
        }
        #expect(throws: Never.self) { try StatusText.read(Array("no pools available\n".utf8)) }
    }

    @Test(arguments: ["status-2.1.txt", "status-2.2-full-names.txt", "status-0.8.txt"])
    func `every piece of a text is borne`(name: String) throws {
        let whole = try Fixtures.zpool(name)
        for length in stride(from: 0, through: whole.count, by: 3) { _ = try? StatusText.read(Array(whole.prefix(length))) }
    }

    @Test(
        arguments: [
            ("01:02:03", 3723), ("1 days 02:03:04", 93_784), ("0 days 00:10:26", 626), ("1h2m", 3720), ("2d3h", 183_600), ("00:00:00", 0),
            ("12", nil), ("1:2", nil), ("", nil), ("x days 1:2:3", nil), ("3 days", nil), ("1:2:x", nil),
        ] as [(String, Double?)])
    func `durations`(text: String, seconds: Double?) { #expect(StatusNumber.duration(text.split(separator: " ")) == seconds) }

    @Test(arguments: [
        ("Sun Nov 15 01:26:04 2026", true), ("Sun Nov  1 01:26:04 2026", true), ("Sun Foo 15 01:26:04 2026", false),
        ("Sun Nov 15 01:26 2026", false), ("Sun Nov 99 01:26:04 2026", false), ("Sun Nov 15 25:26:04 2026", false),
        ("Sun Nov 15 01:26:04 99999999999", false), ("Nov 15", false), ("", false),
    ])
    func `dates`(text: String, isDate: Bool) { #expect((LocalDate.seconds(text.split(separator: " ")) != nil) == isDate) }
}
