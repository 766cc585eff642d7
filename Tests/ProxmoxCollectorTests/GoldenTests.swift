import CollectorConformance
import ProxmoxCollector
import Testing

@Suite struct GoldenTests {
    /// Every family, each with its value from its field. To renew: print `trial.text` without comments, and read the difference.
    private static let golden = #"""
        pve_version_info{C,version="9.2.11",release="9.2",repoid="14a22df3"} 1
        """#

    @Test func `every field is in its family`() async throws {
        try await FakeProxmox.serve(WholeLab.table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.problems == [])
            var lines = ""
            for line in trial.text.split(separator: "\n") where !line.hasPrefix("#") { lines += line + "\n" }
            for (short, labels) in Self.abbreviations { lines = lines.split(separator: labels, omittingEmptySubsequences: false).joined(separator: short) }
            #expect(lines == Self.golden + "\n")
        }
    }

    private static let abbreviations = [
        ("VM", #"cluster="lab",node="pve1",vmid="100",name="web",type="qemu""#), ("CT", #"cluster="lab",node="pve1",vmid="200",name="ct",type="lxc""#),
        ("N", #"cluster="lab",node="pve1""#), ("C", #"cluster="lab""#),
    ]
}
