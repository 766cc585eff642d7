import Metrics

/// How much of what a server told is shown.
extension ServerPicture {
    /// Series as they are written, of all that the server told.
    var wantedSeries: Int { series.values.reduce(0) { $0 + $1.seriesCount } }

    /// Leaves out families until no more series are shown than there may be. Returns how many went.
    ///
    /// Whole families go, so that what is left holds for every model: histograms first, as each of them is
    /// many series, the last first.
    mutating func cut(to limit: Int) -> Int {
        var counts: [ServingFamily: Int] = [:]
        for (series, value) in ordered { counts[series.family, default: 0] += value.seriesCount }
        let before = counts.values.reduce(0, +)
        var total = before
        guard total > limit else { return 0 }
        let families = ServingFamily.allCases.reversed()
        var gone: Set<ServingFamily> = []
        for family in families.filter({ $0.shape.kind == .histogram }) + families.filter({ $0.shape.kind != .histogram })
        where total > limit {
            guard let count = counts[family] else { continue }
            total -= count
            gone.insert(family)
        }
        ordered.removeAll { gone.contains($0.series.family) }
        return before - total
    }
}

extension ServerPicture.Value {
    /// Lines of the text format.
    fileprivate var seriesCount: Int {
        switch self {
        case .number: 1
        case .distribution(let distribution): distribution.bounds.count + 3
        }
    }
}
