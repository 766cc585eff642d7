import CollectorConformance
import Ownership
import Testing

@testable import ContainerCollector

/// Which containers are said to have cards, where no engine says so.
@Suite struct CardTests {
    private static let docker = "f45d1efb6a97"
    private static let devices = "c 1:3 rwm\nc *:* m\nb *:* m\nc 136:* rwm\n"

    private static func gpu(_ trial: Trial, _ container: String = docker) -> [String]? {
        let info = trial.exposition.samples.first { sample in
            sample.series.hasPrefix("llm_monitor_container_info{")
                && sample.labels.contains { $0.name == "container" && $0.value == container }
        }
        return info.map { info in ["gpu", "gpus"].map { name in info.labels.first { $0.name == name }?.value ?? "absent" } }
    }

    private static func machineWithCards() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.estate()
        try folder.write("proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.1\n")
        return folder
    }

    @Test func `what nobody knows is unknown, and without a driver there is nothing to have`() async throws {
        let folder = try Self.machineWithCards()
        #expect(Self.gpu(try await scrape(collector(), folder)) == ["unknown", ""])
        #expect(Self.gpu(try await scrape(collector(), folder), "llm") == ["true", "1"])
        let bare = try TemporaryFolder()
        try bare.estate()
        #expect(Self.gpu(try await scrape(collector(), bare)) == ["false", ""])
    }

    @Test func `who was seen at work on a card has one`() async throws {
        let folder = try Self.machineWithCards()
        try folder.write("proc/101/cgroup", "0::/\(TemporaryFolder.dockerGroup)\n")
        try folder.write("proc/301/cgroup", "0::/system.slice/ollama.service\n")
        let engine = ContainerEngine(sockets: [])
        var settings = ContainerSettings()
        settings.cgroups = ["system.slice/ollama.*"]
        let collector = ContainerCollector(settings, engine: engine)
        let finder = OwnerFinder(fileSystemRoot: folder.path, engine: engine)
        #expect(finder.owner(ofProcess: 101)?.name == Self.docker && finder.owner(ofProcess: 301) != nil)
        let trial = try await scrape(collector, folder)
        #expect(Self.gpu(trial) == ["true", ""] && Self.gpu(trial, "ollama") == ["true", ""])
    }

    @Test func `devices that were put into a container`() async throws {
        let folder = try Self.machineWithCards()
        let lines = [
            "36 35 0:6 /nvidia2 /dev/nvidia2 rw,nosuid - devtmpfs udev rw", "37 35 0:6 /nvidiactl /dev/nvidiactl rw - devtmpfs udev rw",
        ]
        try folder.write("proc/101/mountinfo", lines.joined(separator: "\n") + "\n")
        let trial = try await scrape(collector(), folder)
        #expect(Self.gpu(trial) == ["true", "2"] && trial.value("gpu_assigned", Self.docker, "2") == 1)
    }

    @Test(arguments: [
        (devices, ["false", ""]), (devices + "c 195:3 rw\nc 195:255 rw\n", ["true", "3"]), ("a *:* rwm\n", ["unknown", ""]),
        (devices + "c 195:* rwm\n", ["unknown", ""]), ("", ["unknown", ""]), ("nonsense\n", ["unknown", ""]),
    ])
    func `devices that a container may open, on version 1`(_ list: String, _ gpu: [String]) async throws {
        let folder = try TemporaryFolder()
        try folder.write("proc/driver/nvidia/version", "x\n")
        let group = "docker/\(TemporaryFolder.docker)"
        try folder.write("sys/fs/cgroup/memory/\(group)/cgroup.procs", "101\n")
        try folder.write("sys/fs/cgroup/devices/\(group)/devices.list", list)
        #expect(Self.gpu(try await scrape(collector(), folder)) == gpu)
    }
}
