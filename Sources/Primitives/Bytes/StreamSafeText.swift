extension StringProtocol {
    /// Whether it has no more than 30 combining marks in a row, the measure of Unicode's stream-safe format (UAX 15); all that is written by
    /// people has far fewer.
    ///
    /// Swift sorts the marks of each such row whenever it compares or hashes a text, in the square of their number: a text of 128 KiB that has
    /// nothing else takes eight seconds. So texts of others are asked for this, in linear time, before they are a key or compared with anything.
    package var isStreamSafe: Bool {
        if utf8.count <= 60 { return true }
        var marks = 0
        for scalar in unicodeScalars {
            guard !scalar.isASCII, scalar.isMark else {
                marks = 0
                continue
            }
            marks += 1
            if marks > 30 { return false }
        }
        return true
    }

    /// Whether it is 1 to `limit` bytes of visible ASCII: what identifiers, paths and names on the wire are made of.
    package func isVisibleASCII(upTo limit: Int) -> Bool {
        // Counted to the limit only, as a count of a foreign text is as long as the text.
        let start = utf8.prefix(limit + 1)
        return !start.isEmpty && start.count <= limit && start.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

extension Unicode.Scalar {
    /// Also the three that are none themselves and are taken apart into two.
    fileprivate var isMark: Bool {
        value == 0x0F73 || value == 0x0F75 || value == 0x0F81 || properties.canonicalCombiningClass != .notReordered
    }
}
