import CollectorConformance
import Exporting
import Metrics
import Testing

@testable import GPUCollector

@Suite struct ScrapeTests {
    private static func series(_ trial: Trial, _ prefix: String) -> [String] {
        trial.text.split(separator: "\n").map(String.init).filter { $0.hasPrefix(prefix) }
    }

    @Test func `owners have names`() async throws {
        let estate = try Estate()
        try estate.fill()
        let trial = try await estate.scrape()
        let labels = #"gpu_uuid="GPU-1",gpu_index="0",owner_kind="#
        #expect(
            Set(Self.series(trial, "llm_monitor_gpu_owner_memory_bytes{\(labels)")) == [
                #"llm_monitor_gpu_owner_memory_bytes{\#(labels)"container",owner="c0ffee12c0ff"} 4294967296"#,
                #"llm_monitor_gpu_owner_memory_bytes{\#(labels)"unit",owner="ollama.service"} 2147483648"#,
                #"llm_monitor_gpu_owner_memory_bytes{\#(labels)"vm",owner="web01"} 1048576"#,
            ])
        #expect(
            Self.series(trial, "llm_monitor_gpu_owner_utilization_ratio{\(labels)\"container\"")
                == [#"llm_monitor_gpu_owner_utilization_ratio{\#(labels)"container",owner="c0ffee12c0ff"} 0.6"#])
        #expect(trial.text.contains(#"llm_monitor_gpu_owner_info{owner_kind="vm",owner="web01",owner_id="101"} 1"#))
        #expect(trial.text.contains(#"llm_monitor_gpu_process_memory_bytes{gpu_uuid="GPU-1",gpu_index="0",pid="103",owner_kind="vm""#))
        let shy = try await estate.scrape { $0.isPerProcess = false }
        #expect(!shy.text.contains("pid="))
    }

    @Test func `a vGPU has the name of its VM`() async throws {
        let estate = try Estate()
        try estate.fill()
        let trial = try await estate.scrape()
        let labels = #"gpu_uuid="GPU-2",gpu_index="1",vgpu_uuid="vgpu-1",vm_id="101",vm_name="web01""#
        #expect(trial.text.contains("llm_monitor_vgpu_sm_utilization_ratio{\(labels)} 0.4\n"))
        #expect(trial.text.contains("llm_monitor_vgpu_license_state{\(labels),state=\"licensed\"} 1\n"))
        #expect(trial.text.contains("llm_monitor_vgpu_license_state{\(labels),state=\"unlicensed\"} 0\n"))
    }

    @Test func `names are chosen`() async throws {
        let estate = try Estate()
        try estate.fill()
        let both = try await estate.scrape()
        let native = try await estate.scrape { $0.names = .native }
        let compatible = try await estate.scrape { $0.names = .compatible }
        #expect(both.text.contains("nvidia_gpu_") && both.text.contains("llm_monitor_gpu_"))
        #expect(!native.text.contains("nvidia_gpu_") && native.text.contains("llm_monitor_gpu_"))
        #expect(compatible.text.contains("nvidia_gpu_") && !compatible.text.contains("llm_monitor_gpu_"))
        let labels = #"minor_number="3",uuid="GPU-1",name="NVIDIA H200""#
        for line in [
            "nvidia_gpu_num_devices 2", "nvidia_gpu_memory_used_bytes{\(labels)} 100754820096",
            "nvidia_gpu_memory_total_bytes{\(labels)} 150754820096",
            "nvidia_gpu_duty_cycle{\(labels)} 73", "nvidia_gpu_power_usage_milliwatts{\(labels)} 412345",
            "nvidia_gpu_temperature_celsius{\(labels)} 61", "nvidia_gpu_fanspeed_percent{\(labels)} 35",
        ] { #expect(compatible.text.contains(line + "\n"), "\(line)") }
    }

    @Test func `a card that is lost keeps its name and shows no numbers`() async throws {
        let estate = try Estate()
        try estate.fill()
        var identity = CardIdentity(uuid: "GPU-1", index: 0)
        identity.name = ""
        estate.book.take(.card(CardSample(identity: identity, condition: .lost)), from: 1)
        let trial = try await estate.scrape()
        #expect(trial.text.contains(#"llm_monitor_gpu_info{gpu_uuid="GPU-1",gpu_index="0",name="NVIDIA H200""#))
        #expect(trial.text.contains(#"llm_monitor_gpu_state{gpu_uuid="GPU-1",gpu_index="0",state="lost"} 1"#))
        #expect(trial.text.contains(#"llm_monitor_gpu_state{gpu_uuid="GPU-1",gpu_index="0",state="ok"} 0"#))
        #expect(trial.text.contains(#"llm_monitor_gpu_xid_errors_total{gpu_uuid="GPU-1",gpu_index="0",xid="31"} 1"#))
        // A series that is watched does not end with the card.
        #expect(trial.text.contains(#"llm_monitor_gpu_xid_errors_total{gpu_uuid="GPU-1",gpu_index="0",xid="79"} 0"#))
        for name in ["power_watts", "utilization_ratio", "owner_memory_bytes", "memory_used_bytes"] {
            #expect(!trial.text.contains("llm_monitor_gpu_\(name){gpu_uuid=\"GPU-1\""), "\(name)")
            #expect(trial.text.contains("llm_monitor_gpu_\(name){gpu_uuid=\"GPU-2\""), "\(name)")
        }
        #expect(trial.problems.map(\.part) == ["GPU-1"])
    }

    @Test func `XIDs that are watched for are there before the first of them`() async throws {
        let estate = try Estate()
        try estate.fill()
        let trial = try await estate.scrape()
        #expect(trial.text.contains(#"llm_monitor_gpu_xid_errors_total{gpu_uuid="GPU-1",gpu_index="0",xid="79"} 0"#))
        #expect(!trial.text.contains(#"llm_monitor_gpu_xid_last_timestamp_seconds{gpu_uuid="GPU-1",gpu_index="0",xid="79"}"#))
        // Nobody listens to the other card.
        #expect(Self.series(trial, #"llm_monitor_gpu_xid_errors_total{gpu_uuid="GPU-2""#).isEmpty)
    }

    @Test func `a card that hangs shows what it said last, and says so`() async throws {
        let estate = try Estate()
        try estate.fill()
        estate.book.take(.stuck(ReaderLine.StuckCall(uuid: "GPU-1", call: "nvmlDeviceGetPowerUsage", seconds: 9)), from: 1)
        let trial = try await estate.scrape()
        #expect(trial.text.contains(#"llm_monitor_gpu_state{gpu_uuid="GPU-1",gpu_index="0",state="stuck"} 1"#))
        #expect(trial.text.contains("llm_monitor_exporter_nvml_stuck 1\n"))
        #expect(trial.text.contains(#"llm_monitor_gpu_power_watts{gpu_uuid="GPU-1",gpu_index="0"} 412.345"#))
        #expect(trial.problems.contains { $0.part == "GPU-1" && $0.message.contains("nvmlDeviceGetPowerUsage") })
    }

    @Test func `without a library there is one number, and no problem where there is nothing to read`() async throws {
        let estate = try Estate()
        estate.book.take(ScriptedHelper.hello([], code: 12), from: 1)
        let trial = try await estate.scrape()
        #expect(trial.exposition.samples.map(\.series) == ["llm_monitor_exporter_nvml_return_code"])
        #expect(trial.problems.isEmpty)
        // Whoever names one wants it.
        #expect(try await estate.scrape { $0.library = "/opt/libnvidia-ml.so.1" }.problems.count == 1)
    }

    @Test func `who has a vGPU owns what it has, and not the host's service`() async throws {
        let estate = try Estate()
        try estate.fill()
        let labels = #"gpu_uuid="GPU-2",gpu_index="1",owner_kind="vm",owner="web01""#
        let trial = try await estate.scrape()
        #expect(trial.text.contains("llm_monitor_gpu_owner_memory_bytes{\(labels)} 1073741824\n"))
        #expect(trial.text.contains("llm_monitor_gpu_owner_utilization_ratio{\(labels)} 0.4\n"))
    }

    @Test func `owners of GPU instances have names`() async throws {
        let estate = try Estate()
        try estate.fill()
        let trial = try await estate.scrape()
        let labels = #"gpu_uuid="GPU-1",gpu_index="0",gpu_instance="2",owner_kind="container",owner="c0ffee12c0ff""#
        #expect(trial.text.contains("llm_monitor_gpu_mig_owner_memory_bytes{\(labels)} 4294967296\n"))
        #expect(trial.text.contains("llm_monitor_gpu_mig_owner_info{\(labels)} 1\n"))
    }

    @Test func `only owners with series have an id`() async throws {
        let estate = try Estate()
        var sample = CardSample(identity: CardIdentity(uuid: "GPU-1", index: 0))
        sample.processes = (1...250).map { ProcessSample(pid: $0, isCompute: true, memoryBytes: Double($0)) }
        estate.book.take(ScriptedHelper.hello(["GPU-1"]), from: 1)
        estate.book.take(.card(sample), from: 1)
        var usage = OwnerUsage()
        for pid in 1...250 { usage.owners[pid] = OwnerKey(kind: "unit", id: "\(pid).service", name: "\(pid).service") }
        usage.shares = OwnerUsage.shares(sample.processes ?? [], owners: usage.owners)
        estate.book.set(usage, of: "GPU-1", takenAt: .now)
        let trial = try await estate.scrape { $0.isPerProcess = false }
        #expect(Self.series(trial, "llm_monitor_gpu_owner_info{").count == 100)
        #expect(Self.series(trial, "llm_monitor_gpu_owner_memory_bytes{").count == 101)
    }

    @Test func `how many cards there are is a number, also when there are none`() async throws {
        let estate = try Estate()
        estate.book.take(ScriptedHelper.hello([]), from: 1)
        #expect(try await estate.scrape().text.contains("llm_monitor_gpu_devices 0\n"))
    }

    @Test func `a reload keeps what is known`() async throws {
        let estate = try Estate()
        try estate.fill()
        let (old, new) = (estate.collector(), estate.collector { $0.intervalSeconds = 9 })
        new.follow(old)
        #expect(new.catalogue.descriptors.count == old.catalogue.descriptors.count)
        let trial = try await estate.scrape()
        #expect(trial.text.contains("GPU-1"))
    }
}
