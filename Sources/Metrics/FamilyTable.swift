package import Primitives

/// The families of several catalogues, each name once.
package struct FamilyTable: Sendable {
    struct Family: Sendable {
        let descriptor: MetricDescriptor
        /// `# HELP …\n# TYPE …\n`
        let header: [UInt8]
        /// `name{`
        let opening: [UInt8]
    }

    let families: [Family]
    /// For each catalogue, the family of each of its metrics.
    let familyOfMetric: [[Int]]

    /// Merges catalogues. Two may declare the same name if they mean the same by it; otherwise a `configuration` failure names it.
    package init(_ catalogues: [Catalogue]) throws(Failure) {
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
        self.families = families
        self.familyOfMetric = familyOfMetric
    }

    package var descriptors: [MetricDescriptor] { families.map(\.descriptor) }
}

extension FamilyTable.Family {
    init(_ descriptor: MetricDescriptor) {
        self.descriptor = descriptor
        var header: [UInt8] = []
        header.append(utf8: "# HELP \(descriptor.name) ")
        for byte in descriptor.help.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): header.append(utf8: #"\\"# as StaticString)
            case UInt8(ascii: "\n"): header.append(utf8: #"\n"# as StaticString)
            default: header.append(byte)
            }
        }
        let kind = descriptor.kind == .info ? .gauge : descriptor.kind
        header.append(utf8: "\n# TYPE \(descriptor.name) \(kind.rawValue)\n")
        self.header = header
        opening = Array("\(descriptor.name){".utf8)
    }
}
