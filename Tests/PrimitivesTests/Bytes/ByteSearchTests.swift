import Primitives
import Testing

@Suite("Searching bytes")
struct ByteSearchTests {
    @Test(
        "A run is found wherever it stands",
        arguments: [
            ("abc", "a", true), ("abc", "c", true), ("abc", "abc", true), ("aab", "ab", true), ("abc", "abcd", false), ("abc", "ac", false),
            ("", "a", false), ("abc", "", false), ("", "", false), ("a\u{0}b", "\u{0}b", true),
        ])
    func finds(_ text: String, _ run: String, _ isThere: Bool) {
        #expect(Array(text.utf8).contains(run: Array(run.utf8)) == isThere)
    }
}
