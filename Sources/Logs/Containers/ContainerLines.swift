/// Puts the lines of one container together, says when each was printed, and leaves out those that were read before.
///
/// A line that is longer than the engine's own limit comes in parts, each with its time in front, and only the last one ends.
struct ContainerLines {
    /// A whole line.
    struct Line {
        var output: LogOutput
        /// In nanoseconds. Lines of the same time are told apart by a nanosecond each: Podman tells seconds, and Loki takes a line that is there already,
        /// with the same time, for the same one. Who reads the log again counts the same.
        var time: Int64
        var text: [UInt8]
        var place: ContainerPlace
    }

    private struct Part {
        var time: Int64
        var text: [UInt8]
    }

    private enum Mode {
        /// Up to this place all was read before.
        case seeking(ContainerPlace, seen: Int)
        /// What is older was read before.
        case from(Int64)
        case reading
    }

    private var mode: Mode
    private var parts: [LogOutput: Part] = [:]
    /// The last line that was read, also of those that are left out.
    private(set) var place: ContainerPlace?
    /// The place is not there any more, so that nobody knows what of its second was read. What can be told again must be.
    private(set) var isLost = false
    private let lineBytes: Int

    /// - Parameter lineBytes: more of a line is not kept than twice this.
    init(after place: ContainerPlace?, lineBytes: Int) {
        self.place = place
        self.lineBytes = lineBytes
        mode = place.map { .seeking($0, seen: 0) } ?? .reading
    }

    /// For a stream that begins before that time, after a place that was lost.
    init(from time: Int64, lineBytes: Int) {
        self.lineBytes = lineBytes
        mode = .from(time)
    }

    /// Takes what was printed at once. Nil when no line is complete, or it was read before.
    mutating func take(_ output: LogOutput, _ bytes: ArraySlice<UInt8>) -> Line? {
        guard !isLost, let (time, text) = EngineTime.split(bytes) else { return nil }
        var part = parts[output] ?? Part(time: time, text: [])
        part.text += text.prefix(max(0, 2 * lineBytes - part.text.count))
        guard text.last == 0x0A else {
            parts[output] = part
            return nil
        }
        parts[output] = nil
        if part.text.last == 0x0A { part.text.removeLast() }
        return line(output, part)
    }

    /// What has no end yet, for a stream that is over.
    mutating func takeUnfinished() -> [Line] {
        let left = parts.sorted { $0.key.rawValue < $1.key.rawValue }
        parts = [:]
        return left.compactMap { line($0.key, $0.value) }
    }

    private mutating func line(_ output: LogOutput, _ part: Part) -> Line? {
        let hash = Self.hash(output, part.text)
        switch mode {
        case .seeking(let wanted, let seen):
            if part.time < wanted.time { return nil }
            guard part.time == wanted.time else {
                // A line printed at another moment, where the place should have been found.
                isLost = true
                return nil
            }
            mode = .seeking(wanted, seen: seen + 1)
            guard seen + 1 == wanted.count else { return nil }
            isLost = hash != wanted.hash
            mode = .reading
            return nil
        case .from(let time):
            if part.time < time { return nil }
            mode = .reading
        case .reading: break
        }
        let count = place?.time == part.time ? (place?.count ?? 0) + 1 : 1
        let next = ContainerPlace(time: part.time, count: count, hash: hash)
        place = next
        return Line(output: output, time: part.time + Int64(min(count - 1, 999_999_999)), text: part.text, place: next)
    }

    /// FNV-1a.
    static func hash(_ output: LogOutput, _ text: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(output.rawValue)
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return hash
    }
}
