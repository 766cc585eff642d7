import Testing

@testable import Logs

@Suite struct LineTextTests {
    private static func line(_ text: String, limit: Int = 100) -> (line: String, isCut: Bool) {
        let (line, isCut) = LineText.line(Array(text.utf8), limit: limit)
        return (String(decoding: line, as: UTF8.self), isCut)
    }

    @Test func endsOfLinesGo() {
        #expect(Self.line("a b\r\n").line == "a b")
        #expect(Self.line("\n").line == "")
        #expect(Self.line("a\nb\n").line == "a\nb")
    }

    @Test func aLineThatIsTooLongIsCutAndSaysSo() {
        let (line, isCut) = Self.line(String(repeating: "x", count: 101))
        #expect(isCut)
        #expect(line.utf8.count == 100)
        #expect(line.hasSuffix("xx [cut: the line has 101 bytes]"))
        #expect(!Self.line(String(repeating: "x", count: 100)).isCut)
    }

    @Test(arguments: 90...110) func noCharacterIsCutInTwo(limit: Int) {
        let (line, isCut) = Self.line(String(repeating: "ä€😀", count: 30), limit: limit)
        #expect(isCut)
        #expect(line.utf8.count <= limit)
        #expect(!line.contains("\u{FFFD}"))
    }

    @Test func whatIsNotUTF8IsMended() {
        let (line, isCut) = LineText.line([0x61, 0xFF, 0x62], limit: 100)
        #expect(String(decoding: line, as: UTF8.self) == "a\u{FFFD}b")
        #expect(!isCut)
        // Mended it is three times as long.
        let long = LineText.line([UInt8](repeating: 0xFF, count: 90), limit: 100)
        #expect(long.isCut)
        #expect(long.line.count <= 100)
        #expect(String(validating: long.line, as: UTF8.self) != nil)
    }
}
