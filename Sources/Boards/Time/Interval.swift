/// Grafana's rule of steps: the range over the points that there is room for, rounded to what people count in, and no less than what is scraped.
package enum Interval {
    /// Below each bound, in milliseconds, stands what an interval is rounded to.
    private static let table: [(below: Double, rounded: Double)] = [
        (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1_500, 1_000), (3_500, 2_000), (7_500, 5_000),
        (12_500, 10_000), (17_500, 15_000), (25_000, 20_000), (45_000, 30_000), (90_000, 60_000), (210_000, 120_000), (450_000, 300_000),
        (750_000, 600_000), (1_050_000, 900_000), (1_500_000, 1_200_000), (2_700_000, 1_800_000), (5_400_000, 3_600_000),
        (9_000_000, 7_200_000), (16_200_000, 10_800_000), (32_400_000, 21_600_000), (86_400_000, 43_200_000), (604_800_000, 86_400_000),
        (1_814_400_000, 604_800_000), (3_628_800_000, 2_592_000_000),
    ]

    package static func rounded(milliseconds: Double) -> Double {
        table.first { milliseconds < $0.below }?.rounded ?? 31_536_000_000
    }

    /// Milliseconds of an interval for a range with room for so many points.
    package static func milliseconds(range: Double, points: Int, minimum: Double) -> Double {
        max(rounded(milliseconds: range / Double(max(1, points))), minimum, 1)
    }

    /// Milliseconds of a query's step: as above, but so that the answer has no more points than Prometheus gives.
    package static func step(range: Double, points: Int, minimum: Double, factor: Int) -> Double {
        let wished = milliseconds(range: range, points: points, minimum: minimum) * Double(max(1, min(factor, 1_000)))
        let least = range / 10_990
        return wished >= least ? wished : rounded(milliseconds: least) >= least ? rounded(milliseconds: least) : least.rounded(.up)
    }

    /// `$__rate_interval`, in milliseconds: four scrapes at least, so that there are two samples in it even when one scrape failed.
    package static func rate(step: Double, scrape: Double) -> Double { max(step + scrape, 4 * scrape) }
}
