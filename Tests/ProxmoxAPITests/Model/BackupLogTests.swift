import Primitives
import Testing

@testable import ProxmoxAPI

@Suite struct BackupLogTests {
    /// 2026-11-20 01:30:00 UTC
    private static let begin = 1_795_138_200.0

    private static func log(_ lines: [String], start: Double = begin) -> BackupLog {
        var log = BackupLog(taskStart: start)
        for line in lines { log.read(line) }
        log.finish()
        return log
    }

    private static func local(_ text: String) throws -> Double { try #require(CivilTime(parsing: text)?.unixSeconds) }

    /// The log of one guest's backup.
    private static func good(_ vmid: Int, from start: String, took: String, to end: String) -> [String] {
        [
            "INFO: Starting Backup of VM \(vmid) (qemu)", "INFO: Backup started at \(start)", "INFO: status = running",
            "INFO: creating vzdump archive '/mnt/pve/nas/dump/vzdump-qemu-\(vmid).vma.zst'", "INFO: 100% (1.0 GiB of 1.0 GiB) in 5s",
            "INFO: Finished Backup of VM \(vmid) (\(took))", "INFO: Backup finished at \(end)",
        ]
    }

    private static func failed(_ vmid: Int, from start: String, at end: String?) -> [String] {
        [
            "INFO: Starting Backup of VM \(vmid) (lxc)", "INFO: Backup started at \(start)",
            "ERROR: Backup of VM \(vmid) failed - command 'tar' failed: exit code 2",
        ] + (end.map { ["INFO: Failed at \($0)"] } ?? [])
    }

    @Test func `begin is what it is said to be`() throws { #expect(try Self.local("2026-11-20 01:30:00") == Self.begin) }

    // MARK: zones

    @Test(arguments: [
        ("2026-11-20 01:30:01", "2026-11-20 01:31:24"), ("2026-11-20 14:30:01", "2026-11-20 14:31:24"),
        ("2026-11-19 14:30:01", "2026-11-19 14:31:24"), ("2026-11-20 15:30:01", "2026-11-20 15:31:24"),
        ("2026-11-19 13:30:01", "2026-11-19 13:31:24"), ("2026-11-20 07:00:01", "2026-11-20 07:01:24"),
        ("2026-11-20 07:15:01", "2026-11-20 07:16:24"), ("2026-11-19 22:00:01", "2026-11-19 22:01:24"),
        ("2026-11-20 10:15:01", "2026-11-20 10:16:24"), ("2026-11-20 01:31:01", "2026-11-20 01:32:24"),
    ])
    func `whatever the node's zone is, moments are the same`(start: String, end: String) {
        let late: Double = start.hasSuffix("31:01") ? 60 : 0
        for runs in [
            Self.log(Self.good(100, from: start, took: "00:01:23", to: end)).runs,
            Self.log(Self.failed(100, from: start, at: end)).runs,
        ] {
            #expect(runs.map(\.end) == [Self.begin + 84 + late] && runs.map(\.durationSeconds) == [83] && runs.map(\.vmid) == [100])
        }
    }

    @Test func `over midnight, over a new year and a leap day`() throws {
        for (start, end) in [
            ("2026-11-20 23:59:58", "2026-11-21 00:00:08"), ("2026-12-31 23:59:58", "2027-01-01 00:00:08"),
            ("2028-02-28 23:59:58", "2028-02-29 00:00:08"), ("2028-02-29 23:59:58", "2028-03-01 00:00:08"),
        ] {
            // The node is two hours ahead.
            let begin = try Self.local(start) - 7200
            let failed = Self.log(Self.failed(7, from: start, at: end), start: begin)
            #expect(failed.runs == [BackupLog.Run(vmid: 7, end: begin + 10, durationSeconds: 10, isGood: false)])
            let good = Self.log(Self.good(7, from: start, took: "00:00:10", to: end), start: begin)
            #expect(good.runs == [BackupLog.Run(vmid: 7, end: begin + 10, durationSeconds: 10, isGood: true)])
        }
    }

    /// Berlin, where 03:00 becomes 02:00 on 2026-10-25, and 02:00 becomes 03:00 on 2026-03-29.
    @Test(arguments: [
        ("2026-10-25 02:50:00", "00:20:00", "2026-10-25 02:10:00", 7200.0, "2026-10-25 02:10:05", "2026-10-25 02:20:05", 3600.0),
        ("2026-03-29 01:50:00", "00:20:00", "2026-03-29 03:10:00", 3600, "2026-03-29 03:10:05", "2026-03-29 03:20:05", 7200),
    ])
    func `summer time begins or ends while a backup runs`(
        first: String, took: String, firstEnd: String, zone: Double, second: String, secondEnd: String, laterZone: Double
    ) throws {
        let begin = try Self.local(first) - zone
        let lines =
            Self.good(100, from: first, took: took, to: firstEnd) + Self.failed(101, from: second, at: secondEnd)
            + Self.good(102, from: secondEnd, took: "00:00:30", to: secondEnd)
        let log = Self.log(lines, start: begin)
        let secondStart = try Self.local(second) - laterZone
        #expect(log.runs.map(\.vmid) == [100, 101, 102] && log.runs.map(\.isGood) == [true, false, true])
        #expect(log.runs.map(\.end) == [begin + 1200, secondStart + 600, secondStart + 630])
        #expect(log.runs.map(\.durationSeconds) == [1200, 600, 30])
    }

    @Test func `a line that comes late is no other zone`() {
        let lines =
            Self.good(100, from: "2026-11-20 02:30:00", took: "00:01:00", to: "2026-11-20 02:47:00")
            + Self.failed(101, from: "2026-11-20 02:47:01", at: "2026-11-20 02:48:00")
        #expect(Self.log(lines).runs.map(\.end) == [Self.begin + 60, Self.begin + 1080])
    }

    @Test func `a clock that is further off than any on Earth is not believed`() {
        for start in ["2026-11-21 02:30:00", "1999-01-01 00:00:00", "9999-12-31 23:59:59"] {
            #expect(Self.log(Self.good(100, from: start, took: "00:00:10", to: start)).runs.map(\.durationSeconds) == [])
            // Nor is what comes later taken for the beginning.
            let lines =
                Self.failed(100, from: start, at: start)
                + Self.failed(101, from: "2026-11-20 04:30:00", at: "2026-11-20 04:30:30")
            #expect(Self.log(lines).runs == [])
        }
    }

    // MARK: guests

    @Test func `two guests, one good and one not`() {
        let lines =
            Self.failed(100, from: "2026-11-20 01:30:00", at: "2026-11-20 01:30:40")
            + Self.good(101, from: "2026-11-20 01:30:41", took: "01:00:01", to: "2026-11-20 02:30:42")
        #expect(
            Self.log(lines).runs == [
                BackupLog.Run(vmid: 100, end: Self.begin + 40, durationSeconds: 40, isGood: false),
                BackupLog.Run(vmid: 101, end: Self.begin + 3642, durationSeconds: 3601, isGood: true),
            ])
    }

    @Test func `a failure without its moment ended when it began, at the latest known`() {
        let lines =
            Self.failed(100, from: "2026-11-20 01:30:00", at: nil)
            + Self.good(101, from: "2026-11-20 01:30:41", took: "00:00:09", to: "2026-11-20 01:30:50")
            + Self.failed(102, from: "2026-11-20 01:31:00", at: nil)
        let log = Self.log(lines)
        #expect(log.runs.map(\.vmid) == [100, 101, 102] && log.runs.map(\.end) == [0, 50, 60].map { Self.begin + $0 })
        #expect(log.runs.map(\.durationSeconds) == [nil, 9, nil])
    }

    @Test func `a failure of another guest is not this one's`() {
        let lines = [
            "INFO: Starting Backup of VM 100 (qemu)", "INFO: Backup started at 2026-11-20 01:30:00",
            "ERROR: Backup of VM 101 failed - no such VM", "INFO: Finished Backup of VM 102 (00:00:10)",
            "INFO: Backup finished at 2026-11-20 01:30:20",
        ]
        #expect(Self.log(lines).runs == [])
    }

    @Test func `a guest that is not there fails before it begins`() {
        let lines =
            ["ERROR: Backup of VM 999 failed - unable to find VM '999'", "INFO: Failed at 2026-11-20 01:30:00"]
            + Self.good(101, from: "2026-11-20 01:30:01", took: "00:00:09", to: "2026-11-20 01:30:10")
        #expect(Self.log(lines).runs.map(\.vmid) == [101])
    }

    @Test(arguments: [600.0, 900, 5000, 10_800]) func `a job that waits for another is as late as it is`(waited: Double) throws {
        // One hour ahead of UTC.
        func local(_ seconds: Double) -> String {
            String(timestampText(Self.begin + waited + 3600 + seconds).prefix(19)).replacing("T", with: " ")
        }
        let lines =
            ["INFO: trying to get global lock - waiting...", "INFO: got global lock", "INFO: starting new backup job: vzdump --job-id b"]
            + Self.failed(100, from: local(0), at: local(40)) + Self.good(101, from: local(41), took: "00:30:00", to: local(1841))
        for tail in [0.0, 120] {
            var log = BackupLog(taskStart: Self.begin)
            for line in lines { log.read(line) }
            log.finish(taskEnd: Self.begin + waited + 1842 + tail)
            #expect(log.job == "b" && log.runs.map(\.vmid) == [100, 101] && log.runs.map(\.durationSeconds) == [40, 1800])
            #expect(log.runs.map(\.end) == [40, 1841].map { Self.begin + waited + $0 })
        }
    }

    @Test func `a task that goes on after its last backup did not wait`() {
        var log = BackupLog(taskStart: Self.begin)
        for line in Self.good(100, from: "2026-11-20 01:30:00", took: "00:00:10", to: "2026-11-20 01:30:10") { log.read(line) }
        log.finish(taskEnd: Self.begin + 7200)
        #expect(log.runs.map(\.end) == [Self.begin + 10])
    }

    // MARK: what is missing

    @Test func `without a word of when, nothing is known of when`() {
        let good = Self.good(100, from: "x", took: "00:00:10", to: "2026-11-20 09:47:00")
        #expect(Self.log(good.filter { !$0.contains("started at") }).runs == [])
        #expect(Self.log(good).runs == [])
        let failed = Self.failed(100, from: "", at: "2026-11-20 09:47:00").filter { !$0.contains("started at") }
        #expect(Self.log(failed).runs == [])
    }

    @Test func `a log that breaks off tells of those that ended`() {
        let whole =
            Self.good(100, from: "2026-11-20 01:30:00", took: "00:00:10", to: "2026-11-20 01:30:10")
            + Self.good(101, from: "2026-11-20 01:30:11", took: "00:00:10", to: "2026-11-20 01:30:21")
        for count in whole.indices {
            #expect(Self.log(Array(whole.prefix(count))).runs.count == (count < 6 ? 0 : count < 13 ? 1 : 2), "\(count)")
        }
        #expect(Self.log(Array(whole.dropLast())).runs.map(\.vmid) == [100, 101])
    }

    @Test(arguments: ["", "00:10", "a:b:c", "00:00:10:00", "1:2", "99999999:00:00", "-1:00:00", "00:00:10", "0:0:0", "100:00:01"])
    func `how long it took`(took: String) {
        let seconds: [Double] = took == "00:00:10" ? [10] : took == "0:0:0" ? [0] : took == "100:00:01" ? [360_001] : [40]
        let log = Self.log(Self.good(100, from: "2026-11-20 01:30:00", took: took, to: "2026-11-20 01:30:40"))
        // Where it cannot be read, it is from the begin to the end.
        #expect(log.runs.compactMap(\.durationSeconds) == seconds && log.runs.map(\.end) == seconds.map { Self.begin + $0 })
    }

    // MARK: the job

    @Test(
        arguments: [
            ("vzdump 100 --mode snapshot --job-id backup-1 --storage nas", "backup-1"), ("vzdump 100 --job-id backup-1", "backup-1"),
            ("vzdump --job-id  --all 1", nil), ("vzdump 100 --mode snapshot", nil), ("vzdump --job-id", nil), ("", nil),
            ("vzdump 100 --xjob-id a --job-id b-2", "b-2"),
            ("vzdump --job-id \(String(repeating: "j", count: 257)) --all 1", nil),
        ] as [(String, String?)])
    func job(command: String, job: String?) {
        #expect(Self.log(["INFO: starting new backup job: " + command]).job == job)
    }

    // MARK: hostile

    @Test(arguments: [
        "", "INFO:", "INFO: Starting Backup of VM ", "INFO: Starting Backup of VM abc",
        "INFO: Starting Backup of VM 99999999999999999999 (x)",
        "INFO: Starting Backup of VM -5", "INFO: Starting Backup of VM ٣", "INFO: Finished Backup of VM ", "INFO: Finished Backup of VM )(",
        "ERROR: Backup of VM ", "INFO: Backup started at ", "INFO: Backup started at 2026-11-20", "INFO: Backup finished at nowhere",
        "INFO: Failed at 99999-99-99 99:99:99", "\u{0}\u{1}", "🦅", "no content", "INFO: starting new backup job: ", "TASK OK",
        "info: starting backup of vm 100", " INFO: Backup started at 2026-11-20 01:30:00",
    ])
    func `foreign text in front of all and between all`(line: String) {
        let lines = Self.failed(100, from: "2026-11-20 01:30:00", at: "2026-11-20 01:30:10")
        #expect(Self.log([line]).runs == [])
        let isBreak = ["INFO: Starting Backup of VM", "INFO: Backup started at "].contains { line.hasPrefix($0) }
        if !isBreak { #expect(Self.log([line] + lines.flatMap { [$0, line] }).runs.count == 1) }
        #expect(Self.log(lines + [line, line]).runs.count == 1)
    }

    @Test func `spaces and a carriage return at the end of a line`() {
        let lines = Self.failed(100, from: "  2026-11-20 01:30:00 \r", at: "2026-11-20 01:30:10  ")
        #expect(Self.log(lines).runs.map(\.end) == [Self.begin + 10])
    }

    @Test func `a log of 100,000 lines`() {
        var log = BackupLog(taskStart: Self.begin)
        for line in Self.good(100, from: "2026-11-20 01:30:00", took: "00:00:10", to: "2026-11-20 01:30:10") { log.read(line) }
        for percent in 0..<100_000 { log.read("INFO:  \(percent)% (1.0 GiB of 9.0 TiB) in 5s, read: 1.0 MiB/s, write: 1.0 MiB/s") }
        for line in Self.good(101, from: "2026-11-20 11:30:00", took: "10:00:00", to: "2026-11-20 21:30:00") { log.read(line) }
        log.finish()
        #expect(log.runs.map(\.end) == [Self.begin + 10, Self.begin + 72_000])
    }

    @Test func `guests without end are not believed without end`() {
        var log = BackupLog(taskStart: Self.begin)
        for vmid in 0..<20_000 {
            for line in Self.failed(vmid, from: "2026-11-20 01:30:00", at: "2026-11-20 01:30:10") { log.read(line) }
        }
        #expect(log.runs.count == 10_000)
    }
}
