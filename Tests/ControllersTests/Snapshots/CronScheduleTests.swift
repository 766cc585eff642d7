import Objects
import Primitives
import TestSupport
import Testing

@testable import Controllers

struct CronScheduleTests {
    private static func plan(_ text: String, _ zone: String = "UTC", anchor: String = "2026-01-01T00:00:00Z") throws -> CronSchedule {
        let anchor = Timestamp.unixSeconds(anchor) ?? 0
        return try CronSchedule.make(text, zone: zone, anchor: anchor, now: 1_795_435_200).get()
    }

    @Test(arguments: [
        ("0 3 * * *", "UTC", "2026-11-23T12:00:00Z", "2026-11-24T03:00:00Z", "2026-11-23T03:00:00Z"),
        ("*/15 * * * *", "UTC", "2026-11-23T12:15:00Z", "2026-11-23T12:30:00Z", "2026-11-23T12:15:00Z"),
        ("@daily", "UTC", "2026-12-31T12:00:00Z", "2027-01-01T00:00:00Z", "2026-12-31T00:00:00Z"),
        ("@weekly", "UTC", "2026-11-23T12:00:00Z", "2026-11-29T00:00:00Z", "2026-11-22T00:00:00Z"),
        ("@monthly", "UTC", "2026-11-23T12:00:00Z", "2026-12-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("@yearly", "UTC", "2026-11-23T12:00:00Z", "2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("0 0 29 2 *", "UTC", "2026-11-23T12:00:00Z", "2028-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("0 0 31 * *", "UTC", "2026-11-23T12:00:00Z", "2026-12-31T00:00:00Z", "2026-10-31T00:00:00Z"),
        ("30 6 * * mon-fri", "UTC", "2026-11-20T12:00:00Z", "2026-11-23T06:30:00Z", "2026-11-20T06:30:00Z"),
        // Both days limited: one is enough.
        ("0 0 13 * fri", "UTC", "2026-11-13T12:00:00Z", "2026-11-20T00:00:00Z", "2026-11-13T00:00:00Z"),
        ("0 0 1,15 * 7", "UTC", "2026-11-23T12:00:00Z", "2026-11-29T00:00:00Z", "2026-11-22T00:00:00Z"),
        ("@every 6h", "UTC", "2026-11-23T12:00:00Z", "2026-11-23T18:00:00Z", "2026-11-23T12:00:00Z"),
        // Three at night, where the sun is earlier and later.
        ("0 3 * * *", "+05:30", "2026-11-23T12:00:00Z", "2026-11-23T21:30:00Z", "2026-11-22T21:30:00Z"),
        ("0 3 * * *", "UTC-8", "2026-11-23T10:59:59Z", "2026-11-23T11:00:00Z", "2026-11-22T11:00:00Z"),
        ("0 0 1 * *", "-0330", "2026-12-01T01:00:00Z", "2026-12-01T03:30:00Z", "2026-11-01T03:30:00Z"),
    ]) func `times before and after`(_ text: String, _ zone: String, _ now: String, _ next: String, _ last: String) throws {
        let (plan, now) = (try Self.plan(text, zone), try #require(Timestamp.unixSeconds(now)))
        #expect(plan.next(after: now).map(Timestamp.text) == next)
        #expect(plan.last(by: now).map(Timestamp.text) == last)
        let due = try #require(plan.next(after: now))
        #expect(plan.contains(due) && !plan.contains(due + 1) && plan.last(by: due) == due)
    }

    @Test func `what the calendar has not never falls due`() throws {
        let plan = try Self.plan("0 0 30 2 *")
        #expect(plan.next(after: 1_795_435_200) == nil && plan.last(by: 1_795_435_200) == nil)
    }

    @Test func `days of the calendar are those of another's`() {
        for (days, text) in [(0, "1-1 4"), (59, "3-1 0"), (11_016, "2-29 2"), (20_780, "11-23 1"), (-1, "12-31 3"), (47_540, "2-28 0")] {
            let day = CivilDay(days)
            #expect("\(day.month)-\(day.day) \(day.weekday)" == text, "\(days)")
        }
    }

    @Test(arguments: ["Mars/Base", "../../etc/passwd", "/etc/passwd", "+25:00", "Europe/", "UTC+1:2:3", "a b"])
    func `a zone that nobody knows is refused with a way out`(_ name: String) {
        guard case .failure(let problem) = ScheduleZone.named(name, now: 0) else {
            Issue.record("\(name) is taken for a zone")
            return
        }
        #expect(problem.message.hasPrefix("timezone: \(name): ") && problem.message.hasSuffix("write UTC or an offset such as +02:00"))
    }

    // MARK: zone files

    /// Clocks that go on by an hour on 2026-03-29 01:00 UTC, and back on 2026-10-25 01:00 UTC.
    private static func file(_ version: Character = "2", rule: String = "CET-1", until: Double? = nil) -> [UInt8] {
        func word(_ value: Int64, _ count: Int) -> [UInt8] {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * Int64($0))) }
        }
        func header(_ times: Int64, _ types: Int64, _ letters: Int64) -> [UInt8] {
            Array("TZif".utf8) + [version.asciiValue ?? 0] + [UInt8](repeating: 0, count: 15)
                + [0, 0, 0, times, types, letters].flatMap { word($0, 4) }
        }
        let times: [Double] = [1_774_746_000, 1_792_890_000] + (until.map { [$0] } ?? [])
        let types: [UInt8] = [1, 0, 0]
        return header(0, 1, 4) + word(3600, 4) + [0, 0] + Array("CET\0".utf8)
            + header(Int64(times.count), 2, 9) + times.flatMap { word(Int64($0), 8) } + types.prefix(times.count)
            + word(3600, 4) + [0, 0] + word(7200, 4) + [1, 4] + Array("CET\0CEST\0".utf8) + Array("\n\(rule)\n".utf8)
    }

    private static func zone(_ bytes: [UInt8], now: Double = 1_774_000_000) throws -> ScheduleZone {
        let folder = ScratchFolder()
        try Files.write(bytes, to: folder.path + "/Here")
        return try ScheduleZone.named("Here", now: now, folder: folder.path).get()
    }

    @Test(arguments: [
        (28, 3, 30, "2026-03-28T02:30:00Z"),
        // The hour that does not come ends when it would begin.
        (29, 2, 0, "2026-03-29T01:00:00Z"), (29, 2, 30, "2026-03-29T01:00:00Z"), (29, 3, 0, "2026-03-29T01:00:00Z"),
        (29, 4, 0, "2026-03-29T02:00:00Z"),
        // Of the hour that comes twice the first.
        (239, 2, 30, "2026-10-25T00:30:00Z"), (239, 3, 0, "2026-10-25T02:00:00Z"),
    ]) func `clocks that are changed`(_ dayOfMarch: Int, _ hour: Int, _ minute: Int, _ time: String) throws {
        let zone = try Self.zone(Self.file())
        #expect(Timestamp.text(zone.unixSeconds(day: 20_512 + dayOfMarch, hour: hour, minute: minute)) == time)
    }

    @Test func `a file without the years to come is refused, and so is one that is cut`() throws {
        let rule = "CET-1CEST,M3.5.0,M10.5.0/3"
        #expect(throws: Failure.self) { try Self.zone(Self.file(rule: rule)) }
        #expect(throws: Never.self) { try Self.zone(Self.file(rule: rule, until: 1_999_999_999)) }
        let whole = Self.file()
        #expect(ZoneFile(whole) != nil)
        for count in 0..<(whole.count - 7) { #expect(ZoneFile(Array(whole.prefix(count))) == nil, "\(count)") }
        #expect(ZoneFile(Self.file("\0")) == nil)
    }
}
