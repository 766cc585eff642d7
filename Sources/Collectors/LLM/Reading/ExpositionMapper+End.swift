import Metrics

// What is put together once the whole text has been read.

extension ExpositionMapper {
    mutating func finish(_ picture: inout ServerPicture) {
        picture.unmappedFamilies = unmapped
        let distributions = settleHistograms(&picture)
        // Of several names of one thing the first counts.
        var best: [Int: Int] = [:]
        for (place, source) in index.sources.enumerated() where hasSource[place] {
            best[source.number] = min(best[source.number] ?? .max, source.rank)
        }
        func isBest(_ source: Int) -> Bool { best[index.sources[source].number] == index.sources[source].rank }
        for (target, number) in numbers where isBest(target.source) {
            let row = index.sources[target.source].row
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
        for (target, distribution) in distributions where isBest(target.source) {
            let family = index.sources[target.source].row.ours
            picture.add(.init(family: family, model: target.model, labels: []), .distribution(distribution))
        }
    }

    private mutating func settleHistograms(_ picture: inout ServerPicture) -> [Target: Distribution] {
        var found: [Target: Distribution] = [:]
        for histogram in histograms {
            guard let whole = Distribution(cumulative: histogram.buckets, sum: histogram.sum ?? .nan) else {
                picture.losses.count("histogram")
                continue
            }
            for source in index.known[histogram.place].sources {
                let row = index.sources[source].row
                guard row.kind == .histogram else { continue }
                hasSource[source] = true
                let target = Target(source: source, model: histogram.model, labels: [])
                switch row.taking {
                case .sum: add(target, row, row.converted(whole.sum))
                case .count: add(target, row, Double(whole.count))
                default:
                    let both = row.factor == 1 ? whole : whole.converted(row.converted)
                    guard let both, let sum = found[target].map({ $0.adding(both) }) ?? both else {
                        picture.losses.count("histogram")
                        continue
                    }
                    found[target] = sum
                }
            }
        }
        return found
    }
}
