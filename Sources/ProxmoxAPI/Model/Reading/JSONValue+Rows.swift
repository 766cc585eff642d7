import JSON

extension JSONValue {
    /// The rows of a list that `make` can use, in the order of their keys; of two with one key the first. Nil when this is no list, or one
    /// that is longer than any cluster's.
    ///
    /// - Parameter limit: further rows are left out. No machine has so many, and each costs memory for as long as it is kept.
    func rows<Row, Key: Comparable & Hashable>(upTo limit: Int, by key: (Row) -> Key, _ make: (JSONValue) -> Row?) -> [Row]? {
        guard hasElements(upTo: ProxmoxClient.rowLimit) else { return nil }
        var rows: [Row] = []
        var known: Set<Key> = []
        forEachElement { value in
            guard rows.count < limit, let row = make(value), known.insert(key(row)).inserted else { return }
            rows.append(row)
        }
        return rows.sorted { key($0) < key($1) }
    }
}
