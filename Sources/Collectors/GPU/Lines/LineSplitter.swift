/// Cuts what a pipe gives into lines. A line longer than the limit is skipped whole and counted.
struct LineSplitter {
    private var rest: [UInt8] = []
    private var isSkipping = false
    private let limit: Int
    private(set) var skipped = 0

    init(limit: Int = ReaderLine.limitBytes) { self.limit = limit }

    mutating func take(_ bytes: [UInt8]) -> [[UInt8]] { take(bytes[...]) }

    /// The lines that are whole now, without their ends and without empty ones.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var bytes = bytes
        while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            keep(bytes[..<end])
            if !isSkipping, !rest.isEmpty { lines.append(rest) }
            rest = []
            isSkipping = false
            bytes = bytes[(end + 1)...]
        }
        keep(bytes)
        return lines
    }

    private mutating func keep(_ piece: ArraySlice<UInt8>) {
        guard !isSkipping else { return }
        rest += piece
        guard rest.count >= limit else { return }
        rest = []
        isSkipping = true
        skipped += 1
    }
}
