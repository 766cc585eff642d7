import Metrics

extension ServerPicture {
    /// A number, or a histogram.
    enum Value: Sendable, Equatable {
        case number(Double)
        case distribution(Distribution)

        /// The number, or how many observations there were.
        var amount: Double {
            switch self {
            case .number(let number): number
            case .distribution(let distribution): Double(distribution.count)
            }
        }

        /// Both together; nil where that cannot be counted, or they are no two of a kind.
        func adding(_ other: Value) -> Value? {
            switch (self, other) {
            case (.number(let left), .number(let right)): .number(left + right)
            case (.distribution(let left), .distribution(let right)): left.adding(right).map { .distribution($0) }
            default: nil
            }
        }

        /// What came since an earlier value; nil where it is none.
        func since(_ earlier: Value) -> Value? {
            switch (self, earlier) {
            case (.number(let now), .number(let then)): .number(now - then)
            case (.distribution(let now), .distribution(let then)): Self.difference(now, then).map { .distribution($0) }
            default: nil
            }
        }

        /// A number is at least so large, and of a histogram the sum.
        func raised(to number: Double, sum: Double) -> Value {
            switch self {
            case .number(let value): .number(max(value, number))
            case .distribution(let distribution):
                distribution.sum >= sum ? self : Self.with(distribution, sum: sum).map { .distribution($0) } ?? self
            }
        }

        private static func with(_ distribution: Distribution, sum: Double) -> Distribution? {
            Distribution(cumulative: cumulative(distribution.bounds, distribution.counts), sum: sum)
        }

        private static func cumulative(_ bounds: [Double], _ counts: [Int]) -> [Distribution.Bucket] {
            var count = 0
            return zip(bounds + [.infinity], counts).map { bound, more in
                count += more
                return Distribution.Bucket(bound: bound, count: Double(count))
            }
        }

        private static func difference(_ now: Distribution, _ then: Distribution) -> Distribution? {
            guard now.bounds == then.bounds else { return nil }
            let counts = zip(now.counts, then.counts).map { $0 - $1 }
            return Distribution(cumulative: cumulative(now.bounds, counts), sum: max(0, now.sum - then.sum))
        }
    }
}
