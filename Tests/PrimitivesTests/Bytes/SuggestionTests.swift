@testable import Primitives
import Testing

@Suite("Suggestions")
struct SuggestionTests {
    static let distances: [(String, String, Int)] = [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ab", 1), ("abc", "xabc", 1),
        ("abc", "acb", 1), ("ab", "ba", 1), ("kitten", "sitting", 3), ("level", "lvele", 2), ("abcd", "badc", 2), ("ca", "abc", 3),
        ("é", "e", 2),
    ]

    @Test("Distance counts insertions, deletions, replacements and swaps of neighbours, in both directions", arguments: distances)
    func distance(_ left: String, _ right: String, _ expected: Int) {
        #expect(editDistance(Array(left.utf8), Array(right.utf8)) == expected)
        #expect(editDistance(Array(right.utf8), Array(left.utf8)) == expected)
    }

    static let keys = ["level", "format", "listen_address", "max_requests"]
    static let suggestions: [(String, String?)] = [
        ("levle", "level"), ("Level", "level"), ("formats", "format"), ("listen_adress", "listen_address"),
        ("listen-address", "listen_address"), ("maxrequests", "max_requests"), ("port", nil), ("", nil), ("x", nil), ("colour", nil),
    ]

    @Test("The nearest known word", arguments: suggestions)
    func suggestion(_ typed: String, _ expected: String?) { #expect(nearest(to: typed, among: Self.keys) == expected) }

    @Test("Of two words as near, the first")
    func ties() { #expect(nearest(to: "bat", among: ["cat", "hat"]) == "cat") }

    @Test("Nothing known, nothing suggested")
    func nothingKnown() { #expect(nearest(to: "level", among: []) == nil) }

    @Test("A very long word is near to nothing short", arguments: [65, 200, 100_000])
    func longWords(_ count: Int) { #expect(nearest(to: String(repeating: "x", count: count), among: Self.keys) == nil) }
}
