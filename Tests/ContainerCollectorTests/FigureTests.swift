import CollectorConformance
import Testing

@testable import ContainerCollector

@Suite struct FigureTests {
    private static let docker = "f45d1efb6a97"

    @Test func `version 2`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let trial = try await scrape(collector(), folder)
        #expect(trial.problems.isEmpty)
        #expect(trial.containers == [Self.docker, "llm", "ollama"])
        let expected: [(String, String?, Double)] = [
            ("cpu_seconds_total", "user", 0.065931), ("cpu_seconds_total", "system", 1.21754), ("cpu_throttled_seconds_total", nil, 0.902),
            ("cpu_limit_cores", nil, 0.3), ("memory_usage_bytes", nil, 2_000_000), ("memory_working_set_bytes", nil, 1_700_000),
            ("memory_limit_bytes", nil, 33_554_432), ("memory_anonymous_bytes", nil, 114_688), ("memory_cache_bytes", nil, 500_000),
            ("memory_swap_bytes", nil, 4096), ("memory_page_faults_total", "major", 7), ("memory_page_faults_total", "minor", 28_851),
            ("oom_kills_total", nil, 3), ("processes", nil, 2), ("threads", nil, 2), ("threads_limit", nil, 50),
            ("io_bytes_total", "read", 8192), ("io_bytes_total", "write", 190_644_224), ("io_operations_total", "write", 2909),
            ("pressure_waiting_seconds_total", "memory", 0.00863), ("pressure_stalled_seconds_total", "io", 0.039711),
            ("network_bytes_total", "receive", 1000), ("network_bytes_total", "transmit", 2000), ("network_packets_total", "transmit", 20),
            ("network_errors_total", "receive", 1), ("network_dropped_packets_total", "transmit", 4), ("state", "running", 1),
            ("start_time_seconds", nil, 1_795_321_000),
        ]
        for (name, label, value) in expected {
            let found = try #require(trial.value(name, Self.docker, label), "\(name) \(label ?? "")")
            #expect(abs(found - value) < 1e-9 * max(1, value), "\(name) \(label ?? "")")
        }
    }

    @Test func `a disk that stands there twice is one`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let twice = "254:0 rbytes=8192 wbytes=1 rios=2 wios=3\n254:0 rbytes=9 wbytes=9 rios=9 wios=9\n"
        try folder.write("sys/fs/cgroup/\(TemporaryFolder.dockerGroup)/io.stat", twice)
        let trial = try await scrape(collector { $0.hasCAdvisorNames = true }, folder)
        #expect(trial.value("io_bytes_total", Self.docker, "read") == 8192)
    }

    @Test func `a guest has what is in it, and no bridges`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let trial = try await scrape(collector(), folder)
        #expect(trial.value("network_bytes_total", "llm", "receive") == 7)
        #expect(trial.value("processes", "llm") == 2)
        #expect(trial.value("gpu_assigned", "llm", "1") == 1)
    }

    @Test func `version 1 with version 2 beside it`() async throws {
        let folder = try TemporaryFolder()
        let group = "libpod_parent/libpod-\(TemporaryFolder.podman)"
        let files = [
            "cpuacct/\(group)/cpuacct.usage": "21914872\n", "cpuacct/\(group)/cpuacct.stat": "user 12\nsystem 5\n",
            "cpu/\(group)/cpu.stat": "nr_periods 9\nnr_throttled 4\nthrottled_time 62116118\nnr_bursts 0\n",
            "cpu/\(group)/cpu.cfs_quota_us": "-1\n", "cpu/\(group)/cpu.cfs_period_us": "100000\n",
            "memory/\(group)/memory.usage_in_bytes": "1687552\n", "memory/\(group)/memory.limit_in_bytes": "9223372036854771712\n",
            "memory/\(group)/memory.stat":
                "cache 1\ninactive_file 9\ntotal_cache 16384\ntotal_rss 57344\ntotal_swap 0\ntotal_inactive_file 983040\n",
            "memory/\(group)/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", "memory/\(group)/cgroup.procs": "55\n",
            "blkio/\(group)/blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\n8:0 Write 8192\n8:0 Total 12288\nTotal 12288\n",
            "pids/\(group)/pids.current": "1\n", "pids/\(group)/pids.max": "max\n", "freezer/\(group)/freezer.state": "FROZEN\n",
            "unified/cgroup.controllers": "\n",
            "unified/\(group)/cpu.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\n",
        ]
        for (name, text) in files { try folder.write("sys/fs/cgroup/\(name)", text) }
        let trial = try await scrape(collector(), folder)
        let name = "0e80bb2c7b8f"
        #expect(trial.value("cpu_seconds_total", name, "user") == 0.12 && trial.value("cpu_seconds_total", name, "system") == 0.05)
        #expect(trial.value("cpu_throttled_seconds_total", name) == 0.062116118)
        #expect(trial.value("cpu_limit_cores", name) == nil && trial.value("memory_limit_bytes", name) == nil)
        #expect(trial.value("threads_limit", name) == nil && trial.value("threads", name) == 1)
        #expect(trial.value("memory_working_set_bytes", name) == 704_512 && trial.value("memory_cache_bytes", name) == 16_384)
        #expect(trial.value("io_bytes_total", name, "read") == 4096 && trial.value("io_bytes_total", name, "write") == 8192)
        #expect(trial.value("oom_kills_total", name) == 2 && trial.value("state", name, "paused") == 1)
        #expect(trial.value("pressure_waiting_seconds_total", name, "cpu") == 2)
    }

    @Test func `version 1 of a kernel that does not count input and output`() async throws {
        let folder = try TemporaryFolder()
        let group = "libpod_parent/libpod-\(TemporaryFolder.podman)"
        try folder.write("sys/fs/cgroup/memory/\(group)/cgroup.procs", "55\n")
        for place in ["blkio", "blkio/\(group)"] {
            for file in ["io_service_bytes_recursive", "io_serviced_recursive"] {
                try folder.write("sys/fs/cgroup/\(place)/blkio.throttle.\(file)", "Total 0\n")
            }
        }
        #expect(try await scrape(collector(), folder).value("io_bytes_total", "0e80bb2c7b8f", "write") == nil)
        // A limit anywhere makes it count; who has done nothing then has 0.
        try folder.write("sys/fs/cgroup/blkio/blkio.throttle.io_service_bytes_recursive", "254:0 Read 0\n254:0 Write 9\nTotal 9\n")
        #expect(try await scrape(collector(), folder).value("io_bytes_total", "0e80bb2c7b8f", "write") == 0)
    }

    @Test func `what goes through a mapped device is counted once`() async throws {
        let folder = try TemporaryFolder()
        try folder.machine()
        try folder.group(TemporaryFolder.dockerGroup, pids: [101])
        try folder.write(
            "sys/fs/cgroup/\(TemporaryFolder.dockerGroup)/io.stat",
            "8:0 rbytes=100 wbytes=10 rios=1 wios=1 dbytes=0 dios=0\n253:0 rbytes=100 wbytes=10 rios=1 wios=1 dbytes=0 dios=0\n")
        try folder.write("sys/dev/block/253:0/slaves/sda/dev", "8:0\n")
        try folder.write("sys/dev/block/8:0/dev", "8:0\n")
        let trial = try await scrape(collector(), folder)
        #expect(trial.value("io_bytes_total", Self.docker, "read") == 100)
    }

    @Test func `numbers that are none, or too large, are absent`() async throws {
        let folder = try TemporaryFolder()
        try folder.machine()
        try folder.group(TemporaryFolder.dockerGroup, pids: [101])
        let group = "sys/fs/cgroup/\(TemporaryFolder.dockerGroup)"
        try folder.write("\(group)/memory.current", "99999999999999999999999\n")
        try folder.write("\(group)/cpu.max", "max 0\n")
        try folder.write("\(group)/cpu.stat", "usage_usec\nuser_usec -5\nsystem_usec 1x\n\n \n")
        try folder.write("\(group)/cgroup.procs", "0\n-3\nx\n")
        try folder.write("\(group)/io.stat", "8:0 rbytes= wbytes=x =5 rios\n")
        try folder.write("\(group)/pids.current", String(repeating: "1", count: 3 << 20))
        let trial = try await scrape(collector(), folder)
        for name in [
            "memory_usage_bytes", "memory_working_set_bytes", "cpu_limit_cores", "cpu_seconds_total", "threads", "network_bytes_total",
        ] {
            #expect(trial.value(name, Self.docker) == nil)
        }
        #expect(trial.value("processes", Self.docker) == 1 && trial.value("io_bytes_total", Self.docker, "read") == 0)
    }
}
