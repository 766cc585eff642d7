import JSON
import Primitives
import TestSupport
import Testing

@Suite("Writing")
struct WriterTests {
    private static func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("Commas come by themselves, at every depth")
    func commas() {
        let text = Self.written { json in
            json.object { json in
                json.member("a", 1)
                json.key("b")
                json.array { json in
                    json.array { _ in }
                    json.object { _ in }
                    json.integer(-5)
                    json.null()
                    json.bool(true)
                    json.bool(false)
                    json.string("x")
                    json.number(0.5)
                }
                json.member("c", "d")
                json.member("e", 1.5)
                json.member("f", false)
                json.key(text: "g\"")
                json.object { json in
                    json.key(text: "h")
                    json.null()
                }
                json.key("i")
                json.array { $0.string("j") }
            }
        }
        #expect(
            text
                == #"{"a":1,"b":[[],{},-5,null,true,false,"x",0.5],"c":"d","e":1.5,"f":false,"g\"":{"h":null},"i":["j"]}"#)
    }

    static let numbers: [(Double, String)] = [
        (0, "0"), (-0.0, "0"), (1, "1"), (1.5, "1.5"), (1e21, "1e+21"), (.nan, "null"), (.infinity, "null"), (-.infinity, "null"),
        (.leastNonzeroMagnitude, "5e-324"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
    ]

    @Test("Numbers; what is none is null", arguments: numbers)
    func number(_ value: Double, _ expected: String) { #expect(Self.written { $0.number(value) } == expected) }

    @Test("Integers at their bounds", arguments: [Int.min, -1, 0, 1, Int.max])
    func integer(_ value: Int) throws {
        let text = Self.written { $0.integer(value) }
        #expect(text == "\(value)")
        #expect(try reading(text) { $0.integer } == value)
    }

    /// Text that somebody chose who wishes us ill.
    static let hostile = [
        "", "\"", "\\", "\\\"", "\\u0041", "\u{0}", "\n", "\r\n", "\u{1F}", "\u{7F}", "\u{85}", "\u{2028}\u{2029}", "</script>", "é",
        "e\u{301}", "😀", "\u{FFFD}",
        "\u{FEFF}", "\u{202E}", "a\u{0}b", "{\"a\":1}", "',\"x\":\"", String(repeating: "\\", count: 1001),
        String(repeating: "\"", count: 1000), "\u{10FFFF}", "\u{80}\u{9F}\u{A0}",
    ]

    @Test("Hostile text comes back as it was, as a value and as a key", arguments: hostile)
    func roundTrip(_ text: String) throws {
        let json = Self.written { json in
            json.object { json in
                json.key(text: text)
                json.string(text)
            }
        }
        #expect(json.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        try reading(json) { root in
            var members = 0
            root.forEachMember { key, value in
                members += 1
                #expect(Array(key.text.utf8) == Array(text.utf8))
                #expect(value.text.map { Array($0.utf8) } == Array(text.utf8))
            }
            #expect(members == 1)
        }
    }

    @Test("Random text comes back as it was")
    func randomText() throws {
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<1_000 {
            let scalars = (0..<Int(generator.next() % 12)).compactMap { _ in
                Unicode.Scalar(UInt32(generator.next() % (generator.next() % 2 == 0 ? 0x110000 : 0x120)))
            }
            let text = String(String.UnicodeScalarView(scalars))
            let json = Self.written { $0.string(text) }
            #expect(try reading(json) { $0.text } == text)
        }
    }

    @Test("Random numbers come back as they were")
    func randomNumbers() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<3_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            #expect(try reading(Self.written { $0.number(value) }) { $0.number } == value)
        }
    }
}
