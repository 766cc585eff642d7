import JSON
import Testing

@Suite("Text that is not quite text")
struct TextRepairTests {
    private static let replacement = "\u{FFFD}"

    /// Escapes, as they stand in the document between quotes, and the text they mean.
    static let escapes: [(String, String)] = [
        (#"\ud83d\ude00"#, "😀"), (#"\uD83D\uDE00"#, "😀"), (#"\ud800"#, replacement), (#"\udc00"#, replacement),
        (#"\ud800\ud800"#, replacement + replacement), (#"\udc00\ud800"#, replacement + replacement), (#"\ud800x"#, replacement + "x"),
        (#"x\ud800"#, "x" + replacement), (#"\ud800\u0041"#, replacement + "A"), (#"\ud800\n"#, replacement + "\n"),
        (#"\ud800\\"#, replacement + "\\"), (#"\ud800\ud83d\ude00"#, replacement + "😀"), (#"\ud83d\ude00\ude00"#, "😀" + replacement),
        (#"\ud83d\\ude00"#, replacement + #"\ude00"#), (#"\ud83d \ude00"#, replacement + " " + replacement),
        // A backslash that is itself escaped starts nothing.
        (#"\\ud800"#, #"\ud800"#), (#"\\\ud800"#, #"\"# + replacement), (#"\\\\ud800"#, #"\\ud800"#),
        (#"\ud800\\ud800"#, replacement + #"\ud800"#),
        (#"\"\ud800\""#, "\"" + replacement + "\""), (#"\/\b\f\t\r\n"#, "/\u{8}\u{C}\t\r\n"), (#"\u0000"#, "\u{0}"),
        (#"\ufffe\uffff"#, "\u{FFFE}\u{FFFF}"),
        (#"\ud7ff\ue000"#, "\u{D7FF}\u{E000}"), (#"\udbff\udfff"#, "\u{10FFFF}"),
    ]

    @Test("Escapes: pairs are one character, halves are U+FFFD", arguments: escapes)
    func escape(_ written: String, _ expected: String) throws { #expect(try onlyText(Array("\"\(written)\"".utf8)) == expected) }

    @Test("In keys too")
    func keys() throws {
        try reading(#"{"a\ud800":"\udc00","b":1}"#) { root in
            root.forEachMember { key, value in
                if key == "b" { return }
                #expect(key.text == "a" + Self.replacement)
                #expect(value.text == Self.replacement)
            }
            #expect(root["b"]?.integer == 1)
        }
    }

    /// Bytes between quotes that are not UTF-8.
    static let broken: [([UInt8], String)] = [
        ([0xFF], replacement), ([0x61, 0xE9, 0x62], "a" + replacement + "b"), ([0xC3, 0xA9], "é"),
        ([0xC0, 0x80], replacement + replacement),
        ([0xED, 0xA0, 0x80], replacement + replacement + replacement), ([0xF0, 0x9F, 0x98], replacement), ([0xE2, 0x82], replacement),
        ([0xFF] + Array(#"\ud800"#.utf8), replacement + replacement), (Array(#"\\"#.utf8) + [0xFF], #"\"# + replacement),
    ]

    @Test("Bytes that are not UTF-8 become U+FFFD and cost nothing else", arguments: broken)
    func brokenBytes(_ bytes: [UInt8], _ expected: String) throws {
        #expect(try onlyText([0x22] + bytes + [0x22]) == expected)
        try reading(bytes: Array(#"{"n":7,"t":""#.utf8) + bytes + Array(#"","m":8}"#.utf8)) { root in
            #expect(root["n"]?.integer == 7)
            #expect(root["m"]?.integer == 8)
            #expect(root["t"]?.text == expected)
        }
    }

    @Test("A broken byte may not swallow the quote that ends a string", arguments: [0xC3, 0xE2, 0xF0] as [UInt8])
    func swallowedQuote(_ byte: UInt8) throws {
        try reading(bytes: Array(#"{"a":""#.utf8) + [byte] + Array(#"","b":"c"}"#.utf8)) { root in
            #expect(root["a"]?.text == Self.replacement)
            #expect(root["b"]?.text == "c")
        }
    }
}
