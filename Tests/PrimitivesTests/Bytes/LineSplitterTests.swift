import Testing

@testable import Primitives

@Suite struct LineSplitterTests {
    private static func text(_ lines: [[UInt8]]) -> [String] { lines.map { String(decoding: $0, as: UTF8.self) } }

    @Test(arguments: [1, 2, 3, 7, 100]) func `pieces of any size give the same lines`(_ size: Int) {
        let text = Array("one\ntwo\n\n\nthree\nfour".utf8)
        var splitter = LineSplitter()
        var lines: [String] = []
        for start in stride(from: 0, to: text.count, by: size) {
            lines += Self.text(splitter.take(text[start..<min(start + size, text.count)]))
        }
        #expect(lines == ["one", "two", "three"])
        #expect(Self.text(splitter.take(Array("\n".utf8))) == ["four"])
    }

    @Test func `a line that is too long is skipped whole, and the next one is read`() {
        var splitter = LineSplitter(limitBytes: 8)
        #expect(splitter.take(Array("0123".utf8)).isEmpty)
        #expect(splitter.take(Array("45678".utf8)).isEmpty)
        #expect(splitter.take(Array("9".utf8)).isEmpty)
        #expect(splitter.take(Array("\nok\n".utf8)) == [Array("ok".utf8)])
        #expect(splitter.skippedCount == 1)
    }

    @Test func `a line without end takes no more than its limit`() {
        var splitter = LineSplitter()
        for _ in 0..<40 { #expect(splitter.take(Array(repeating: 0x78, count: 4096)).isEmpty) }
        #expect(Self.text(splitter.take(Array("x\nnext\n".utf8))) == ["next"])
    }
}
