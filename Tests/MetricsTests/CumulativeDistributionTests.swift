import Metrics
import Testing

@Suite("Histograms that others have counted")
struct CumulativeDistributionTests {
    private static func distribution(_ buckets: [(Double, Double)], sum: Double = 1) -> Distribution? {
        Distribution(cumulative: buckets.map { Distribution.Bucket(bound: $0.0, count: $0.1) }, sum: sum)
    }

    @Test("Buckets are taken apart, in whatever order they stand")
    func apart() {
        let found = Self.distribution([(1, 3), (.infinity, 7), (0.5, 1)], sum: 12.5)
        #expect(found?.bounds == [0.5, 1] && found?.counts == [1, 2, 4] && found?.sum == 12.5 && found?.count == 7)
        #expect(Self.distribution([(.infinity, 0)], sum: 0)?.bounds == [])
        // Where a bound is negative the sum may be.
        #expect(Self.distribution([(-1, 1), (.infinity, 1)], sum: -4)?.counts == [1, 0])
    }

    @Test(
        "What cannot be true is none",
        arguments: [
            [], [(1, 2)], [(.nan, 1), (.infinity, 2)], [(1, 3), (.infinity, 2)], [(1, 1), (1, 1), (.infinity, 2)],
            [(1, -1), (.infinity, 2)], [(1, .nan), (.infinity, 2)], [(1, 1), (.infinity, .nan)], [(1, 0.5), (.infinity, 2)],
            [(1, 1), (.infinity, .infinity)], [(1, 1), (.infinity, 1e300)], [(-.infinity, 1), (.infinity, 2)],
            [(1, 1), (.infinity, 2), (.infinity, 2)],
        ] as [[(Double, Double)]])
    func untrue(buckets: [(Double, Double)]) {
        #expect(Self.distribution(buckets) == nil)
    }

    @Test("Nor is a sum that is no number, or has the wrong sign", arguments: [.nan, .infinity, -1] as [Double])
    func sums(sum: Double) {
        #expect(Self.distribution([(1, 1), (.infinity, 2)], sum: sum) == nil)
    }

    @Test("Two add up in the buckets that both have")
    func adding() {
        let left = Self.distribution([(1, 1), (2, 3), (4, 6), (.infinity, 10)], sum: 20)
        let same = left.flatMap { $0.adding($0) }
        #expect(same?.bounds == [1, 2, 4] && same?.counts == [2, 4, 6, 8] && same?.sum == 40)
        let other = Self.distribution([(2, 5), (3, 6), (.infinity, 7)], sum: 9)
        let both = left.flatMap { left in other.flatMap { left.adding($0) } }
        #expect(both?.bounds == [2] && both?.counts == [8, 9] && both?.sum == 29 && both?.count == 17)
        let none = Self.distribution([(9, 1), (.infinity, 1)])
        #expect(left.flatMap { left in none.flatMap { left.adding($0) } }?.counts == [11])
        let huge = Self.distribution([(.infinity, 9_007_199_254_740_992)])
        #expect(huge.flatMap { $0.adding($0) } == nil)
    }

    @Test("Another unit")
    func converted() {
        let milliseconds = Self.distribution([(100, 1), (500, 2), (.infinity, 2)], sum: 350)
        let found = milliseconds?.converted { $0 / 1000 }
        #expect(found?.bounds == [0.1, 0.5] && found?.sum == 0.35 && found?.counts == [1, 1, 0])
        #expect(milliseconds?.converted { $0 * 1e307 } == nil)
        #expect(milliseconds?.converted { _ in 0 } == nil)
    }
}
