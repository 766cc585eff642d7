import CollectorConformance
import Exporting
import LibvirtAPI
import Metrics
import Primitives
import Testing
import Web

@testable import LibvirtCollector

/// Over libvirt's own library, to its driver for tests, which has one domain and tells little of it.
@Suite(.enabled(if: (try? LibvirtLibrary.load()) != nil, "libvirt0 is not installed")) struct RealLibraryTests {
    private static func samples(_ uri: String) async throws -> [String: Double] {
        var settings = LibvirtSettings()
        settings.uris = [HypervisorURI(verbatim: uri)]
        let collector = LibvirtCollector(settings)
        let watch = HypervisorWatch(book: collector.books[0], settings: settings, clock: .system, logger: .silent)
        // Of a driver that tells no statistics the first round finds out which disks there are.
        for _ in 0..<2 { _ = await watch.round() }
        let http = try HTTPClient()
        defer { http.close() }
        let trial = await Trial(collector, http: http)
        #expect(trial.exposition.faults.isEmpty && trial.exposition.duplicates.isEmpty)
        return Dictionary(trial.exposition.samples.map { ($0.series, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    @Test func `the test driver's domain is shown`() async throws {
        let shown = try await Self.samples("test:///default")
        let uri = #"uri="test:///default""#
        let domain = #"{\#(uri),domain="test",uuid="6695eb01-f6a4-8304-79aa-97f2502e193f"}"#
        #expect(shown["libvirt_up{\(uri)}"] == 1 && shown["libvirt_domains_number{\(uri)}"] == 1)
        #expect(shown["libvirt_domain_state_code" + domain] == 1 && shown["libvirt_domain_info_virtual_cpus" + domain] == 2)
        #expect(shown["libvirt_domain_info_maximum_memory_bytes" + domain] == 8_589_934_592)
        #expect(shown["libvirt_domain_info_memory_usage_bytes" + domain] == 2_147_483_648)
        #expect(shown["libvirt_domain_suspect" + domain] == 0 && shown["libvirt_domain_persistent" + domain] == 1)
        #expect(shown["libvirt_host_cpus{\(uri)}"] == 16 && shown["libvirt_host_memory_bytes{\(uri)}"] == 3_221_225_472)
        #expect(shown[#"libvirt_network_active{\#(uri),network="default"}"#] == 1)
        #expect(shown[#"libvirt_storage_pool_info{\#(uri),storage_pool="default-pool",type="dir"}"#] == 1)
        #expect(shown["libvirt_statistics_supported{\(uri)}"] != nil)
        #expect((shown[#"libvirt_storage_pool_capacity_bytes{\#(uri),storage_pool="default-pool"}"#] ?? 0) > 1e9)
        #expect(shown.keys.contains { $0.hasPrefix("libvirt_versions_info") && $0.contains(#"hypervisor="TEST""#) })
        #expect(shown.keys.contains { $0.hasPrefix("libvirt_domain_block_stats_info") && $0.contains("/guest/diskimage1") })
        #expect(shown.contains { $0.key.hasPrefix("libvirt_domain_block_error_code") && $0.value == 1 })
        // What this driver does not tell is absent.
        #expect(!shown.keys.contains { $0.hasPrefix("libvirt_domain_block_stats_read") || $0.hasPrefix("libvirt_domain_memory_stats_rss") })
    }

    @Test(arguments: ["qemu+unix:///system?socket=/nonexistent/libvirt-sock-ro", "test:///nonexistent.xml", "nonsense://x/y"])
    func `who cannot be reached is down, and nothing is known`(_ uri: String) async throws {
        let shown = try await Self.samples(uri)
        let label = HypervisorURI(verbatim: uri).label
        #expect(shown["libvirt_up{uri=\"\(label)\"}"] == 0)
        #expect(!shown.keys.contains { $0.hasPrefix("libvirt_domain") })
    }
}
