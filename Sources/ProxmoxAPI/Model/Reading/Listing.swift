import JSON

/// A list of the API, one row for each thing.
package struct Listing<Row: Sendable>: Sendable {
    package let rows: [Row]
    /// Rows that lack what tells one from the other. While there are any, nobody knows how many things there are, nor which are missing.
    package let unreadableCount: Int

    /// Nil when this is no list, or one that is longer than any cluster's.
    init?(_ data: JSONValue, _ make: (JSONValue) -> Row?) {
        guard data.isArray, data.hasElements(upTo: ProxmoxClient.rowLimit) else { return nil }
        var unreadableCount = 0
        rows = data.compactMapElements { value in
            let row = make(value)
            if row == nil { unreadableCount += 1 }
            return row
        }
        self.unreadableCount = unreadableCount
    }

    /// Whether what is not in it is not there.
    package var isWhole: Bool { unreadableCount == 0 }
}
