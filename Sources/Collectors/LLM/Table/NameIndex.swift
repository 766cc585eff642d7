import Metrics

/// Finds what a kind's table says of a name as it stands in the text, without making a String.
struct NameIndex: Sendable {
    /// A row under one of its names.
    struct Source: Sendable {
        let row: NativeFamily
        /// Number of the row in the table.
        let number: Int
        /// 0 for the name that counts before all others.
        let rank: Int
        /// Whether ours is a counter or a histogram.
        let isCounted: Bool
    }

    /// What is known of a name.
    struct Known: Sendable {
        let name: [UInt8]
        /// Positions in `sources`; empty for one that is ignored.
        var sources: [Int] = []
        /// Labels that are looked at: the model's, then those of rows.
        var labels: [[UInt8]]
        /// Its labels are its values, and those that are not wanted no loss.
        var isAboutLabels = false
    }

    let sources: [Source]
    private(set) var known: [Known] = []
    private var places: [UInt64: [Int]] = [:]
    /// Beginnings and ends of names that are ignored.
    private let prefixes: [[UInt8]]
    private let suffixes: [[UInt8]]
    let modelLabels: [[UInt8]]
    let mergedLabels: [[UInt8]]

    init(_ table: NativeTable) {
        modelLabels = table.modelLabels.map { Array($0.utf8) }
        mergedLabels = table.mergedLabels.map { Array($0.utf8) }
        let ignored = (table.ignored + NativeTable.ignoredOfAll).map(\.pattern)
        prefixes = ignored.filter { $0.hasSuffix("*") }.map { Array($0.utf8.dropLast()) }
        suffixes = ignored.filter { $0.hasPrefix("*") }.map { Array($0.utf8.dropFirst()) }
        var sources: [Source] = []
        for (number, row) in table.rows.enumerated() {
            let isCounted = row.ours.shape.kind == .counter || row.ours.shape.kind == .histogram
            for rank in row.names.indices { sources.append(Source(row: row, number: number, rank: rank, isCounted: isCounted)) }
        }
        self.sources = sources
        for (place, source) in sources.enumerated() { add(source.row.names[source.rank], place) }
        for name in ignored where !name.contains("*") { add(name, nil) }
    }

    private mutating func add(_ name: String, _ source: Int?) {
        let bytes = Array(name.utf8)
        let place: Int
        if let found = find(bytes[...]) {
            place = found
        } else {
            place = known.count
            known.append(Known(name: bytes, labels: modelLabels))
            places[Self.hash(bytes[...]), default: []].append(place)
        }
        guard let source else { return }
        known[place].sources.append(source)
        let row = sources[source].row
        var names = row.labels.compactMap(\.name) + row.filters.map(\.label)
        if case .labelProduct(let more) = row.taking {
            names += more
            known[place].isAboutLabels = true
        }
        for name in names.map({ Array($0.utf8) }) where !known[place].labels.contains(name) { known[place].labels.append(name) }
    }

    /// The position in `known` of a name; nil for one that the table does not have.
    func find(_ name: ArraySlice<UInt8>) -> Int? {
        places[Self.hash(name)]?.first { known[$0].name.elementsEqual(name) }
    }

    /// Whether a name that the table does not have is left out on purpose.
    func isIgnored(_ name: ArraySlice<UInt8>) -> Bool {
        prefixes.contains { name.starts(with: $0) }
            || suffixes.contains { name.count > $0.count && name.suffix($0.count).elementsEqual($0) }
    }

    /// FNV-1a: the names in the table are ours, and others need no room in it.
    private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
