/// Cuts what a pipe gives into lines. A line longer than the limit is skipped whole and counted.
struct LineSplitter {
    private var rest: [UInt8] = []
    private var isSkipping = false
    private let limit: Int
    private(set) var skipped = 0

    init(limit: Int = ReaderLine.limitBytes) { self.limit = limit }

    /// The lines that are whole now, without their ends and without empty ones.
    mutating func take(_ bytes: some Collection<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for piece in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if piece.offset > 0 {
                // An end of line stands between two pieces.
                if !isSkipping, !rest.isEmpty { lines.append(rest) }
                rest = []
                isSkipping = false
            }
            guard !isSkipping else { continue }
            rest.append(contentsOf: piece.element)
            if rest.count >= limit {
                rest = []
                isSkipping = true
                skipped += 1
            }
        }
        return lines
    }
}
