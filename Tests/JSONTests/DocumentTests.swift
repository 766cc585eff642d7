import JSON
import Primitives
import TestSupport
import Testing

@Suite("Documents")
struct DocumentTests {
    static let malformed = [
        "", " ", "\u{0}", "nul", "nulll", "tru", "True", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}", "{'a':1}", "{1:2}", "\"", "\"a", "\"\\\"", "\"\\q\"", "\"\\u12\"", "\"\\u12G4\"", "\"a\nb\"", "\"a\u{1}b\"", "01", "-",
        "+1", ".5", "1.",
        "1e", "1e+", "0x10", "NAN", "NaN1", "+Infinity", "--inf", "{NaN:1}", "[NaN NaN]", "01e999", "1e999.", "1.e999", "-e999",
        "1e400e400", "1 2", "[] []", "{}{}", "// no\n1", "/* no */ 1", "[1]]", "\u{FEFF}", "\u{FEFF}1",
        "1_000", "\"a\"b", "[\"a]", "1e400 x", "[1e400", "\"1e400",
    ]

    @Test("What is not JSON is refused as malformed", arguments: malformed)
    func refusal(_ text: String) {
        let error = #expect(throws: Failure.self) { try reading(text) { _ in } }
        #expect(error?.code == .malformed)
        #expect(error?.message.hasPrefix("not JSON: ") == true)
        #expect(error?.message.contains("\n") == false)
    }

    static let spacious = [" 1", "1 ", "\n\t\r 1\n", "\u{20}[ 1 , 2 ]\u{20}", "{ \"a\" : 1 }"]

    @Test("White space is allowed where the format allows it", arguments: spacious)
    func whiteSpace(_ text: String) throws { try reading(text) { #expect(!$0.isNull) } }

    private static func nested(_ levels: Int) -> String { String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }

    @Test("Depth is bounded", arguments: [(63, true), (64, true), (65, false), (1000, false), (2_000_000, false)])
    func depth(_ levels: Int, _ passes: Bool) throws {
        let text = Self.nested(levels)
        if passes {
            try reading(text) { #expect($0.isArray) }
        } else {
            let error = #expect(throws: Failure.self) { try reading(text) { _ in } }
            #expect(error?.code == .limit)
            #expect(error?.message == "JSON nested deeper than 64")
        }
    }

    @Test("A depth bomb of objects, closed or not", arguments: ["{\"a\":", "[{\"a\":", "[[[["])
    func bomb(_ piece: String) {
        let text = String(repeating: piece, count: 100_000)
        let error = #expect(throws: Failure.self) { try reading(text) { _ in } }
        #expect(error?.code == .limit || error?.code == .malformed)
    }

    @Test("Size is bounded")
    func size() throws {
        var bytes = [UInt8](repeating: 0x20, count: 64 << 20)
        bytes[0] = 0x31
        try reading(bytes: bytes) { #expect($0.integer == 1) }
        bytes.append(0x20)
        let error = #expect(throws: Failure.self) { try reading(bytes: bytes) { _ in } }
        #expect(error?.code == .limit)
        #expect(error?.message == "JSON larger than 67108864 bytes")
    }

    @Test("A string of ten megabytes is one string")
    func longString() throws {
        let size = 10 << 20
        var bytes: [UInt8] = [0x22]
        bytes += repeatElement(0x78, count: size)
        bytes.append(0x22)
        try reading(bytes: bytes) { #expect($0.text?.utf8.count == size) }
    }

    @Test("A hundred thousand elements")
    func manyElements() throws {
        let text = "[" + (0..<100_000).map { "\($0)" }.joined(separator: ",") + "]"
        try reading(text) { root in
            var sum = 0
            root.forEachElement { sum += $0.integer ?? 0 }
            #expect(sum == 4_999_950_000)
        }
    }

    /// Everything that a document may hold, so that a cut or a flipped bit meets every part of the reader.
    static let sample = Array(
        #"""
        {"data":[{"vmid":100,"name":"a \"b\" \\ \u00e9 \ud83d\ude00 é","cpu":0.015,"mem":1e9,"up":true,"x":null},{},[],[[-1]]],
        "n":18446744073709551616}
        """#.utf8)

    @Test("A document cut at any byte is refused, and never more than that")
    func truncation() throws {
        try reading(bytes: Self.sample) { #expect($0.isObject) }
        for size in 0..<Self.sample.count {
            let error = #expect(throws: Failure.self) { try reading(bytes: Array(Self.sample.prefix(size))) { _ in } }
            #expect(error?.code == .malformed)
        }
    }

    @Test("A document with any bit flipped is read or refused, and never more than that")
    func flippedBits() {
        for index in Self.sample.indices {
            for bit in 0..<8 {
                var bytes = Self.sample
                bytes[index] ^= 1 << bit
                do { try reading(bytes: bytes) { Self.walk($0) } } catch { #expect(error is Failure) }
            }
        }
    }

    @Test("Random bytes are read or refused, and never more than that")
    func randomBytes() {
        var generator = SeededGenerator(seed: 5)
        let alphabet = Array("{}[]\",:\\u0123456789abcdefdD8-+.eEtrufalsn \n".utf8) + [0x00, 0x80, 0xC3, 0xE2, 0xED, 0xA0, 0xF0, 0xFF]
        for _ in 0..<10_000 {
            let bytes = (0..<Int(generator.next() % 40)).map { _ in alphabet[Int(generator.next() % UInt64(alphabet.count))] }
            do { try reading(bytes: bytes) { Self.walk($0) } } catch { #expect(error is Failure) }
        }
    }

    /// Asks every value of a document everything.
    private static func walk(_ value: JSONValue) {
        #expect(value.number?.isFinite != false)
        _ = (value.integer, value.flag, value.text, value.isNull)
        value.forEachElement { walk($0) }
        value.forEachMember { key, member in
            _ = key.text
            walk(member)
        }
    }

    @Test("Documents do not disturb each other")
    func independence() throws {
        let first = try JSONDocument(parsing: Array(#"{"a":"one"}"#.utf8))
        let second = try JSONDocument(parsing: Array(#"{"a":"two"}"#.utf8))
        #expect(first.withRoot { $0["a"]?.text } == "one")
        #expect(second.withRoot { $0["a"]?.text } == "two")
        #expect(first.withRoot { $0["a"]?.text } == "one")
    }
}
