/// Observations of one series: how many there were, their sum and, with bounds, how many of each size.
package struct Distribution: Sendable, Equatable {
    /// Upper bounds of the buckets, ascending; the bucket without a bound stands behind them. None for a summary.
    package let bounds: [Double]
    /// Observations of each bucket alone, the one without a bound last.
    package private(set) var counts: [Int]
    package private(set) var sum = 0.0

    package init(bounds: [Double] = []) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    /// - Parameter counts: one more than there are bounds.
    init(bounds: [Double], counts: [Int], sum: Double) {
        self.bounds = bounds
        self.counts = counts
        self.sum = sum
    }

    package var count: Int { counts.reduce(0, +) }

    /// - Parameter value: not negative, unless a bound is; what is no number is not counted, as no sum would be one after it.
    package mutating func observe(_ value: Double) {
        guard !value.isNaN else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[bucket] += 1
        sum += value
    }
}
