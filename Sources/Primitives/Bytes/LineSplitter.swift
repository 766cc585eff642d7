/// Cuts a stream into lines. A line longer than the limit is skipped whole and counted.
package struct LineSplitter: Sendable {
    private var rest: [UInt8] = []
    private var isSkipping = false
    private let limitBytes: Int
    package private(set) var skippedCount = 0

    package init(limitBytes: Int = 64 << 10) { self.limitBytes = limitBytes }

    package mutating func take(_ piece: [UInt8]) -> [[UInt8]] { take(piece[...]) }

    /// The lines that are whole now, without their ends and without empty ones.
    package mutating func take(_ piece: ArraySlice<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var piece = piece
        while let end = piece.firstIndex(of: UInt8(ascii: "\n")) {
            keep(piece[..<end])
            if !isSkipping, !rest.isEmpty { lines.append(rest) }
            rest = []
            isSkipping = false
            piece = piece[(end + 1)...]
        }
        keep(piece)
        return lines
    }

    private mutating func keep(_ piece: ArraySlice<UInt8>) {
        guard !isSkipping else { return }
        rest += piece
        guard rest.count >= limitBytes else { return }
        rest = []
        isSkipping = true
        skippedCount += 1
    }
}
