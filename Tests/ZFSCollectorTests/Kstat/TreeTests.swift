import CollectorConformance
import Exporting
import Glibc
import Metrics
import Primitives
import Testing
import Web

@testable import ZFSCollector

@Suite struct TreeTests {
    @Test func `no ZFS is no problem and no series`() async throws {
        let place = try TemporaryFolder()
        let trial = try await scrape(ZFSCollector(ZFSSettings()), root: place.path)
        #expect(trial.exposition.samples.isEmpty && trial.problems.isEmpty && trial.parts.isEmpty)
    }

    @Test func `rows, labels and units of ZFS 2_3`() async throws {
        let trial = try await scrape(ZFSCollector(ZFSSettings()), root: Fixtures.folder + "/zfs-2.3")
        #expect(trial.problems.isEmpty)
        #expect(trial.parts == ["arc", "pool/rpool", "pool/tank", "pool/cold store"])
        for (series, value) in [
            (#"zfs_info{version="2.3.4-pve1"}"#, 1), ("zfs_arc_size_bytes", 15_123_456_512), ("zfs_arc_memory_available_bytes", -1_234_567),
            ("zfs_l2arc_write_bytes_total", 18_446_744_073_709_551_616), (#"zfs_pool_health{pool="cold store"}"#, 6),
            (#"zfs_pool_state{pool="tank",state="degraded"}"#, 1), (#"zfs_pool_state{pool="tank",state="online"}"#, 0),
            (#"zfs_pool_info{pool="tank",guid="17446744073709551615"}"#, 1),
        ] as [(String, Double)] {
            #expect(trial.value(series) == value, "\(series)")
        }
        let reads = trial.exposition.samples.filter { $0.family == "zfs_objset_reads_total" }
        #expect(reads.count == 16)
        let ofGuest = reads.filter { $0.label("vmid") == "204" }.map { "\($0.label("dataset") ?? "") \($0.label("disk") ?? "")" }
        #expect(
            ofGuest == [
                "rpool/data/vm-204-disk-0 disk-0", "rpool/data/vm-204-cloudinit cloudinit", "tank/vm-204-disk-1 disk-1",
                "tank/vm-204-state-before-upgrade state-before-upgrade",
            ])
        #expect(reads.contains { $0.label("dataset") == #"tank/a"b\c"# && $0.label("vmid") == "" })
    }

    @Test func `what ZFS 0_8 has not is absent`() async throws {
        let trial = try await scrape(ZFSCollector(ZFSSettings()), root: Fixtures.folder + "/zfs-0.8")
        #expect(trial.problems.isEmpty)
        #expect(trial.families.isDisjoint(with: ["zfs_arc_iohits_total", "zfs_pool_direct_reads_total", "zfs_objset_zil_commits_total"]))
        #expect(trial.families.isSuperset(of: ["zfs_arc_metadata_limit_bytes", "zfs_pool_read_bytes_total", "zfs_pool_waiting"]))
        #expect(trial.value(#"zfs_pool_health{pool="backup"}"#) == 2)
        #expect(trial.value(#"zfs_pool_info{pool="backup",guid=""}"#) == 1)
        #expect(trial.value(#"zfs_pool_wait_time_seconds_total{pool="rpool"}"#).map { $0 < 1 } == true)
    }

    @Test func `a level reads no finer file`() async throws {
        let place = try TemporaryFolder()
        try place.kstat("arcstats", Tree.arcstats)
        try place.kstat("abdstats", "broken")
        try place.kstat("tank/objset-0x1", "broken")
        #expect(try await scrape(ZFSCollector(ZFSSettings()), root: place.path, detail: .guest).problems.isEmpty)
        #expect(try await scrape(ZFSCollector(ZFSSettings()), root: place.path, detail: .disk).reasons == ["pool/tank: malformed"])
        #expect(
            try await scrape(ZFSCollector(ZFSSettings()), root: place.path, detail: .all).reasons == [
                "arc: malformed", "pool/tank: malformed",
            ])
    }

    @Test func `a broken file takes nothing else along`() async throws {
        let place = try TemporaryFolder()
        try place.kstat("arcstats", String(repeating: "x", count: 10 << 20))
        try place.kstat("zil", Tree.named([("zil_commit_count", 4, "7")]))
        try place.kstat("tank/state", "SPLENDID\n")
        try place.kstat("tank/objset-0x1", Tree.objset("tank"))
        let trial = try await scrape(ZFSCollector(ZFSSettings()), root: place.path)
        #expect(trial.reasons == ["arc: too_large", "pool/tank: malformed"])
        #expect(trial.value("zfs_zil_commits_total") == 7)
        #expect(trial.families.isDisjoint(with: ["zfs_pool_health", "zfs_pool_state"]))
        #expect(trial.value(#"zfs_objset_reads_total{pool="tank",dataset="tank",vmid="",disk=""}"#) == 2)
    }

    @Test func `rows and datasets that stand there twice are shown once`() async throws {
        let place = try TemporaryFolder()
        try place.kstat("arcstats", Tree.named([("size", 4, "1"), ("size", 4, "2"), ("deleted", 3, "-5")]))
        try place.kstat("tank/objset-0x1", Tree.objset("tank/a", writes: 1))
        try place.kstat("tank/objset-0x2", Tree.objset("tank/a", writes: 2))
        try place.kstat("tank/objset-0xzz", "junk")
        let trial = try await scrape(ZFSCollector(ZFSSettings()), root: place.path)
        #expect(trial.problems.isEmpty)
        #expect(trial.value("zfs_arc_size_bytes") == 1)
        #expect(!trial.families.contains("zfs_arc_deleted_total"))
        #expect(trial.value(#"zfs_objset_writes_total{pool="tank",dataset="tank/a",vmid="",disk=""}"#) == 1)
    }

    @Test func `of too many datasets the first are shown`() async throws {
        let place = try TemporaryFolder()
        for number in 1...30 { try place.kstat("tank/objset-0x\(String(number, radix: 16))", Tree.objset("tank/d\(number)")) }
        let trial = try await scrape(ZFSCollector(ZFSSettings(), datasetLimit: 20), root: place.path)
        #expect(trial.reasons == ["pool/tank: too_large"])
        let names = trial.exposition.samples.filter { $0.family == "zfs_objset_reads_total" }.compactMap { $0.label("dataset") }
        #expect(names == (1...20).map { "tank/d\($0)" })
    }

    @Test func `pools come and go`() async throws {
        let place = try TemporaryFolder()
        let collector = ZFSCollector(ZFSSettings())
        try place.kstat("one/state", "ONLINE\n")
        #expect(try await scrape(collector, root: place.path).parts == ["arc", "pool/one"])
        try place.kstat("two/state", "ONLINE\n")
        #expect(try await scrape(collector, root: place.path).parts == ["arc", "pool/one", "pool/two"])
        let old = "\(place.path)\(KstatFolder.place)/one"
        try #require(unlink(old + "/state") == 0 && rmdir(old) == 0)
        let trial = try await scrape(collector, root: place.path)
        #expect(trial.parts == ["arc", "pool/two"] && trial.problems.isEmpty)
    }

    @Test func `one that hangs is not read again until it has answered`() async throws {
        let place = try TemporaryFolder()
        try place.kstat("tank/guid", "7\n")
        let file = try HangingFile("\(place.path)\(KstatFolder.place)/tank/state")
        let collector = ZFSCollector(ZFSSettings())
        #expect(try await self.reasons(collector, place) == ["pool/tank: deadline"])
        #expect(try await self.reasons(collector, place) == ["pool/tank: quarantined"])
        try #require(unlink("\(place.path)\(KstatFolder.place)/tank/state") == 0)
        try place.kstat("tank/state", "ONLINE\n")
        file.release()
        usleep(300_000)
        #expect(try await self.reasons(collector, place) == [])
    }

    private func reasons(_ collector: ZFSCollector, _ place: TemporaryFolder) async throws -> [String] {
        let http = try #require(try? HTTPClient())
        defer { http.close() }
        return await Trial(collector, http: http, fileSystemRoot: place.path, deadlineSeconds: 0.5).reasons
    }
}
