import CollectorConformance
import Exporting
import Glibc
import Metrics
import Primitives
import Testing

@testable import ZFSCollector

@Suite struct ConformanceTests {
    /// What ZFS 2.3 has no more, or not yet.
    private static let unseen: Set<String> = [
        "zfs_arc_mru_target_size_bytes", "zfs_arc_metadata_limit_bytes", "zfs_l2arc_devices", "zfs_pool_reads_total",
        "zfs_pool_read_bytes_total", "zfs_pool_writes_total", "zfs_pool_written_bytes_total", "zfs_pool_wait_time_seconds_total",
        "zfs_pool_run_time_seconds_total", "zfs_pool_waiting", "zfs_pool_running",
        // Of two resilvers one is at work and one is over, and a pool has one scan.
        "zfs_pool_resilver_progress_ratio", "zfs_pool_resilver_examined_bytes", "zfs_pool_resilver_to_examine_bytes",
        "zfs_pool_resilver_start_timestamp_seconds",
    ]

    private static func violations(_ broken: [Scene]) async throws -> [Violation] {
        let place = try TemporaryFolder()
        let reports = await Fixtures.reports(try Fixtures.program(status: "status-2.3.json", json: true, in: place))
        let healthy = Scene("ZFS 2.3", .healthy, fileSystemRoot: Fixtures.folder + "/zfs-2.3")
        return await CollectorConformance(prefixes: ["zfs_"], unseen: unseen, healthy: healthy, broken: broken) {
            ZFSCollector(ZFSSettings(), reports: reports)
        }.violations()
    }

    @Test func `a machine with three pools conforms`() async throws {
        let lacking = Scene(
            "ZFS 0.8",
            .lacking(families: [
                "zfs_arc_iohits_total", "zfs_arc_iohits_by_kind_total", "zfs_arc_list_content_bytes", "zfs_zil_commit_fallbacks_total",
                "zfs_objset_zil_commits_total", "zfs_pool_arc_reads_total", "zfs_pool_direct_reads_total", "zfs_zstd_buffers",
                "zfs_block_clone_events_total", "zfs_dmu_tx_quota_waits_total", "zfs_l2arc_rebuild_successes_total",
            ]), fileSystemRoot: Fixtures.folder + "/zfs-0.8")
        let violations = try await Self.violations([lacking])
        #expect(violations.isEmpty)
    }

    /// A file that is opened and never answers, as a file of the kernel may that waits for a lock.
    @Test func `a file of a pool hangs`() async throws {
        let place = try TemporaryFolder()
        for (name, text) in [("arcstats", Tree.arcstats), ("rpool/state", "ONLINE\n"), ("tank/guid", "7\n")] { try place.kstat(name, text) }
        let file = try HangingFile("\(place.path)\(KstatFolder.place)/tank/state")
        let scene = Scene(
            "tank hangs", .hanging(part: "pool/tank", survivors: ["arc", "pool/rpool"]), fileSystemRoot: place.path,
            leave: {
                file.release()
                usleep(200_000)
            })
        let violations = try await Self.violations([scene])
        #expect(violations.isEmpty)
    }
}
