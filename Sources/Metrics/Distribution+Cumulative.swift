/// Distributions that others have counted, as an exposition has them.
extension Distribution {
    /// A bucket of an exposition: how many observations are at most as large as its bound.
    package struct Bucket: Sendable, Equatable {
        package var bound: Double
        package var count: Double

        package init(bound: Double, count: Double) {
            self.bound = bound
            self.count = count
        }
    }

    /// Past this a Double does not tell one count from the next.
    private static let countLimit = 9_007_199_254_740_992.0

    /// What the buckets of an exposition say. Nil when they cannot be true: a bound that is no number, or stands there twice, none that is
    /// `+Inf`, a count that is no whole number or less than that of a smaller bound, a sum that is no number or has the wrong sign.
    ///
    /// - Parameter buckets: in any order.
    package init?(cumulative buckets: [Bucket], sum: Double) {
        var buckets = buckets
        if !zip(buckets, buckets.dropFirst()).allSatisfy({ $0.bound < $1.bound }) {
            guard buckets.allSatisfy({ !$0.bound.isNaN }) else { return nil }
            buckets.sort { $0.bound < $1.bound }
        }
        guard let last = buckets.last, last.bound == .infinity, last.count <= Self.countLimit, sum.isFinite else { return nil }
        var counts: [Int] = []
        counts.reserveCapacity(buckets.count)
        var (below, bound) = (0.0, -Double.infinity)
        for bucket in buckets {
            guard bucket.bound > bound, bucket.count >= below, bucket.count == bucket.count.rounded(),
                let count = Int(exactly: bucket.count - below)
            else { return nil }
            counts.append(count)
            (below, bound) = (bucket.count, bucket.bound)
        }
        let bounds = buckets.dropLast().map(\.bound)
        if bounds.first ?? 0 >= 0, sum < 0 { return nil }
        self.init(bounds: bounds, counts: counts, sum: sum)
    }

    /// What was counted of each bucket alone, the one without a bound last. Nil when it cannot be true.
    package init?(bounds: [Double], ownCounts: [Int], sum: Double) {
        guard ownCounts.count == bounds.count + 1 else { return nil }
        var below = 0.0
        let buckets = zip(bounds + [.infinity], ownCounts).map { bound, count in
            below += Double(count)
            return Bucket(bound: bound, count: below)
        }
        self.init(cumulative: buckets, sum: sum)
    }

    /// Both together, in the buckets that both have: of counts that add up, those are exact. Nil when that is more than can be counted.
    package func adding(_ other: Distribution) -> Distribution? {
        guard Double(count) + Double(other.count) <= Self.countLimit, (sum + other.sum).isFinite else { return nil }
        let common = bounds == other.bounds ? bounds : bounds.filter(Set(other.bounds).contains)
        let (left, right) = (counts(within: common), other.counts(within: common))
        return Distribution(bounds: common, counts: zip(left, right).map { $0 + $1 }, sum: sum + other.sum)
    }

    /// Counts of the buckets that are left when only these bounds are, all of which are its own.
    private func counts(within kept: [Double]) -> [Int] {
        guard kept.count < bounds.count else { return counts }
        var result: [Int] = []
        var count = 0
        for (place, bound) in bounds.enumerated() {
            count += counts[place]
            guard result.count < kept.count, kept[result.count] == bound else { continue }
            result.append(count)
            count = 0
        }
        return result + [count + counts[bounds.count]]
    }

    /// The same observations in another unit. Nil where numbers become so large or small that bounds are bounds no more.
    ///
    /// - Parameter convert: keeps the order of numbers, and 0.
    package func converted(_ convert: (Double) -> Double) -> Distribution? {
        let bounds = bounds.map(convert)
        guard bounds.allSatisfy(\.isFinite), zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }), convert(sum).isFinite else {
            return nil
        }
        return Distribution(bounds: bounds, counts: counts, sum: convert(sum))
    }
}
