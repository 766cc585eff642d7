import CollectorConformance
import Exporting
import Glibc
import Primitives
import Testing

@testable import Web

@Suite struct ProcessCollectorTests {
    /// A process whose name does its best to be taken for the end of it. Behind the name stand state, ppid, …; utime 250, stime 50,
    /// 7 threads, start 12345, 1 MiB of addresses, 10 pages.
    private static let stat =
        "4711 (evil) S 1) (x) R 1 4711 4711 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 7 0 12345 1048576 10 18446744073709551615 1 1 0\n"
    private static let limits = """
        Limit                     Soft Limit           Hard Limit           Units
        Max cpu time              unlimited            unlimited            seconds
        Max open files            1024                 524288               files
        Max locked memory         8388608              8388608              bytes

        """

    private static func folder(stat: String? = stat, boot: String? = "cpu 1 2\nbtime 1700000000\nprocesses 5\n", limits: String? = limits)
        throws
        -> TemporaryFolder
    {
        let folder = try TemporaryFolder()
        if let stat { try folder.write("proc/self/stat", stat) }
        if let boot { try folder.write("proc/stat", boot) }
        if let limits { try folder.write("proc/self/limits", limits) }
        for number in 0..<5 { try folder.write("proc/self/fd/\(number)", "") }
        return folder
    }

    private static func trial(_ root: String) async throws -> Trial {
        await Trial(ProcessCollector(), http: try HTTPClient(), fileSystemRoot: root)
    }

    @Test func `a folder of fixtures`() async throws {
        let folder = try Self.folder()
        let trial = try await Self.trial(folder.path)
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        #expect(trial.problems == [])
        #expect(trial.exposition["process_cpu_seconds_total"] == 300 / ticks)
        #expect(trial.exposition["process_threads"] == 7)
        #expect(trial.exposition["process_start_time_seconds"] == 1_700_000_000 + 12345 / ticks)
        #expect(trial.exposition["process_virtual_memory_bytes"] == 1_048_576)
        #expect(trial.exposition["process_resident_memory_bytes"] == 10 * Double(sysconf(Int32(_SC_PAGESIZE))))
        #expect(trial.exposition["process_open_fds"] == 5)
        #expect(trial.exposition["process_max_fds"] == 1024)
        #expect(trial.exposition.samples.count == 7)
    }

    @Test func `the real process`() async throws {
        let trial = try await Self.trial("")
        #expect(trial.problems == [])
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(trial.exposition["process_max_fds"] == Double(limit.rlim_cur))
        let now = WallClock.system.unixSeconds
        #expect(trial.exposition["process_start_time_seconds"].map { $0 > now - 86400 && $0 < now + 2 } == true)
        #expect(trial.exposition["process_resident_memory_bytes"].map { $0 > 1e6 && $0 < 1e11 } == true)
        for name in ["process_cpu_seconds_total", "process_threads", "process_virtual_memory_bytes", "process_open_fds"] {
            #expect(trial.exposition[name].map { $0 > 0 } == true, "\(name)")
        }
    }

    @Test(arguments: [
        "", "4711", "4711 (x)", "4711 (x) ", ")", "(((", "4711 (x) R 1 2 3", "4711 (x) R a b c d e f g h i j k l m n o p q r s t u v w",
    ])
    func `a line that is too short or no line`(stat: String) async throws {
        let folder = try Self.folder(stat: stat)
        let trial = try await Self.trial(folder.path)
        #expect(trial.exposition.samples.map(\.family) == ["process_open_fds", "process_max_fds"])
    }

    @Test(arguments: [("unlimited", 18_446_744_073_709_551_616), ("0", 0)])
    func limits(word: String, value: Double) async throws {
        let folder = try Self.folder(limits: "Max open files            \(word)   524288  files\n")
        let trial = try await Self.trial(folder.path)
        #expect(trial.exposition["process_max_fds"] == value)
    }

    @Test func conformance() async throws {
        let (whole, short) = (try Self.folder(), try Self.folder(boot: "cpu 1 2\n", limits: "Max cpu time unlimited\n"))
        let violations = await CollectorConformance(
            prefixes: ["process_"], healthy: Scene("fixtures", .healthy, fileSystemRoot: whole.path),
            broken: [
                Scene("no /proc", .dead, fileSystemRoot: "/nowhere"),
                Scene(
                    "no boot time and no limit", .lacking(families: ["process_start_time_seconds", "process_max_fds"]),
                    fileSystemRoot: short.path),
            ]
        ) { ProcessCollector() }.violations()
        #expect(violations.isEmpty)
    }

    @Test func `the exporter's own collector conforms`() async {
        let counts = HTTPServer.Counts()
        let version = Version(number: "1", revision: "r", swift: "6")
        let violations = await CollectorConformance(prefixes: ["martlet_"], healthy: Scene("serving", .healthy)) {
            ExporterCollector(version: version) { counts }
        }.violations()
        #expect(violations.isEmpty)
    }
}
