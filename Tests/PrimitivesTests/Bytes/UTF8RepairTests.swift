import Primitives
import TestSupport
import Testing

@Suite("UTF-8 repair")
struct UTF8RepairTests {
    /// One U+FFFD for each longest start of a sequence, as the Unicode standard recommends and browsers do.
    static let broken: [([UInt8], String)] = [
        ([0xFF], "\u{FFFD}"),
        ([0x61, 0xFF, 0x62], "a\u{FFFD}b"),
        ([0xC3], "\u{FFFD}"),
        ([0xE2, 0x82], "\u{FFFD}"),
        ([0xE2, 0x82, 0x41], "\u{FFFD}A"),
        ([0xF0, 0x9F, 0x98], "\u{FFFD}"),
        ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"),
        ([0xE0, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
        ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
        ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        ([0x80, 0xBF], "\u{FFFD}\u{FFFD}"),
        ([0x22, 0xE9, 0x22], "\"\u{FFFD}\""),
    ]

    @Test("What is not UTF-8 becomes U+FFFD", arguments: broken)
    func repairs(_ bytes: [UInt8], _ expected: String) {
        #expect(repairedUTF8(bytes).map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    @Test("What is UTF-8 is left alone", arguments: ["", "plain", "é", "\u{0}", "\u{FFFD}", "😀", "e\u{301}", "\u{10FFFF}"])
    func leaves(_ text: String) { #expect(repairedUTF8(Array(text.utf8)) == nil) }

    @Test("Random bytes come out as UTF-8, which stays as it is")
    func random() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let bytes = (0..<Int(generator.next() % 24)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            guard let repaired = repairedUTF8(bytes) else {
                #expect(String(validating: bytes, as: UTF8.self) != nil)
                continue
            }
            #expect(String(validating: repaired, as: UTF8.self) != nil)
            #expect(repairedUTF8(repaired) == nil)
        }
    }
}
