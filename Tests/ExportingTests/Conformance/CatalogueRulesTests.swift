@testable import CollectorConformance
import Metrics
import Testing

@Suite struct CatalogueRulesTests {
    private static func checks(_ declare: (inout Catalogue) -> Void, exceptions: Set<String> = []) -> [Check] {
        var catalogue = Catalogue()
        declare(&catalogue)
        return CatalogueRules(prefixes: ["zfs_", "martlet_zfs_"], exceptions: exceptions).violations(catalogue.descriptors).map(\.check)
    }

    @Test(
        arguments: [
            ("zfs_arc_size_bytes", []), ("martlet_zfs_reads_ratio", []), ("zfs_", [.name]), ("pve_up", [.name]), ("zfs_Größe", [.name]),
            ("zfs_a:b", [.name]), ("zfs_a-b", [.name]), ("", [.name]), ("9zfs_a", [.name]), ("zfs_hits_total", [.suffix]),
            ("zfs_pool_info", [.suffix]), ("zfs_disk_count", [.suffix]), ("zfs_disk_sum", [.suffix]), ("zfs_disk_bucket", [.suffix]),
            ("zfs_disk_created", [.suffix]), ("zfs_delay_ms", [.unit]), ("zfs_clock_mhz", [.unit]), ("zfs_load_percent", [.unit]),
            ("zfs_load_Percent", [.unit]), ("zfs_percentile_rank", []), ("zfs_ms_bytes", [.unit]),
        ] as [(String, [Check])])
    func gaugeNames(name: String, checks: [Check]) {
        #expect(Self.checks { _ = $0.gauge(name, "Words.", source: "kstat") } == checks)
    }

    @Test(
        arguments: [
            ("zfs_hits_total", []), ("zfs_hits", [.suffix]), ("zfs_hits_total_info", [.suffix]), ("zfs_wait_ms_total", [.unit]),
            ("zfs_wait_seconds_total", []),
        ] as [(String, [Check])])
    func counterNames(name: String, checks: [Check]) {
        #expect(Self.checks { _ = $0.counter(name, "Words.", source: "kstat") } == checks)
    }

    @Test(arguments: [("zfs_pool_info", []), ("zfs_pool", [.suffix])] as [(String, [Check])])
    func infoNames(name: String, checks: [Check]) {
        #expect(Self.checks { _ = $0.info(name, "Words.", labels: LabelSchema("pool"), source: "kstat") } == checks)
    }

    @Test(
        arguments: [
            ("Size of the cache.", []), ("1 if the pool is there.", []), ("`ONLINE` or not, e.g.", []), ("", [.help]), ("Size", [.help]),
            ("size.", [.help]), ("Size. Of the cache.", [.help]), ("Size\nof the cache.", [.help]), ("Size...", [.help]),
            (" Size.", [.help]),
            ("Delay in milliseconds.", [.unit]), ("Percent of the cache.", [.unit]), ("Space from 0.5 to 1.", []),
        ] as [(String, [Check])])
    func helps(help: String, checks: [Check]) {
        #expect(Self.checks { _ = $0.gauge("zfs_size", help, source: "kstat") } == checks)
    }

    @Test(
        arguments: [
            (["pool", "vdev"], []), (["pool", "pool"], [.labelName]), (["le"], [.labelName]), (["quantile"], [.labelName]),
            (["job"], [.labelName]), (["instance"], [.labelName]), (["__name__"], [.labelName]), (["a-b"], [.labelName]),
            ([""], [.labelName]),
            (["1st"], [.labelName]), (["_a9"], [.labelName]), (["a_9"], []),
        ] as [([String], [Check])])
    func labelNames(names: [String], checks: [Check]) {
        let schema = names.reduce(LabelSchema.none) { $0.adding($1) }
        #expect(Self.checks { _ = $0.gauge("zfs_size", "Words.", labels: schema, source: "kstat") } == checks)
    }

    @Test func `an exception covers suffix and unit and nothing else`() {
        #expect(Self.checks({ _ = $0.gauge("zfs_x_total", "In percent.", source: "kstat") }, exceptions: ["zfs_x_total"]) == [])
        #expect(Self.checks({ _ = $0.gauge("zfs_x_total", "In percent.", source: "") }, exceptions: ["zfs_x_total"]) == [.source])
        #expect(
            Self.checks({ _ = $0.gauge("zfs_x", "Words.", source: "kstat") }, exceptions: ["zfs_x", "zfs_y"]) == [.exception, .exception])
    }

    @Test func `a name is declared once`() {
        let checks = Self.checks { catalogue in
            for _ in 0..<2 { _ = catalogue.gauge("zfs_x", "Words.", source: "kstat") }
        }
        #expect(checks == [.duplicateName])
    }

    @Test func `a catalogue whose names clash in OpenMetrics is refused`() {
        let checks = Self.checks { catalogue in
            _ = catalogue.gauge("zfs_reads", "Words.", source: "kstat")
            _ = catalogue.counter("zfs_reads_total", "Words.", source: "kstat")
            _ = catalogue.info("zfs_pool_info", "Words.", labels: LabelSchema("pool"), source: "kstat")
            _ = catalogue.gauge("zfs_pool", "Words.", source: "kstat")
        }
        #expect(checks == [.clash, .clash])
    }
}
