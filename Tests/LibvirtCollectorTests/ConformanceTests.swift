import CollectorConformance
import Exporting
import Metrics
import Primitives
import Synchronization
import Testing
import Web

@testable import LibvirtCollector

/// The collector before a hypervisor that has everything, and before some that do not answer.
@Suite struct ConformanceTests {
    @Test func `conforms`() async throws {
        let hypervisor = ScriptedHypervisor(Estate.fill)
        // Of the healthy one a domain owed an answer once, as a family is about that alone.
        let whole = await Self.collector(hypervisor)
        let bare = await Self.collector(
            ScriptedHypervisor { state in
                state.domains = [DomainBasics(uuid: Estate.uuid, name: "web", id: 1)]
                state.errors = [
                    "virDomainGetXMLDesc": SourceError(.unsupported, ""), "virDomainListAllSnapshots": SourceError(.unsupported, ""),
                ]
            })
        let dead = await Self.collector(ScriptedHypervisor { $0.errors = ["open": SourceError(.lost, "nobody listens at the socket")] })
        let shown = Mutex(whole)
        func scene(_ name: String, _ expectation: Scene.Expectation, _ wanted: LibvirtCollector) -> Scene {
            Scene(name, expectation, enter: { shown.withLock { $0 = wanted } })
        }
        let own: Set<String> = [
            "libvirt_up", "libvirt_collection_interval_seconds", "libvirt_collection_duration_seconds", "libvirt_connections_opened_total",
            "libvirt_threads_hanging", "libvirt_threads_hanging_limit", "libvirt_threads_given_up_total",
        ]
        let gone = Set(whole.catalogue.descriptors.map(\.name)).subtracting(own)
        let violations = await CollectorConformance(
            prefixes: ["libvirt_"], unseen: Self.ofSuspects, healthy: scene("a hypervisor", .healthy, whole),
            broken: [
                scene("a bare domain", .lacking(families: ["libvirt_domain_block_stats_read_bytes_total", "libvirt_domain_info"]), bare),
                scene("no daemon", .lacking(families: gone.subtracting(Self.ofSuspects)), dead),
            ]
        ) { shown.withLock { $0 } }.violations()
        #expect(violations.isEmpty, "\(violations)")
    }

    @Test func `a limit is shown in the family of its unit`() async throws {
        let collector = await Self.collector(ScriptedHypervisor(Estate.fill))
        let http = try HTTPClient()
        defer { http.close() }
        let trial = await Trial(collector, http: http)
        let limits = trial.exposition.samples.map(\.series).filter { $0.hasPrefix("libvirt_domain_block_limit") }.sorted()
        let words = #"{uri="qemu:///system",domain="web",uuid="\#(Estate.uuid)",target_device="vda""#
        let families = [
            "burst_bytes_per_second", "burst_operations_per_second", "bytes_burst_seconds", "bytes_per_second", "operation_size_bytes",
            "operations_burst_seconds", "operations_per_second",
        ]
        #expect(
            limits
                == families.map { name in
                    "libvirt_domain_block_limit_\(name)\(words)\(name == "operation_size_bytes" ? "" : #",type="total""#)}"
                })
    }

    /// There only while a domain hangs, which is no healthy scene.
    private static let ofSuspects: Set<String> = ["libvirt_domain_suspect_call_info", "libvirt_domain_suspect_since_timestamp_seconds"]

    private static func collector(_ hypervisor: ScriptedHypervisor) async -> LibvirtCollector {
        let collector = LibvirtCollector(LibvirtSettings()) { _ in hypervisor }
        for book in collector.books {
            let watch = HypervisorWatch(book: book, settings: LibvirtSettings(), clock: .fixed(1_700_000_000), logger: .silent)
            _ = await watch.round()
            book.change { $0.roundSeconds = 0.1 }
        }
        return collector
    }
}
