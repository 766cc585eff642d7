/// Two families that cannot stand in one exposition of OpenMetrics, as both would have a name: a gauge `x` beside a counter `x_total`, a
/// gauge `x_sum` beside a histogram `x`.
package struct OpenMetricsClash: Sendable, Equatable, CustomStringConvertible {
    /// The families, in the order of their declaration, by the names of the catalogue.
    package let families: [String]
    /// The name that both would have.
    package let name: String

    package var description: String {
        "metrics \(families.joined(separator: " and ")) clash in OpenMetrics, where both may have the name \(name)"
    }

    /// All clashes of a set of families, in its order; a family that is declared twice does not clash with itself.
    package static func all(_ descriptors: [MetricDescriptor]) -> [OpenMetricsClash] {
        var owners: [String: String] = [:]
        var found: [OpenMetricsClash] = []
        for descriptor in descriptors {
            var opponents: Set<String> = []
            for claim in OpenMetricsFamily(descriptor).claims {
                let owner = owners[claim, default: descriptor.name]
                owners[claim] = owner
                guard owner != descriptor.name, opponents.insert(owner).inserted else { continue }
                found.append(OpenMetricsClash(families: [owner, descriptor.name], name: claim))
            }
        }
        return found
    }
}
