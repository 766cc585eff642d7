import Testing

@testable import ProxmoxAPI

/// The scan line of `zpool status` as releases of OpenZFS have worded it.
@Suite struct PoolScanTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        var scrub: Bool? = false
        var resilver: Bool? = false
        var progress: Double?
        var time: Double?
        var errors: Double?

        var testDescription: String { String(text.prefix(60)) }
    }

    /// Sun Nov 15 01:26:04 2026
    private static let november = 1_794_705_964.0

    @Test(arguments: [
        Row(text: "none requested"),
        Row(text: "scrub repaired 0B in 01:02:03 with 0 errors on Sun Nov 15 01:26:04 2026", time: november, errors: 0),
        Row(text: "scrub repaired 1.50M in 0 days 01:02:03 with 12 errors on Sun Nov 15 01:26:04 2026\n", time: november, errors: 12),
        Row(text: "scrub repaired 0 in 0h1m with 0 errors on Sun Feb  1 00:24:01 2026", time: 1_769_905_441, errors: 0),
        Row(text: "scrub repaired 0B in 3 days 01:02:03 with 1 error on Thu Feb 29 23:59:60 2024", time: 1_709_251_200, errors: 1),
        Row(text: "scrub repaired 0B in 00:00:01 with 0 errors on Thu Jan  1 00:00:00 1970", time: 0, errors: 0),
        // What cannot be read is not there, and the rest is.
        Row(text: "scrub repaired 0B in 01:02:03 with many errors on Sun Nov 15 01:26:04 2026", time: november),
        Row(text: "scrub repaired 0B in 01:02:03 with 0 errors on So 15. Nov 01:26:04 2026", errors: 0),
        Row(text: "scrub repaired 0B in 01:02:03 with 0 errors on Sun Nov 31 01:26:04 2026", errors: 0),
        Row(text: "scrub repaired 0B in 01:02:03 with 0 errors on Sun Nov 15 24:26:04 2026", errors: 0),
        Row(text: "scrub repaired 0B in 01:02:03 with 0 errors on Sun Nov 15 01:26 2026", errors: 0),
        Row(text: "scrub repaired 0B in 01:02:03 with 0 errors on Sun Nov 15 01:26:04 99999999999999999999", errors: 0),
        Row(text: "scrub repaired 0B in 01:02:03 with 0 errors on Sun Nov", errors: 0), Row(text: "scrub repaired 0B with"),
        Row(
            text: """
                scrub in progress since Sun Nov 15 00:24:01 2026
                \t1.23T scanned at 456M/s, 789G issued at 123M/s, 5.00T total
                \t0B repaired, 12.34% done, 0 days 03:04:05 to go
                """, scrub: true, progress: 0.1234),
        Row(
            text: "scrub in progress since Sun Nov 15 00:24:01 2026 1.23T / 2.00T scanned at 1G/s, 500G / 2.00T issued at 500M/s "
                + "0B repaired, 24.41% done, 00:51:23 to go", scrub: true, progress: 0.2441),
        Row(
            text: "scrub in progress since Sun Nov 15 00:24:01 2026 0B repaired, 0.00% done, no estimated completion time", scrub: true,
            progress: 0),
        Row(text: "scrub in progress since Sun Nov 15 00:24:01 2026", scrub: true),
        Row(text: "scrub in progress since Sun Nov 15 00:24:01 2026 0B repaired, 101% done", scrub: true),
        Row(text: "scrub in progress since Sun Nov 15 00:24:01 2026 0B repaired, -1% done", scrub: true),
        Row(text: "scrub in progress since Sun Nov 15 00:24:01 2026 0B repaired, % done", scrub: true),
        Row(
            text:
                "scrub paused since Sun Nov 15 02:00:00 2026\n\tscrub started on Sun Nov 15 00:24:01 2026\n\t1T scanned, 0B repaired, 50.00% done",
            progress: 0.5),
        Row(text: "scrub canceled on Sun Nov 15 01:26:04 2026"), Row(text: "resilver canceled on Sun Nov 15 01:26:04 2026"),
        Row(text: "resilvered 1.2G in 00:01:02 with 3 errors on Sun Nov 15 01:26:04 2026"),
        Row(text: "resilvered (mirror-0) 1.2G in 00:01:02 with 0 errors on Sun Nov 15 01:26:04 2026"),
        Row(
            text: "resilver in progress since Sun Nov 15 00:24:01 2026\n\t10G resilvered, 7.50% done, 01:00:00 to go", resilver: true,
            progress: 0.075),
        Row(text: "resilver (draid1:3d:5c:0s-0) in progress since Sun Nov 15 00:24:01 2026 99.99% done", resilver: true, progress: 0.9999),
    ])
    func scan(row: Row) throws {
        let scan = try #require(PoolScan(row.text))
        #expect(scan.isScrubRunning == row.scrub && scan.isResilverRunning == row.resilver)
        #expect(scan.lastScrubLocalSeconds == row.time && scan.lastScrubErrors == row.errors)
        #expect(scan.progressRatio.map { ($0 * 1e6).rounded() / 1e6 } == row.progress)
    }

    @Test(arguments: [
        "", " \n\t", "scrub", "resilver", "resilvered", "none", "in progress", "scrub in", "scrub in doubt", "scrub (", "scrub ( )",
        "resilver (x)",
        "🦅 requested", "error scrub in progress since", String(repeating: "scrub", count: 1_000_000),
        String(repeating: " ", count: 5_000_000),
    ])
    func `words that nobody knows say nothing`(text: String) { #expect(PoolScan(text) == nil) }

    @Test func `what comes after a few thousand letters is not read`() throws {
        let scan = try #require(PoolScan("scrub in progress " + String(repeating: "x ", count: 2_500_000) + "50% done"))
        #expect(scan.isScrubRunning == true && scan.progressRatio == nil)
    }
}
