extension Exposition {
    /// How much of what was found is written.
    package struct Bounds: Sendable {
        /// Families that are finer are left out.
        package var detail: Detail
        /// Series of the whole exposition.
        package var series: Int
        /// The families of this catalogue and of those behind it stay, however many series there are; they count all the same.
        package var firstSpared: Int

        package init(detail: Detail = .all, series: Int = .max, firstSpared: Int = .max) {
            self.detail = detail
            self.series = series
            self.firstSpared = firstSpared
        }
    }

    /// A family that was left out because there were too many series, as far as one catalogue has given it.
    package struct Dropped: Sendable, Equatable {
        package let family: String
        package let detail: Detail
        /// The catalogue's place in the table.
        package let catalogue: Int
        package let series: Int

        package init(family: String, detail: Detail, catalogue: Int, series: Int) {
            self.family = family
            self.detail = detail
            self.catalogue = catalogue
            self.series = series
        }
    }

    /// Leaves out families until there are no more series than there may be. Also returns how many series are left.
    ///
    /// Whole families go, the finest first, of those the last of the exposition first. Not parts: a node that is left out looks dead, its
    /// guests are gone from every sum and every alert, and nobody is told. What is left without a few families is complete: each guest is
    /// there, sums and comparisons over all of them hold, and a panel on what is missing is empty instead of wrong.
    ///
    /// Only families of catalogues that have more than their share go: one that somebody else fills must not take those of the others away.
    /// The order looks neither at sizes beyond that nor at the scrape before, so that equal answers lose the same families each time, and in
    /// each of two exporters.
    ///
    /// - Parameter catalogues: for each source, the catalogue it was written with.
    static func drop(
        from runs: inout [[Run]], _ sources: [Source], _ catalogues: [Int], _ table: FamilyTable, _ bounds: Bounds
    ) -> ([Dropped], Int) {
        func series(_ run: Run, _ family: Int) -> Int {
            sources[run.source].seriesCount(of: run.metric, table.families[family].descriptor.kind)
        }
        var total = 0
        for (family, familyRuns) in runs.enumerated() {
            for run in familyRuns { total += series(run, family) }
        }
        guard total > bounds.series else { return ([], total) }

        var order = runs.indices.filter { family in
            !runs[family].isEmpty && runs[family].allSatisfy { catalogues[$0.source] < bounds.firstSpared }
        }.sorted { left, right in
            (table.families[left].descriptor.detail, left) > (table.families[right].descriptor.detail, right)
        }
        // What each catalogue has of that which may go.
        var uses: [Int: Int] = [:]
        for family in order {
            for run in runs[family] { uses[catalogues[run.source], default: 0] += series(run, family) }
        }
        var dropped: [Dropped] = []
        while total > bounds.series {
            let share = fairShare(of: bounds.series - (total - uses.values.reduce(0, +)), uses.values)
            let isNext = { (family: Int) in runs[family].contains { uses[catalogues[$0.source], default: 0] > share } }
            guard let place = order.firstIndex(where: isNext) else { break }
            let family = order.remove(at: place)
            let descriptor = table.families[family].descriptor
            let ofCatalogues = Dictionary(grouping: runs[family]) { catalogues[$0.source] }
            for (catalogue, gone) in ofCatalogues.sorted(by: { $0.key < $1.key }) {
                let count = gone.reduce(0) { $0 + series($1, family) }
                total -= count
                uses[catalogue, default: 0] -= count
                dropped.append(Dropped(family: descriptor.name, detail: descriptor.detail, catalogue: catalogue, series: count))
            }
            runs[family] = []
        }
        return (dropped, total)
    }
}

extension Exposition.Source {
    /// Lines that the text format has for a metric.
    fileprivate func seriesCount(of metric: Int, _ kind: MetricDescriptor.Kind) -> Int {
        let beside: Int
        switch kind {
        case .gauge, .counter, .info: return count(of: metric)
        case .histogram: beside = 3
        case .summary: beside = 2
        }
        return samples[starts[metric]..<starts[metric + 1]].reduce(0) { sum, sample in
            guard let index = Int(exactly: sample.value), buffer.distributions.indices.contains(index) else { return sum }
            return sum + (kind == .histogram ? buffer.distributions[index].bounds.count : 0) + beside
        }
    }
}
