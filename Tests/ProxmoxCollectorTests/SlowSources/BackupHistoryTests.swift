import Testing

@testable import ProxmoxAPI
@testable import ProxmoxCollector

@Suite struct BackupHistoryTests {
    private typealias Guest = BackupHistory.Guest
    private typealias JobRun = BackupHistory.JobRun

    @Test func `of two runs the later tells of success, and the later good one of when`() {
        let good = Guest(end: 10, isGood: true, durationSeconds: 3)
        let bad = Guest(end: 20, isGood: false, durationSeconds: 1)
        let older = Guest(end: 5, isGood: true, durationSeconds: 9)
        for guests in [[good, bad, older], [older, bad, good], [bad, older, good], [bad, good, older]] {
            let merged = guests.dropFirst().reduce(guests[0]) { $0.merged(with: $1) }
            #expect(!merged.isLastGood && merged.lastEnd == 20 && merged.good?.end == 10 && merged.good?.durationSeconds == 3)
        }
        #expect(bad.merged(with: bad).good == nil)
        // In the same second, the one that was told of later.
        #expect(
            Guest(end: 5, isGood: true, durationSeconds: nil).merged(with: Guest(end: 5, isGood: false, durationSeconds: nil)).isLastGood
                == false)
    }

    @Test func `a job's last run is on all nodes that began it together`() throws {
        #expect(JobRun.last(of: []) == nil)
        let runs = [
            JobRun(start: 1000, end: 1500, isGood: true), JobRun(start: 1010, end: 9000, isGood: false),
            JobRun(start: 5, end: 99_999, isGood: false),
        ]
        for runs in [runs, runs.reversed()] {
            let last = try #require(JobRun.last(of: runs))
            #expect(last.start == 1010 && last.end == 9000 && !last.isGood)
        }
        let alone = try #require(JobRun.last(of: [runs[0], runs[2]]))
        #expect(alone.isGood && alone.end == 1500)
        #expect(JobRun.last(of: [JobRun(start: 301, end: 302, isGood: true), JobRun(start: 1, end: 2, isGood: false)])?.isGood == true)
        #expect(JobRun.last(of: [JobRun(start: 300, end: 302, isGood: true), JobRun(start: 1, end: 2, isGood: false)])?.isGood == false)
    }

    private static func task(_ number: Int, start: Double, vmid: Int? = nil) -> BackupTask {
        BackupTask(upid: "UPID:pve1:\(number)", vmid: vmid, start: start, end: start + 1, isGood: true)
    }

    @Test func `tasks that nobody asked for are left out, as they would be new each time`() {
        var history = BackupHistory()
        for round in 0..<3 {
            history.take((0..<100).map { Self.task(100 * round + $0, start: 5, vmid: $0) }, since: 10)
        }
        #expect(history.isWhole && history.guests.isEmpty)
        history.take([Self.task(1, start: 10, vmid: 7)], since: 10)
        #expect(!history.isWhole && history.guests.keys.elementsEqual([7]))
        // What was taken once is read, also when later questions do not go back as far, and is not new again.
        history.take([Self.task(1, start: 10, vmid: 7)], since: 11)
        #expect(history.nextUnread()?.start == 10 && history.isWhole)
        history.take([Self.task(2, start: 12, vmid: 7)], since: 11)
        history.take([Self.task(2, start: 12, vmid: 7)], since: 11)
        #expect(history.nextUnread()?.start == 12 && history.isWhole)
    }

    @Test func `guests and jobs have an end`() {
        var history = BackupHistory()
        let task = Self.task(0, start: 10)
        for round in 0..<10 {
            var log = BackupLog(taskStart: 10)
            log.read("INFO: starting new backup job: vzdump --job-id job-\(round) --all 1")
            log.read("INFO: Backup started at 1970-01-01 00:00:10")
            for number in 0..<10_000 {
                log.read("INFO: Starting Backup of VM \(10_000 * round + number) (qemu)")
                log.read("INFO: Backup started at 1970-01-01 00:00:10")
                log.read("INFO: Finished Backup of VM \(10_000 * round + number) (00:00:01)")
            }
            history.take(log, of: task)
        }
        #expect(history.guests.count == ProxmoxClient.rowLimit && history.jobs.count == 10)
        for number in 0..<3000 {
            var log = BackupLog(taskStart: 10)
            log.read("INFO: starting new backup job: vzdump --job-id more-\(number) --all 1")
            history.take(log, of: task)
        }
        #expect(history.jobs.count == 1024)
    }
}
