import CollectorConformance
import Glibc
import Testing

@testable import ContainerCollector

@Suite struct ConformanceTests {
    private static let prefixes = ["llm_monitor_container_", "llm_monitor_exporter_", "container_"]
    /// What only an engine knows, or only version 1 has, or what is not so in a healthy scene.
    private static let unseen: Set<String> = [
        "llm_monitor_container_health_state", "llm_monitor_container_restarts_total", "llm_monitor_container_exit_code",
        "llm_monitor_exporter_container_engine_answer_age_seconds", "llm_monitor_exporter_series_dropped_total",
        "llm_monitor_exporter_containers_dropped_total", "container_spec_cpu_shares",
    ]

    @Test func `a machine with containers conforms`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let bare = try TemporaryFolder()
        try bare.write("proc/stat", "btime 1\n")
        let poor = try TemporaryFolder()
        try poor.machine()
        try poor.write("sys/fs/cgroup/docker/\(TemporaryFolder.docker)/cgroup.procs", "7\n")
        let violations = await CollectorConformance(
            prefixes: Self.prefixes, ownPrefix: "llm_monitor_exporter_", unseen: Self.unseen,
            healthy: Scene("estate", .healthy, fileSystemRoot: folder.path),
            broken: [
                Scene("no groups", .dead, fileSystemRoot: bare.path),
                Scene(
                    "no controllers",
                    .lacking(families: ["llm_monitor_container_memory_usage_bytes", "llm_monitor_container_io_bytes_total"]),
                    fileSystemRoot: poor.path),
            ]
        ) {
            collector { $0.hasCAdvisorNames = true }
        }.violations()
        #expect(violations.isEmpty)
    }

    /// A file that is opened and never answers, as one of the kernel may that waits for a lock.
    @Test func `a file of a container hangs`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let broken = try TemporaryFolder()
        try broken.machine()
        try broken.group(TemporaryFolder.dockerGroup, pids: [7])
        let file = try HangingFile("\(broken.path)/sys/fs/cgroup/\(TemporaryFolder.dockerGroup)/memory.stat")
        let scene = Scene(
            "memory.stat hangs", .hanging(part: ContainerCollector.part, survivors: []), fileSystemRoot: broken.path,
            leave: {
                file.release()
                usleep(200_000)
            })
        let violations = await CollectorConformance(
            prefixes: Self.prefixes, ownPrefix: "llm_monitor_exporter_", unseen: Self.unseen,
            healthy: Scene("estate", .healthy, fileSystemRoot: folder.path), broken: [scene]
        ) {
            collector { $0.hasCAdvisorNames = true }
        }.violations()
        #expect(violations.isEmpty)
    }
}
