/// What a family of series is, before any sample exists: the unit of the catalogue.
package struct MetricDescriptor: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// Goes up and down.
        case gauge
        /// Only grows, and starts again at 0 when its source restarts.
        case counter
        /// Always 1; its labels are the information. Written as a gauge in the text format.
        case info
        /// Observations counted by size, in cumulative buckets, with their sum and count.
        case histogram
        /// Observations with their sum and count, and no quantiles.
        case summary
    }

    /// The base unit, as the name ends (before `_total`).
    package enum Unit: String, Sendable {
        case none = ""
        case seconds, bytes, ratio

        /// The name says it: `process_cpu_seconds_total` counts seconds.
        init(ofName name: String) {
            let stem = name.hasSuffix("_total") ? name.dropLast("_total".count) : name[...]
            let last = stem.split(separator: "_").last.map(String.init) ?? ""
            self = Unit(rawValue: last) ?? .none
        }
    }

    package enum Stability: String, Sendable {
        /// The name goes only after one release with both.
        case stable
        /// May still change.
        case experimental
    }

    package let name: String
    /// One sentence, with the source's own word for it where that helps.
    package let help: String
    package let kind: Kind
    package let unit: Unit
    package let labels: LabelSchema
    package let detail: Detail
    /// The first release that had it.
    package let since: String
    package let stability: Stability
    /// Where the number comes from: endpoint and field, file and column, or `martlet`.
    package let source: String
}

/// A metric of one catalogue, as samples name it.
package struct Metric: Sendable, Equatable {
    /// The position in the catalogue that declared it.
    package let index: Int
}
