import Testing

@testable import ProxmoxCollector

@Suite struct MonitoringTagsTests {
    @Test(
        arguments: [
            ("mon-cpu-98", ["cpu": 0.98]), ("mon-mem-97.5", ["mem": 0.975]), ("mon-cpu-0", ["cpu": 0]), ("mon-cpu-100", ["cpu": 1]),
            ("mon-cpu-100.0", ["cpu": 1]), ("a;mon-cpu-90;mon-disk2-80;b", ["cpu": 0.9, "disk2": 0.8]),
            // Of two the lower, in whatever order.
            ("mon-cpu-98;mon-cpu-90", ["cpu": 0.9]), ("mon-cpu-90;mon-cpu-98", ["cpu": 0.9]), ("mon-cpu-100;mon-cpu-100", ["cpu": 1]),
            ("mon-cpu-007", ["cpu": 0.07]),
            // Commas and spaces separate as semicolons do.
            ("mon-cpu-98,mon-mem-90", ["cpu": 0.98, "mem": 0.9]), (" mon-cpu-98", ["cpu": 0.98]), ("mon-cpu-98,5", ["cpu": 0.98]),
        ] as [(String, [String: Double])])
    func thresholds(tags: String, thresholds: [String: Double]) {
        #expect(MonitoringTags(tags).thresholds == thresholds && MonitoringTags(tags).muted == [])
    }

    @Test(
        arguments: [
            ("mon-mute", ["all"]), ("mon-cpu-off", ["cpu"]), ("mon-mute;mon-cpu-off;mon-mem-off", ["all", "cpu", "mem"]),
            ("mon-mute-off", ["mute"]), ("mon-mute;mon-mute;mon-all-off", ["all"]), ("mon-off-off", ["off"]),
        ] as [(String, Set<String>)])
    func muted(tags: String, muted: Set<String>) {
        #expect(MonitoringTags(tags).muted == muted && MonitoringTags(tags).thresholds == [:])
    }

    @Test func `a threshold and silence for one word`() {
        let tags = MonitoringTags("mon-cpu-98;mon-cpu-off")
        #expect(tags.thresholds == ["cpu": 0.98] && tags.muted == ["cpu"])
    }

    @Test(arguments: [
        "", ";", ";;;", "mon", "mon-", "mon--", "mon-cpu", "mon-cpu-", "mon--98", "mon-cpu-101", "mon-cpu--1", "mon-cpu-1e1", "mon-cpu-nan",
        "mon-cpu-inf", "mon-cpu-0x10", "mon-cpu-98-5", "mon-cpu-98%", "mon-cpu-OFF", "mon-CPU-98", "mon-1cpu-98", "mon-c_u-98",
        "Mon-cpu-98",
        "mon-mute-", "mon-mutes", "mon-Mute", "xmon-cpu-98", "mon_cpu_98", "mon-cpu- 98", "mon-cpu-٩٨",
        "mon-ćpu-98", "mon-cpu-1.2.3", "mon-cpu-99.999999999", "mon-cpu-.", "mon.cpu.98", "mon-off", "mon-98",
        "mon-cpu-98\n", "mon-cpu\u{0}-98",
    ])
    func `what is no such tag says nothing`(tags: String) {
        #expect(MonitoringTags(tags) == MonitoringTags(""))
        // And does no harm to those that are.
        #expect(MonitoringTags("mon-io-50;\(tags);mon-net-off").thresholds["io"] == 0.5)
        #expect(MonitoringTags("mon-io-50;\(tags);mon-net-off").muted == ["net"])
    }

    @Test func `tags without end`() {
        let tags = (0..<100_000).map { "mon-w\($0)-\($0 % 100)" }.joined(separator: ";")
        #expect(MonitoringTags(tags).thresholds.count == 100_000)
    }
}
