import Metrics

// What is put together once the whole text has been read.

extension ExpositionMapper {
    /// - Parameter sum: makes one of the series that are shown as one.
    mutating func finish(
        _ picture: inout ServerPicture, _ sum: ([CounterMemory.Count]) -> [(target: CounterMemory.Target, value: ServerPicture.Value)]
    ) {
        picture.unmappedFamilies = unmapped
        settleHistograms(&picture)
        // Of several names of one thing the first counts.
        var best: [Int: Int] = [:]
        for (place, source) in index.sources.enumerated() where hasSource[place] {
            best[source.number] = min(best[source.number] ?? .max, source.rank)
        }
        func isBest(_ source: Int) -> Bool { best[index.sources[source].number] == index.sources[source].rank }
        for (target, number) in numbers where isBest(target.source) {
            let row = index.sources[target.source].row
            picture.familiesOfExposition.insert(row.ours)
            guard case .states(let states) = row.taking else {
                guard number.isFinite else {
                    picture.losses.count("value")
                    continue
                }
                picture.add(.init(family: row.ours, model: target.model, labels: target.labels), .number(number))
                continue
            }
            for (place, state) in states.enumerated() {
                let labels = target.labels + [state]
                picture.add(.init(family: row.ours, model: target.model, labels: labels), .number(number == Double(place) ? 1 : 0))
            }
        }
        for (target, value) in sum(counts) where isBest(target.source) {
            let family = index.sources[target.source].row.ours
            picture.familiesOfExposition.insert(family)
            guard value.amount.isFinite else {
                picture.losses.count("value")
                continue
            }
            let model = target.model.map { picture.models.place(shownAs: $0) }
            picture.add(.init(family: family, model: model, labels: target.labels), value)
        }
    }

    private mutating func settleHistograms(_ picture: inout ServerPicture) {
        for histogram in histograms {
            let buckets = histogram.buckets
            guard buckets.count <= Self.bucketLimit, let whole = Distribution(cumulative: buckets, sum: histogram.sum ?? .nan) else {
                picture.losses.count("histogram")
                continue
            }
            for source in index.known[histogram.place].sources {
                let row = index.sources[source].row
                guard row.kind == .histogram else { continue }
                hasSource[source] = true
                let target = Target(source: source, model: histogram.model, labels: [])
                switch row.taking {
                case .sum: count(histogram.key, target, .number(row.converted(whole.sum)), picture)
                case .count: count(histogram.key, target, .number(Double(whole.count)), picture)
                default:
                    guard let shown = row.factor == 1 ? whole : whole.converted(row.converted) else {
                        picture.losses.count("histogram")
                        continue
                    }
                    count(histogram.key, target, .distribution(shown), picture)
                }
            }
        }
    }
}
