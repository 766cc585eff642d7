import Primitives
import Testing

@Suite struct StreamSafeTextTests {
    static let mark = "\u{301}"

    @Test(arguments: [
        ("", true), ("martlet", true), ("é", true), ("e" + String(repeating: mark, count: 30), true),
        ("e" + String(repeating: mark, count: 31), false), (String(repeating: "e\u{301}", count: 1000), true),
        (String(repeating: "\u{0F73}", count: 31), false), (String(repeating: "語", count: 1000), true),
        // Out of order, as sorting them takes longest.
        ("e" + String(repeating: "\u{301}\u{323}", count: 16), false),
    ]) func `A text may have thirty marks in a row`(_ text: String, _ isSafe: Bool) { #expect(text.isStreamSafe == isSafe) }

    @Test(arguments: [("", false), ("a", true), ("abc", true), ("abcd", false), ("a b", false), ("é", false), ("a\u{7F}", false)])
    func `Visible ASCII is told from all else`(_ text: String, _ isPlain: Bool) { #expect(text.isVisibleASCII(upTo: 3) == isPlain) }
}
