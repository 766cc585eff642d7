import Testing

@testable import Logs

@Suite struct ContainerLinesTests {
    private static let second = "2026-11-22T23:01:38Z"
    private static let time: Int64 = 1_795_388_498_000_000_000

    private static func read(_ lines: inout ContainerLines, _ texts: [String], output: LogOutput = .stdout) -> [ContainerLines.Line] {
        texts.compactMap { lines.take(output, Array($0.utf8)[...]) }
    }

    @Test(arguments: [
        ("2026-11-22T23:01:38Z", 1_795_388_498_000_000_000), ("2026-11-22T23:01:38.746043859Z", 1_795_388_498_746_043_859),
        ("2026-11-23T00:01:38.5+01:00", 1_795_388_498_500_000_000), ("2026-11-22T22:31:38-00:30", 1_795_388_498_000_000_000),
        ("1970-01-01T00:00:00Z", 0),
    ])
    func timesOfEnginesAreRead(text: String, time: Int64) {
        #expect(EngineTime.nanoseconds(Array(text.utf8)[...]) == time)
    }

    @Test(arguments: [
        "", "2026-11-22", "2026-11-22T23:01:38", "2026-11-22T23:01:38.", "2026-13-22T23:01:38Z", "2026-11-22T23:01:38+1",
        "9999-11-22T23:01:38Z",
        "2026-11-22T23:01:38Zx",
    ])
    func whatIsNoTimeIsNone(text: String) {
        #expect(EngineTime.nanoseconds(Array(text.utf8)[...]) == nil)
    }

    @Test func linesOfOneSecondAreToldApart() {
        var lines = ContainerLines(after: nil, lineBytes: 100)
        let found = Self.read(&lines, ["\(Self.second) a\n", "\(Self.second) a\n", "2026-11-22T23:01:39Z b\n"])
        #expect(found.map(\.time) == [Self.time, Self.time + 1, Self.time + 1_000_000_000])
        #expect(found.map { String(decoding: $0.text, as: UTF8.self) } == ["a", "a", "b"])
        #expect(found.map(\.place.count) == [1, 2, 1])
    }

    @Test func partsOfALineAreOneLine() {
        var lines = ContainerLines(after: nil, lineBytes: 4)
        #expect(Self.read(&lines, ["\(Self.second) one "]).isEmpty)
        // Of another output in between.
        #expect(Self.read(&lines, ["\(Self.second) error\n"], output: .stderr).count == 1)
        let found = Self.read(&lines, ["2026-11-22T23:01:39Z two\n"])
        // Twice the limit is kept, from which it is cut; the time is that of the first part, behind what came in between.
        #expect(found.map { String(decoding: $0.text, as: UTF8.self) } == ["one two"])
        #expect(found.map(\.time) == [Self.time + 1])
        _ = Self.read(&lines, ["2026-11-22T23:01:40Z no end"])
        #expect(lines.takeUnfinished().map { String(decoding: $0.text, as: UTF8.self) } == ["no end"])
        #expect(lines.takeUnfinished().isEmpty)
    }

    /// As an engine tells them after a restart: from a second before the place on.
    @Test(arguments: 0..<6) func afterARestartNothingIsMissingAndNothingTwice(stop: Int) throws {
        let texts =
            ["2026-11-22T23:01:37Z before\n"] + (0..<4).map { "\(Self.second) line \($0 / 2)\n" } + ["2026-11-22T23:01:39Z behind\n"]
        var first = ContainerLines(after: nil, lineBytes: 100)
        let read = Self.read(&first, Array(texts[...stop]))
        var second = ContainerLines(after: first.place, lineBytes: 100)
        let rest = Self.read(&second, texts)
        #expect(!second.isLost)
        var whole = ContainerLines(after: nil, lineBytes: 100)
        let all = Self.read(&whole, texts)
        #expect((read + rest).map(\.time) == all.map(\.time))
        #expect((read + rest).map(\.text) == all.map(\.text))
    }

    @Test func aPlaceThatIsGoneIsFoundOut() {
        let place = ContainerPlace(time: Self.time, count: 2, hash: ContainerLines.hash(.stdout, Array("b".utf8)))
        // Rotated within the second, rotated past it, and another line in its place.
        for texts in [
            ["\(Self.second) b\n", "2026-11-22T23:01:39Z c\n"], ["2026-11-22T23:01:39Z c\n"], ["\(Self.second) b\n", "\(Self.second) c\n"],
        ] {
            var lines = ContainerLines(after: place, lineBytes: 100)
            #expect(Self.read(&lines, texts).isEmpty)
            #expect(lines.isLost)
            var again = ContainerLines(from: Self.time, lineBytes: 100)
            #expect(Self.read(&again, ["2026-11-22T23:01:37Z a\n"] + texts).count == texts.count)
        }
    }

    @Test(arguments: 1...20) func framesAreCutWhereverTheSocketDoes(size: Int) {
        var stream: [UInt8] = []
        for (output, text) in [(1, "one\n"), (2, "error\n"), (1, ""), (0, "zero\n"), (1, "ü\n")] {
            let bytes = Array(text.utf8)
            stream += [UInt8(output), 0, 0, 0, 0, 0, 0, UInt8(bytes.count)] + bytes
        }
        var frames = LogFrames(hasTerminal: false)
        var found: [String] = []
        for start in stride(from: 0, to: stream.count, by: size) {
            let isGood = frames.take(Array(stream[start..<min(start + size, stream.count)])) {
                found.append("\($0.rawValue) \(String(decoding: $1, as: UTF8.self))")
            }
            #expect(isGood)
        }
        #expect(found == ["1 one\n", "2 error\n", "1 ", "1 zero\n", "1 ü\n"])
    }

    @Test func whatIsNoStreamOfFramesIsFoundOut() {
        var frames = LogFrames(hasTerminal: false)
        #expect(!frames.take(Array("2026-11-22T23:01:38Z plain text\n".utf8)) { _, _ in })
        var large = LogFrames(hasTerminal: false)
        #expect(!large.take([1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]) { _, _ in })
        var terminal = LogFrames(hasTerminal: true)
        var found = 0
        #expect(terminal.take(Array("2026-11-22T23:01:38Z plain text\r\nrest".utf8)) { _, _ in found += 1 })
        #expect(found == 1)
    }

    @Test func ofALineWithoutAnEndTheBeginningIsKept() {
        var terminal = LogFrames(hasTerminal: true)
        var found: [Int] = []
        for _ in 0..<700 { #expect(terminal.take([UInt8](repeating: 0x78, count: 16 << 10)) { found.append($1.count) }) }
        #expect(found == [])
        #expect(terminal.take(Array("\nnext\n".utf8)) { found.append($1.count) })
        #expect(found == [LogFrames.lineLimitBytes + 1, 5])
    }
}
