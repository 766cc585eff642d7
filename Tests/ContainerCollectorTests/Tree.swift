import CollectorConformance
import Exporting
import Glibc
import Metrics
import Ownership
import Primitives
import Testing
import Web

@testable import ContainerCollector

/// Trees of /sys and /proc that a test makes up, in the forms of real ones.
extension TemporaryFolder {
    static let docker = "f45d1efb6a97acffd81b6b4f5d5fd37f91c10b042a32be232f60c1071f7f4451"
    static let podman = "0e80bb2c7b8f494c4008b077700971ab1ad4e30b854514052bcf4f2cb5ed272f"
    static let dockerGroup = "system.slice/docker-\(docker).scope"

    /// A machine with version 2.
    func machine() throws {
        try write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n")
        try write("proc/stat", "cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\nbtime 1795320000\n")
        try process(1, start: 0, network: [("lo", 1, 1), ("eno1", 9, 9)])
    }

    /// A group of version 2 as a kernel 6.1 shows it, with numbers of its own.
    func group(_ path: String, pids: [Int] = [], usage: Int = 1 << 20, oomKills: Int = 0, isFrozen: Bool = false) throws {
        let files = [
            "cgroup.events": "populated 1\nfrozen \(isFrozen ? 1 : 0)\n", "cgroup.procs": pids.map { "\($0)\n" }.joined(),
            "cpu.stat":
                "usage_usec 1283471\nuser_usec 65931\nsystem_usec 1217540\nnr_periods 40\nnr_throttled 12\nthrottled_usec 902000\nnr_bursts 0\nburst_usec 0\n",
            "cpu.max": "30000 100000\n", "memory.current": "\(usage)\n", "memory.max": "33554432\n", "memory.peak": "33554432\n",
            "memory.swap.current": "4096\n",
            "memory.stat":
                "anon 114688\nfile 500000\nkernel 90112\ninactive_file 300000\nactive_file 200000\npgfault 28858\npgmajfault 7\n",
            "memory.events": "low 0\nhigh 0\nmax 113\noom 5\noom_kill \(oomKills)\noom_group_kill 0\n",
            "io.stat": "254:0 rbytes=8192 wbytes=190644224 rios=2 wios=2909 dbytes=0 dios=0\n253:1\n",
            "pids.current": "\(pids.count)\n", "pids.max": "50\n",
        ]
        for (name, text) in files { try write("sys/fs/cgroup/\(path)/\(name)", text) }
        for (resource, total) in [("cpu", 47654), ("memory", 8630), ("io", 79422)] {
            let text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=\(total)\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=\(total / 2)\n"
            try write("sys/fs/cgroup/\(path)/\(resource).pressure", text)
        }
    }

    /// A process with a network: name, received, transmitted.
    func process(_ pid: Int, start: Int = 100_000, network: [(String, Int, Int)] = [("lo", 5, 5), ("eth0", 1000, 2000)]) throws {
        try write("proc/\(pid)/stat", "\(pid) (sh) S 1 1 1 0 -1 4194560 1 0 0 0 5 3 0 0 20 0 1 0 \(start) 4096 64 1 1 1\n")
        let lines = network.map { "\($0.0): \($0.1) 10 1 2 0 0 0 0 \($0.2) 20 3 4 0 0 0 0\n" }
        let head =
            "Inter-|   Receive                            |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n"
        try write("proc/\(pid)/net/dev", head + lines.joined())
    }

    /// Puts a process into a namespace.
    func namespace(_ pid: Int, _ number: Int) throws {
        try Files.makeDirectory("\(path)/proc/\(pid)/ns")
        try #require(symlink("net:[\(number)]", "\(path)/proc/\(pid)/ns/net") == 0)
    }

    /// Docker's container, one of LXC with a card, and one that the settings name.
    func estate() throws {
        try machine()
        try group(Self.dockerGroup, pids: [101, 102], usage: 2_000_000, oomKills: 3)
        try process(101)
        try group("lxc/204", pids: [])
        try group("lxc/204/ns/init.scope", pids: [201])
        try group("lxc/204/ns/system.slice/docker-\(Self.podman).scope", pids: [150])
        try process(201, network: [("eth0", 7, 8), ("veth12", 100, 100), ("docker0", 50, 50)])
        try write("etc/pve/lxc/204.conf", "hostname: llm\ndev0: /dev/nvidia1\n")
        try group("system.slice/ollama.service", pids: [301])
        try process(301)
        try group("qemu.slice/100.scope", pids: [401])
        try group("machine.slice/libpod-conmon-\(Self.podman).scope", pids: [402])
    }
}

/// A collector for a tree, with an engine that nobody runs.
func collector(_ change: (inout ContainerSettings) -> Void = { _ in }) -> ContainerCollector {
    var settings = ContainerSettings()
    settings.cgroups = ["system.slice/ollama.*"]
    change(&settings)
    return ContainerCollector(settings, engine: ContainerEngine(sockets: []))
}

/// Reads a tree once.
func scrape(_ collector: ContainerCollector, _ folder: TemporaryFolder, detail: Detail = .all) async throws -> Trial {
    let http = try HTTPClient()
    defer { http.close() }
    let trial = await Trial(collector, http: http, fileSystemRoot: folder.path, detail: detail)
    #expect(trial.exposition.faults == [] && trial.duplicateCount == 0 && trial.pending == [] && trial.seconds != nil)
    return trial
}

extension Trial {
    /// The value of a series of a container, named without what all have.
    func value(_ name: String, _ container: String, _ label: String? = nil) -> Double? {
        let short = exposition.samples.first { sample in
            sample.series.hasPrefix("llm_monitor_container_\(name){")
                && sample.labels.contains { $0.name == "container" && $0.value == container }
                && (label == nil || sample.labels.last?.value == label)
        }
        return short?.value
    }

    var containers: [String] {
        exposition.samples.filter { $0.series.hasPrefix("llm_monitor_container_info{") }.compactMap { sample in
            sample.labels.first { $0.name == "container" }?.value
        }
    }
}
