import CollectorConformance
import Primitives
import Synchronization
import Testing

@testable import GPUCollector

@Suite struct ConformanceTests {
    /// Names that others gave, with their units.
    private static let exceptions: Set<String> = ["nvidia_gpu_power_usage_milliwatts", "nvidia_gpu_fanspeed_percent"]

    @Test func `cards of every kind conform, and a machine without them`() async throws {
        let (whole, bare, none) = (try Estate(), try Estate(), try Estate())
        try whole.fill()
        // A card that has nothing to say but what it is.
        bare.book.take(ScriptedHelper.hello(["GPU-1"]), from: 1)
        bare.book.take(.card(CardSample(identity: CardIdentity(uuid: "GPU-1", index: 0))), from: 1)
        none.book.take(ScriptedHelper.hello([], code: 9), from: 1)
        let estate = Mutex(whole)
        func scene(_ name: String, _ expectation: Scene.Expectation, _ wanted: Estate) -> Scene {
            Scene(name, expectation, enter: { estate.withLock { $0 = wanted } })
        }
        let lacking = scene(
            "a bare card",
            .lacking(families: [
                "llm_monitor_gpu_power_watts", "llm_monitor_gpu_utilization_ratio", "llm_monitor_gpu_ecc_errors_total",
                "llm_monitor_gpu_owner_memory_bytes", "llm_monitor_gpu_owners", "llm_monitor_gpu_xid_errors_total",
                "llm_monitor_vgpu_instances", "nvidia_gpu_memory_used_bytes", "nvidia_gpu_fanspeed_percent",
            ]), bare)
        let violations = await CollectorConformance(
            prefixes: ["llm_monitor_gpu_", "llm_monitor_vgpu_", "llm_monitor_exporter_", "nvidia_gpu_"], ownPrefix: "llm_monitor_exporter_",
            exceptions: Self.exceptions, healthy: scene("two cards", .healthy, whole),
            broken: [lacking, scene("no driver", .dead, none)]
        ) { estate.withLock { $0 }.collector() }.violations()
        #expect(violations.isEmpty, "\(violations)")
    }
}
