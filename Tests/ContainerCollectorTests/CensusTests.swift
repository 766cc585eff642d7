import CollectorConformance
import Exporting
import Metrics
import Ownership
import Settings
import Testing

@testable import ContainerCollector

@Suite struct CensusTests {
    @Test func `guests of one name are told apart by their ids`() async throws {
        let folder = try TemporaryFolder()
        try folder.machine()
        for vmid in ["101", "102", "103"] {
            try folder.group("lxc/\(vmid)", pids: [])
            try folder.write("etc/pve/lxc/\(vmid).conf", "hostname: \(vmid == "103" ? "web (102)" : "web")\n")
        }
        let trial = try await scrape(collector(), folder)
        #expect(Set(trial.containers).count == 3 && trial.containers.contains("web") && trial.containers.contains("web (102)"))
    }

    @Test func `hostile names stand on one line and stay apart`() async throws {
        let folder = try TemporaryFolder()
        try folder.machine()
        let long = String(repeating: "é", count: 4000)
        for vmid in ["101", "102"] {
            try folder.group("lxc/\(vmid)", pids: [])
            try folder.write("etc/pve/lxc/\(vmid).conf", "hostname: \(long)\\\"\u{1B}\n")
        }
        try folder.group("lxc.payload.a\"b", pids: [])
        let trial = try await scrape(collector(), folder)
        #expect(Set(trial.containers).count == 3)
    }

    @Test func `an order that stays`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let collector = collector()
        let first = try await scrape(collector, folder).text
        let second = try await scrape(collector, folder).text
        #expect(first == second)
    }

    @Test func `too many series lose whole families, the last first, and that is counted`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let whole = try await scrape(collector(), folder)
        let count = whole.exposition.samples.filter { $0.series.hasPrefix("llm_monitor_container_") }.count
        let small = collector { $0.limit = count / 2 }
        let trial = try await scrape(small, folder)
        let shown = trial.exposition.samples.filter { $0.series.hasPrefix("llm_monitor_container_") }.count
        #expect(shown <= count / 2 && shown > count / 4)
        #expect(trial.containers.count == 3)
        func dropped(_ trial: Trial) -> Double {
            trial.exposition.samples.filter { $0.series.hasPrefix("llm_monitor_exporter_series_dropped_total") }.reduce(0) { $0 + $1.value }
        }
        #expect(dropped(trial) == Double(count - shown))
        #expect(dropped(try await scrape(small, folder)) == Double(2 * (count - shown)))
        #expect(trial.value("network_dropped_packets_total", "llm", "receive") == nil)
    }

    @Test func `thirty series or so for a container`() async throws {
        let folder = try TemporaryFolder()
        try folder.estate()
        let trial = try await scrape(collector(), folder, detail: .standard)
        let count = trial.exposition.samples.filter { $0.labels.contains { $0.name == "container" && $0.value == "f45d1efb6a97" } }.count
        #expect((25...40).contains(count))
    }

    @Test func `settings`() throws {
        func settings(_ values: [String: String]) throws -> ContainerSettings {
            let environment = Dictionary(uniqueKeysWithValues: values.map { ("MARTLET_CONTAINERS__\($0.key)", $0.value) })
            let shape = SettingsShape.section([ContainerDefinition.section])
            return try ContainerSettings(try SettingsTree(file: nil, environment: environment, flags: [], shape: shape)["containers"])
        }
        #expect(try settings(["LABELS__0": "a.b", "LABELS__1": "c"]).labels == ["a.b", "c"])
        #expect(try settings([:]).labels == ContainerSettings.standardLabels)
        #expect(ContainerSettings.labelName("com.docker.compose-x/ü") == "label_com_docker_compose_x___")
        let bad = [["ENGINE_SOCKET": "docker.sock"], ["LABELS__0": "a.b", "LABELS__1": "a-b"], ["LIMIT": "5"], ["ENGINE_SOCKT": "/x"]]
        for values in bad { #expect((try? settings(values)) == nil) }
    }
}
