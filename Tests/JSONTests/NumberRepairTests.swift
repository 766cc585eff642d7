import JSON
import Testing

@Suite("Numbers that do not fit")
struct NumberRepairTests {
    /// What no Double holds, as it may stand in an answer.
    static let absent = ["1e400", "-1e400", "NaN", "-Infinity", String(repeating: "9", count: 400)]

    @Test("A number that does not fit is absent and costs nothing else", arguments: absent)
    func neighbours(_ number: String) throws {
        try reading(#"{"a":1,"x":\#(number),"b":[\#(number),2],"c":"\#(number)","d":{"\#(number)":3}}"#) { root in
            #expect(root["a"]?.integer == 1)
            #expect(root["x"]?.isNull == true)
            #expect(root["x"]?.number == nil)
            var elements: [Int?] = []
            root["b"]?.forEachElement { elements.append($0.integer) }
            #expect(elements == [nil, 2])
            // Text and names are nobody's numbers and stay as they are.
            #expect(root["c"]?.text == number)
            root["d"]?.forEachMember { key, value in
                #expect(key.text == number)
                #expect(value.integer == 3)
            }
        }
    }

    @Test("Other numbers of the document stay what they are")
    func others() throws {
        let json = #"[1e400,-0,-0.0,9223372036854775807,18446744073709551615,18446744073709551616,0.1,1e-400,"\"1e400\\",true,null,false]"#
        try reading(json) { root in
            var texts: [String] = []
            root.forEachElement { texts.append($0.text ?? "-") }
            #expect(
                texts == [
                    "-", "0", "-0.0", "9223372036854775807", "18446744073709551615", "1.8446744073709552e+19", "0.1", "0.0",
                    #""1e400\"#, "true", "-", "false",
                ])
        }
    }

    @Test("Numbers beside broken text: both are mended")
    func withText() throws {
        try reading(bytes: Array(#"{"a":1e400,"b":"\ud800"#.utf8) + [0xFF] + Array(#"","c":3}"#.utf8)) { root in
            #expect(root["a"]?.isNull == true)
            #expect(root["b"]?.text == "\u{FFFD}\u{FFFD}")
            #expect(root["c"]?.integer == 3)
        }
    }

    /// Pieces that a repair meets, each a million bytes of it: steps that grow with the square would not come to an end here.
    static let pieces = [
        "1e400,", "18446744073709551616,", #""\ud800","#, #"{"a":-inf},"#, "NaN,", #""\\\"1e400","#,
        String(repeating: "7", count: 800) + ",",
        String(repeating: "7", count: 307) + ".5e1,",
    ]

    @Test("A document of nothing but damage is read", arguments: pieces)
    func manyRepairs(_ piece: String) throws {
        let count = 1_000_000 / piece.utf8.count
        try reading("[1e400," + String(repeating: piece, count: count) + "1]") { root in
            var seen = 0
            root.forEachElement { _ in seen += 1 }
            #expect(seen == count + 2)
        }
    }
}
