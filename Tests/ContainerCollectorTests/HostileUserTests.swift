import CollectorConformance
import Glibc
import JSON
import Primitives
import Testing

@testable import ContainerCollector
@testable import Ownership

/// What a user without rights can do to the figures of others by what he makes in his own slice.
@Suite struct HostileUserTests {
    private static let slice = "user.slice/user-1000.slice/user@1000.service"
    private static let docker = "f45d1efb6a97"

    private static func id(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "a", count: 64 - digits.count) + digits
    }

    private static func dropped(_ trial: Trial) -> [String: Double] {
        let name = "llm_monitor_exporter_containers_dropped_total"
        let found = trial.exposition.samples.filter { $0.series.hasPrefix(name) }
        return Dictionary(uniqueKeysWithValues: found.map { ($0.labels.last?.value ?? "", $0.value) })
    }

    @Test func `empty groups without end cost nobody else a container`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let slice = "\(folder.path)/sys/fs/cgroup/\(Self.slice)"
        try Files.makeDirectory(slice)
        for number in 0..<20_100 { try #require(mkdir("\(slice)/g\(number)", 0o755) == 0) }
        try folder.group("user.slice/user-1001.slice/user@1001.service/libpod-\(Self.id(1)).scope", pids: [500])
        let trial = try await scrape(collector(), folder)
        #expect(trial.containers == [Self.docker, "llm", "ollama", "user@1001/aaaaaaaaaaaa"])
        #expect(trial.problems.isEmpty)
        #expect(Self.dropped(trial) == ["user-1000.slice": 1])
    }

    @Test func `containers without end cost nobody else a family`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let alone = try await scrape(collector(), folder)
        let count = alone.exposition.samples.filter { $0.series.hasPrefix("llm_monitor_container_") }.count
        for number in 0..<150 { try folder.group("\(Self.slice)/docker-\(Self.id(number)).scope", pids: []) }
        try folder.group("user.slice/user-1001.slice/user@1001.service/libpod-\(Self.id(1)).scope", pids: [])
        // Room for three more or so.
        let trial = try await scrape(collector { $0.limit = count + 120 }, folder)
        let ofOthers = { (trial: Trial) in
            trial.exposition.samples.filter { sample in
                sample.series.hasPrefix("llm_monitor_container_")
                    && sample.labels.contains { $0.name == "container" && [Self.docker, "llm", "ollama"].contains($0.value) }
            }.map(\.series)
        }
        #expect(ofOthers(trial) == ofOthers(alone))
        #expect(trial.containers.contains("user@1001/aaaaaaaaaaaa"))
        #expect(trial.exposition.samples.filter { $0.series.hasPrefix("llm_monitor_exporter_series_dropped_total") }.isEmpty)
        let left = try #require(Self.dropped(trial)["user-1000.slice"])
        #expect(left == Double(150 - trial.containers.filter { $0.hasPrefix("user@1000/") || $0.hasPrefix("aaaa") }.count))
        #expect(Self.dropped(trial)["user-1001.slice"] == nil)
    }

    @Test func `a user's group is not the engine's container of that id`() async throws {
        let folder = try TemporaryFolder()
        try folder.machine()
        try folder.group("\(Self.slice)/docker-\(TemporaryFolder.docker).scope", pids: [7])
        let json =
            #"{"Id":"\#(TemporaryFolder.docker)","Name":"/billing","State":{"Status":"exited","ExitCode":0},"Config":{"Image":"pay:1"}}"#
        let engine = try #require(try JSONDocument(parsing: Array(json.utf8)).withRoot { EngineContainer(inspection: $0, labels: []) })
        let groups = try #require(CgroupTree(fileSystemRoot: folder.path)).groups([]).groups
        func census(_ user: String) -> Census {
            Census(
                groups: groups, engine: [engine], product: "docker", user: user, isAnswering: true,
                machines: VMDirectory(fileSystemRoot: folder.path))
        }
        let found = census("").containers
        #expect(found.map(\.name) == ["billing", "user@1000/\(Self.docker)"])
        #expect(found.map { $0.group == nil } == [true, false] && found[1].engine == nil && found[1].image == "")
        #expect(found.map(\.id) == [TemporaryFolder.docker, "user@1000/\(TemporaryFolder.docker)"])
        // The engine of that user has the word about it.
        #expect(census("1000").containers.map(\.name) == ["billing"] && census("1000").containers[0].group != nil)
        #expect(census("1001").containers.count == 2)
    }

    @Test func `guests that a user pretends are none`() async throws {
        let folder = try TemporaryFolder()
        try folder.machine()
        for group in ["lxc/102", "lxc.payload.web", "qemu.slice/100.scope"] { try folder.group("\(Self.slice)/\(group)", pids: [7]) }
        #expect(try await scrape(collector(), folder).containers.isEmpty)
    }

    @Test func `names that come and go leave nothing behind`() throws {
        let memory = ContainerMemory()
        for round in 0..<50 {
            for number in 0..<200 {
                let place = CgroupPlace(
                    path: "/\(round.isMultiple(of: 2) ? "docker/" + Self.id(round * 200 + number) : "lxc/\(round)-\(number)")")
                let group = CgroupTree.Group(path: "x", place: place, isNamedBySettings: false)
                let container = Census.Container(
                    name: place.id, id: place.id, user: "", runtime: "", image: "", group: group, engine: nil, gpus: nil)
                #expect(memory.oomKills(container, counted: 1) == 1)
            }
            memory.endScrape()
        }
        #expect(memory.lifeCount <= ContainerMemory.lifeLimit + 200)
        for _ in 0..<100 { memory.endScrape() }
        #expect(memory.lifeCount == 0)
    }

    @Test func `of a guest with too many groups processes are not told, instead of a part of them`() async throws {
        let folder = try TemporaryFolder()
        try folder.machine()
        try folder.group("lxc/101", pids: [7])
        for number in 0..<1_100 { try folder.write("sys/fs/cgroup/lxc/101/g\(number)/cgroup.procs", "\(1_000 + number)\n") }
        try folder.group("lxc/102", pids: [])
        for number in 0..<700 { try folder.write("sys/fs/cgroup/lxc/102/g\(number)/cgroup.procs", "\(1_000 + number)\n") }
        let trial = try await scrape(collector(), folder)
        #expect(trial.value("processes", "101") == nil && trial.value("threads", "101") == 1)
        #expect(trial.value("processes", "102") == 700)
    }

    @Test func `an interface that is called as a bridge still counts when it leads out`() async throws {
        let folder = try TemporaryFolder()
        try folder.machine()
        for (pid, network) in [
            (11, [("lo", 5, 5), ("veth0", 9, 9)]), (12, [("lo", 5, 5), ("veth0", 9, 9), ("eth0", 0, 0), ("docker0", 7, 7)]),
        ] {
            try folder.group("lxc/1\(pid)", pids: [pid])
            try folder.process(pid, network: network)
            try folder.namespace(pid, pid)
        }
        try folder.write("proc/12/net/route", "Iface\tDestination\tGateway\nveth0\t00000000\t0100580A\ndocker0\t000011AC\t00000000\n")
        let trial = try await scrape(collector(), folder)
        #expect(trial.value("network_bytes_total", "111", "receive") == 9)
        #expect(trial.value("network_bytes_total", "112", "receive") == 9)
    }

    @Test func `a pipe in the place of a file of the kernel costs that file only`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let file = "\(folder.path)/sys/fs/cgroup/\(TemporaryFolder.dockerGroup)/memory.current"
        try #require(unlink(file) == 0 && mkfifo(file, 0o600) == 0)
        let trial = try await scrape(collector(), folder)
        #expect(trial.problems.isEmpty && trial.value("memory_usage_bytes", Self.docker) == nil)
        #expect(trial.value("memory_limit_bytes", Self.docker) == 33_554_432)
    }
}
