/// A histogram: how many observations were in which bucket, and their sum.
///
/// Observations have a weight, as an engine's step gives a part of a token to each of its requests between two moments.
struct Distribution: Sendable {
    /// In rising order; the last bucket, which has no edge, is not among them.
    let edges: [Double]
    /// One more than edges.
    private(set) var weights: [Double]
    private(set) var sum = 0.0
    private(set) var weight = 0.0

    init(edges: [Double]) {
        self.edges = edges
        weights = [Double](repeating: 0, count: edges.count + 1)
    }

    /// Observations so far.
    var count: Double { weight.rounded(.down) }

    mutating func add(_ value: Double, weight: Double = 1) {
        guard weight > 0 else { return }
        weights[bucket(of: value)] += weight
        sum += value * weight
        self.weight += weight
    }

    /// Calls with each edge and how many observations were not above it, the infinite one last. Whole numbers that never fall.
    func forEachBucket(_ body: (_ edge: Double, _ cumulative: Double) -> Void) {
        var cumulative = 0.0
        for (position, edge) in edges.enumerated() {
            cumulative += weights[position]
            // The sum of parts may be a hair off the whole.
            body(edge, min((cumulative + 1e-6).rounded(.down), count))
        }
        body(.infinity, count)
    }

    /// The value below which that part of the observations is, as Prometheus reckons it; nil without any.
    func quantile(_ part: Double) -> Double? {
        guard weight > 0 else { return nil }
        let rank = part * weight
        var cumulative = 0.0
        for (position, edge) in edges.enumerated() {
            let next = cumulative + weights[position]
            if next >= rank, weights[position] > 0 {
                let low = position > 0 ? edges[position - 1] : 0
                return low + (edge - low) * (rank - cumulative) / weights[position]
            }
            cumulative = next
        }
        return edges.last
    }

    private func bucket(of value: Double) -> Int {
        var (low, high) = (0, edges.count)
        while low < high {
            let middle = (low + high) / 2
            if edges[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
