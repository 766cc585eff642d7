package import Primitives

/// The families of several catalogues, each name once.
package struct FamilyTable: Sendable {
    struct Family: Sendable {
        let descriptor: MetricDescriptor
        let openMetrics: OpenMetricsFamily
        /// What stands before the samples in either format.
        let textHeader: [UInt8]
        let openMetricsHeader: [UInt8]
        /// `name{`
        let opening: [UInt8]
    }

    let families: [Family]
    /// For each catalogue, the family of each of its metrics.
    let familyOfMetric: [[Int]]

    /// Merges catalogues. Two may declare the same name if they mean the same by it; otherwise a `configuration` failure names it, as it
    /// does names that clash in OpenMetrics: a scraper would refuse the whole exposition.
    ///
    /// - Parameter textOnly: it is never written as OpenMetrics, and its names may clash there.
    package init(_ catalogues: [Catalogue], textOnly: Bool = false) throws(Failure) {
        var families: [Family] = []
        var positions: [String: Int] = [:]
        var familyOfMetric: [[Int]] = []
        for catalogue in catalogues {
            var mapping: [Int] = []
            for descriptor in catalogue.descriptors {
                if let position = positions[descriptor.name] {
                    guard families[position].descriptor == descriptor else {
                        throw Failure(.configuration, "metric \(descriptor.name) is declared twice with different meanings")
                    }
                    mapping.append(position)
                } else {
                    positions[descriptor.name] = families.count
                    mapping.append(families.count)
                    families.append(Family(descriptor))
                }
            }
            familyOfMetric.append(mapping)
        }
        if !textOnly, let clash = OpenMetricsClash.all(families.map(\.descriptor)).first {
            throw Failure(.configuration, clash.description)
        }
        self.families = families
        self.familyOfMetric = familyOfMetric
    }

    package var descriptors: [MetricDescriptor] { families.map(\.descriptor) }
}

extension FamilyTable.Family {
    init(_ descriptor: MetricDescriptor) {
        self.descriptor = descriptor
        openMetrics = OpenMetricsFamily(descriptor)
        textHeader = TextFormat.header(descriptor)
        openMetricsHeader = openMetrics.header(help: descriptor.help)
        opening = Array("\(descriptor.name){".utf8)
    }
}
