/// What a container printed to.
enum LogOutput: Int, Sendable {
    case stdout = 1
    case stderr = 2

    var word: String { self == .stdout ? "stdout" : "stderr" }
}

/// Cuts an engine's stream of logs into what was printed at once: in front of each stand eight bytes, of which the first names the output and the last
/// four are the length. A container with a terminal has no such frames, and only lines.
struct LogFrames {
    private let hasTerminal: Bool
    private var rest: [UInt8] = []
    /// How much of the rest has no line's end, as was found before.
    private var searched = 0
    /// Of one frame. Engines cut lines at 16 KiB at most.
    static let limitBytes = 16 << 20
    /// Of a line of a terminal: twice the longest that can be asked for.
    static let lineLimitBytes = 8 << 20

    init(hasTerminal: Bool) { self.hasTerminal = hasTerminal }

    /// Calls `body` with each frame that is complete; false when this is no such stream.
    mutating func take(_ piece: [UInt8], _ body: (LogOutput, ArraySlice<UInt8>) -> Void) -> Bool {
        rest += piece
        return hasTerminal ? takeLines(body) : takeFrames(body)
    }

    private mutating func takeFrames(_ body: (LogOutput, ArraySlice<UInt8>) -> Void) -> Bool {
        var start = 0
        while rest.count - start >= 8 {
            let length = rest[(start + 4)..<(start + 8)].reduce(0) { $0 << 8 | Int($1) }
            guard rest[start] <= 3, rest[start + 1] == 0, rest[start + 2] == 0, rest[start + 3] == 0, length <= Self.limitBytes else {
                return false
            }
            guard rest.count - start - 8 >= length else { break }
            // 0 is stdin, which some engines have for stdout; 3 is a message of the engine's own.
            let output: LogOutput = rest[start] >= 2 ? .stderr : .stdout
            body(output, rest[(start + 8)..<(start + 8 + length)])
            start += 8 + length
        }
        rest.removeFirst(start)
        return true
    }

    /// Of a line that does not end the beginning is kept, as nobody keeps more of one.
    private mutating func takeLines(_ body: (LogOutput, ArraySlice<UInt8>) -> Void) -> Bool {
        var start = 0
        while let end = rest[max(start, searched)...].firstIndex(of: 0x0A) {
            body(.stdout, rest[start...end])
            start = end + 1
        }
        rest.removeFirst(start)
        if rest.count > Self.lineLimitBytes { rest.removeLast(rest.count - Self.lineLimitBytes) }
        searched = rest.count
        return true
    }
}
