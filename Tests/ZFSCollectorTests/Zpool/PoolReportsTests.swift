import CollectorConformance
import Exporting
import Glibc
import Metrics
import Primitives
import Synchronization
import Testing
import Web

@testable import ZFSCollector

/// A process that no signal ends.
private final class StuckProcess: Sendable {
    struct State {
        var started = 0
        var isGone = false
    }

    let state = Mutex(State())
}

@Suite struct PoolReportsTests {
    private static let root = Fixtures.folder + "/zfs-2.3"

    @Test func `what the program said stands beside what the kernel says`() async throws {
        let place = try TemporaryFolder()
        let reports = await Fixtures.reports(try Fixtures.program(status: "status-2.3.json", json: true, in: place))
        let trial = try await scrape(ZFSCollector(ZFSSettings(), reports: reports), root: Self.root)
        #expect(trial.problems.isEmpty)
        for (series, value) in [
            (#"zfs_pool_size_bytes{pool="rpool"}"#, 498_216_206_336), (#"zfs_pool_deduplication_ratio{pool="tank"}"#, 0.4),
            (#"zfs_pool_fragmentation_ratio{pool="tank"}"#, 0.37), (#"zfs_pool_health{pool="cold store"}"#, 6),
            (#"zfs_vdev_errors_total{pool="tank",vdev="ata-WDC_B",kind="write"}"#, 12),
            (#"zfs_vdev_health{pool="tank",vdev="ata-WDC_B"}"#, 2), (#"zfs_vdev_online{pool="rpool",vdev="nvme-eui.0025385b02-part3"}"#, 1),
            (#"zfs_vdev_slow_ios_total{pool="rpool",vdev="nvme-eui.0025385b01-part3"}"#, 7),
            (#"zfs_pool_scrub_running{pool="tank"}"#, 1), (#"zfs_pool_scrub_running{pool="rpool"}"#, 0),
            (#"zfs_pool_scrub_progress_ratio{pool="tank"}"#, 0.5), (#"zfs_pool_last_scrub_timestamp_seconds{pool="rpool"}"#, 1_794_705_964),
            (#"zfs_pool_last_scrub_duration_seconds{pool="rpool"}"#, 3723), (#"zfs_pool_data_errors{pool="tank"}"#, 4),
            (#"zfs_pool_last_resilver_timestamp_seconds{pool="cold store"}"#, 1_794_003_600),
            (#"zfs_zpool_command_success{command="status"}"#, 1),
            (#"zfs_vdev_info{pool="tank",vdev="nvme-s1",type="disk",role="special",parent="mirror-2"}"#, 1),
        ] as [(String, Double)] {
            #expect(trial.value(series) == value, "\(series)")
        }
        #expect(trial.value(#"zfs_pool_size_bytes{pool="cold store"}"#) == nil)
        #expect(trial.value(#"zfs_pool_last_scrub_timestamp_seconds{pool="tank"}"#) == nil)
        let coarse = try await scrape(ZFSCollector(ZFSSettings(), reports: reports), root: Self.root, detail: .guest)
        #expect(coarse.families.contains("zfs_pool_scrub_running") && !coarse.families.contains("zfs_vdev_health"))
    }

    @Test func `a program without JSON is asked for text, and not twice`() async throws {
        let place = try TemporaryFolder()
        let path = try Fixtures.program(
            """
            echo "$@" >> \(place.path)/asked
            case "$*" in
            list*) cat '\(Fixtures.folder)/zpool/list.txt';;
            status\\ -j*) echo "invalid option 'j'" >&2; exit 2;;
            *) cat '\(Fixtures.folder)/zpool/status-2.1.txt';;
            esac
            """, in: place)
        let reports = PoolReports()
        await reports.refresh(path)
        await reports.refresh(path)
        #expect(reports.view(maximumAgeSeconds: 60).status.keys.sorted() == ["cold store", "rpool", "tank"])
        let asked = String(decoding: try Files.read(place.path + "/asked"), as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: " ")[0...1]
        }
        #expect(asked.map { $0.joined(separator: " ") } == ["list -Hp", "status -j", "status -p", "list -Hp", "status -p"])
        // Another program may know more.
        try place.write("zpool", "#!/bin/sh\necho \"$@\" >> \(place.path)/asked\nexit 1\n")
        _ = chmod(path, 0o755)
        await reports.refresh(path)
        #expect(
            String(decoding: try Files.read(place.path + "/asked"), as: UTF8.self).contains(
                "status -p -s\nlist -Hp -o name,size,alloc,free,checkpoint,expandsize,frag,dedup,health,freeing,leaked,readonly\nstatus -j")
        )
    }

    @Test func `a scrub that ZFS has forgotten is remembered`() async throws {
        let place = try TemporaryFolder()
        let path = try Fixtures.program(status: "status-2.3.json", json: true, in: place)
        let reports = await Fixtures.reports(path)
        _ = try Fixtures.program(status: "status-2.3-paused-resilver.json", json: true, in: place)
        await reports.refresh(path)
        let trial = try await scrape(ZFSCollector(ZFSSettings(), reports: reports), root: Self.root)
        #expect(trial.value(#"zfs_pool_resilver_running{pool="rpool"}"#) == 1)
        #expect(trial.value(#"zfs_pool_last_scrub_timestamp_seconds{pool="rpool"}"#) == 1_794_705_964)
        #expect(trial.value(#"zfs_pool_scrub_paused{pool="tank"}"#) == 1)
    }

    @Test(arguments: [
        ("echo 'The ZFS modules cannot be auto-loaded.' >&2; exit 1", "failed", "The ZFS modules cannot be auto-loaded."),
        ("printf 'a\\033[31mb\\n' >&2; exit 1", "failed", "\\u001b"), ("echo nonsense", "malformed", "nonsense"),
        ("kill -9 $$", "failed", "signal 9"),
        ("exec head -c 100000000 /dev/zero", "too_large", "printed more than"), ("exec sleep 600", "deadline", "did not answer"),
    ])
    func `what fails is one problem`(script: String, reason: String, words: String) async throws {
        let place = try TemporaryFolder()
        let reports = PoolReports(commandSeconds: 1, program: ZpoolProgram())
        await reports.refresh(try Fixtures.program(script, in: place))
        let trial = try await scrape(ZFSCollector(ZFSSettings(), reports: reports), root: Self.root)
        #expect(trial.problems.count == 1)
        #expect(trial.reasons == ["arc: \(reason)"])
        #expect(trial.problems.first?.message.contains(words) == true, "\(trial.problems)")
        #expect(trial.value(#"zfs_pool_health{pool="tank"}"#) == 1)
        #expect(trial.value(#"zfs_zpool_command_success{command="list"}"#) == 0)
        #expect(trial.value(#"zfs_zpool_command_age_seconds{command="list"}"#) == nil)
    }

    @Test func `a program that is not there is a problem when it was named`() async throws {
        let reports = await Fixtures.reports("/nowhere/zpool")
        let trial = try await scrape(ZFSCollector(ZFSSettings(), reports: reports), root: Self.root)
        #expect(trial.problems.map(\.message) == ["cannot start /nowhere/zpool: No such file or directory"])
    }

    @Test(arguments: [0, 1]) func `without pools nothing is wrong`(status: Int) async throws {
        let place = try TemporaryFolder()
        let reports = await Fixtures.reports(try Fixtures.program("echo 'no pools available' >&2; exit \(status)", in: place))
        let view = reports.view(maximumAgeSeconds: 60)
        #expect(view.problem == nil && view.list.isEmpty && view.status.isEmpty && view.ages.count == 2)
    }

    @Test func `an answer that is too old is dropped`() async throws {
        let place = try TemporaryFolder()
        let path = try Fixtures.program(status: "status-2.3.json", json: true, in: place)
        let reports = await Fixtures.reports(path)
        #expect(reports.view(maximumAgeSeconds: 60).list.count == 3)
        try place.write("zpool", "#!/bin/sh\nexit 1\n")
        _ = chmod(path, 0o755)
        await reports.refresh(path)
        let kept = reports.view(maximumAgeSeconds: 60)
        #expect(kept.list.count == 3 && kept.problem != nil)
        let dropped = reports.view(maximumAgeSeconds: 0)
        #expect(dropped.list.isEmpty && dropped.status.isEmpty && dropped.scrubs.isEmpty && dropped.ages.isEmpty)
    }

    @Test func `one that hangs is killed, with what it started`() async throws {
        let place = try TemporaryFolder()
        let path = try Fixtures.program("sleep 600 & echo $! > \(place.path)/child; sleep 600", in: place)
        let reports = PoolReports(commandSeconds: 0.5, program: ZpoolProgram())
        let begin = ContinuousClock.now
        await reports.refresh(path)
        #expect((ContinuousClock.now - begin).seconds < 8)
        let child = try #require(Int32(try Files.readLine(place.path + "/child")))
        // It is init's child now, and gone or a zombie as soon as the kernel gets round to it.
        #expect(try await comes { (try? Files.readLine("/proc/\(child)/stat"))?.contains(") Z ") ?? true })
    }

    @Test func `whoever does not want it any more waits no longer`() async throws {
        let place = try TemporaryFolder()
        let path = try Fixtures.program("exec sleep 600", in: place)
        let task = Task.detached {
            let begin = ContinuousClock.now
            await PoolReports().refresh(path)
            return (ContinuousClock.now - begin).seconds
        }
        try await Task.sleep(for: .milliseconds(300))
        task.cancel()
        #expect(await task.value < 5)
    }

    @Test func `two are never there at once`() async throws {
        let place = try TemporaryFolder()
        let path = try Fixtures.program("echo > \(place.path)/started; exec sleep 2", in: place)
        let program = ZpoolProgram()
        async let first = program.run(path, [], by: .after(seconds: 30))
        #expect(try await comes { Files.exists(place.path + "/started") })
        guard case .stuck = await program.run(path, [], by: .after(seconds: 30)) else {
            Issue.record("a second one was started")
            return
        }
        guard case .outcome(let outcome) = await first, outcome.isGone else {
            Issue.record("the first did not end")
            return
        }
        guard case .outcome = await program.run(path, [], by: .after(seconds: 30)) else {
            Issue.record("none was started after the first")
            return
        }
    }

    /// As one that waits for a disk that has gone.
    @Test func `one that cannot be killed is given up, and no other is started while it is there`() async throws {
        let process = StuckProcess()
        let program = ZpoolProgram { _, _, _, onResult in
            process.state.withLock { $0.started += 1 }
            onResult(.success(ChildProcess.Outcome(conclusion: .late, output: [], errors: [], isGone: false)))
            while !process.state.withLock({ $0.isGone }) { usleep(10_000) }
        }
        let reports = PoolReports(commandSeconds: 1, program: program)
        await reports.refresh("/sbin/zpool")
        await reports.refresh("/sbin/zpool")
        #expect(process.state.withLock { $0.started } == 1)
        #expect(reports.view(maximumAgeSeconds: 60).problem?.message.contains("hangs in the kernel still") == true)
        process.state.withLock { $0.isGone = true }
        #expect(
            try await comes {
                await reports.refresh("/sbin/zpool")
                return process.state.withLock { $0.started } > 1
            })
    }

    @Test func `the log says once that there is no ZFS`() async throws {
        let place = try TemporaryFolder()
        let http = try HTTPClient()
        defer { http.close() }
        let lines = LogLines()
        var settings = ZFSSettings()
        settings.intervalSeconds = 0.05
        let task = Task.detached { [settings] in
            await ZFSCollector(settings).run(lines.context(http: http, fileSystemRoot: place.path))
        }
        _ = try await comes { !lines.lines.isEmpty }
        // A few periods more.
        try await Task.sleep(for: .milliseconds(300))
        task.cancel()
        await task.value
        #expect(lines.lines.count == 1 && lines.lines.first?.contains("no ZFS on this machine") == true)
    }

    /// Whether something comes about, on however slow a machine.
    private func comes(_ wish: () async throws -> Bool) async throws -> Bool {
        let end = Deadline.after(seconds: 30)
        while try await !wish() {
            if end.hasPassed { return false }
            try await Task.sleep(for: .milliseconds(5))
        }
        return true
    }
}
