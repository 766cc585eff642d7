import JSON
import Primitives
import Testing

@Suite("Reading values")
struct ReadingRulesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let json: String
        var number: Double?
        var integer: Int?
        var flag: Bool?
        var text: String?

        var testDescription: String { json }

        init(_ json: String, number: Double? = nil, integer: Int? = nil, flag: Bool? = nil, text: String? = nil) {
            self.json = json
            self.number = number
            self.integer = integer
            self.flag = flag
            self.text = text
        }
    }

    /// Every kind of value, and what it is to who asks for a number, a whole number, a flag or text.
    static let rows = [
        Row("null"), Row("[]"), Row("{}"), Row("[1]"),
        Row("true", number: 1, integer: 1, flag: true, text: "true"),
        Row("false", number: 0, integer: 0, flag: false, text: "false"),
        Row("0", number: 0, integer: 0, flag: false, text: "0"),
        Row("-0", number: 0, integer: 0, flag: false, text: "0"),
        Row("1", number: 1, integer: 1, flag: true, text: "1"),
        Row("-1", number: -1, integer: -1, flag: true, text: "-1"),
        Row("1.0", number: 1, integer: 1, flag: true, text: "1.0"),
        Row("1e2", number: 100, integer: 100, flag: true, text: "100.0"),
        Row("0.5", number: 0.5, flag: true, text: "0.5"),
        Row("1e-400", number: 0, integer: 0, flag: false, text: "0.0"),
        Row("1.7976931348623157e308", number: .greatestFiniteMagnitude, flag: true, text: "1.7976931348623157e+308"),
        // Whole numbers: exact as long as they are written as such and fit.
        Row("9007199254740993", number: 9_007_199_254_740_992, integer: 9_007_199_254_740_993, flag: true, text: "9007199254740993"),
        Row("9223372036854775807", number: 0x1p63, integer: .max, flag: true, text: "9223372036854775807"),
        Row("-9223372036854775808", number: -0x1p63, integer: .min, flag: true, text: "-9223372036854775808"),
        Row("9223372036854775808", number: 0x1p63, flag: true, text: "9223372036854775808"),
        Row("18446744073709551615", number: 0x1p64, flag: true, text: "18446744073709551615"),
        Row("18446744073709551616", number: 0x1p64, flag: true, text: "1.8446744073709552e+19"),
        Row("-9223372036854775809", number: -0x1p63, flag: true, text: "-9.223372036854776e+18"),
        Row("123456789012345678901234567890", number: 1.2345678901234568e29, flag: true, text: "1.2345678901234568e+29"),
        Row("9007199254740992.0", number: 0x1p53, integer: 1 << 53, flag: true, text: "9007199254740992.0"),
        Row("9007199254740994.0", number: 0x1p53 + 2, flag: true, text: "9.007199254740994e+15"),
        Row("1e300", number: 1e300, flag: true, text: "1e+300"),
        // What is no number or fits no Double is absent.
        Row("1e400"), Row("-1e400"), Row("1E+400"), Row("1.5e309"), Row("1.7976931348623159e308"), Row("1e99999999999999999999"),
        Row("1" + String(repeating: "0", count: 400)), Row("-" + String(repeating: "9", count: 400)),
        Row(String(repeating: "9", count: 100_000)), Row("NaN"), Row("nan"), Row("-nan"), Row("Infinity"), Row("-Infinity"), Row("Inf"),
        Row("-inf"),
        Row("1e-99999999999999999999", number: 0, integer: 0, flag: false, text: "0.0"),
        Row("0e400", number: 0, integer: 0, flag: false, text: "0.0"), Row("-0.0", number: 0, integer: 0, flag: false, text: "-0.0"),
        Row("4.9406564584124654e-324", number: .leastNonzeroMagnitude, flag: true, text: "5e-324"),
        // Text that is a number.
        Row(#""7""#, number: 7, integer: 7, flag: true, text: "7"),
        Row(#""0""#, number: 0, integer: 0, flag: false, text: "0"),
        Row(#""-3""#, number: -3, integer: -3, flag: true, text: "-3"),
        Row(#""+3""#, number: 3, integer: 3, flag: true, text: "+3"),
        Row(#""1e5""#, number: 100_000, integer: 100_000, flag: true, text: "1e5"),
        Row(#""1E-1""#, number: 0.1, flag: true, text: "1E-1"),
        Row(#""0.0""#, number: 0, integer: 0, flag: false, text: "0.0"),
        Row(#""007""#, number: 7, integer: 7, flag: true, text: "007"),
        Row(#""9007199254740993""#, number: 9_007_199_254_740_992, integer: 1 << 53, flag: true, text: "9007199254740993"),
        Row(#""9223372036854775807""#, number: 0x1p63, flag: true, text: "9223372036854775807"),
        // Text that is none, whatever a programming language would say.
        Row(#""0x10""#, text: "0x10"), Row(#"" 1""#, text: " 1"), Row(#""1 ""#, text: "1 "), Row(#""nan""#, text: "nan"),
        Row(#""NaN""#, text: "NaN"), Row(#""inf""#, text: "inf"), Row(#""Infinity""#, text: "Infinity"), Row(#""-inf""#, text: "-inf"),
        Row(#""1_000""#, text: "1_000"), Row(#""1,5""#, text: "1,5"), Row(#""1e999""#, text: "1e999"), Row(#""1e""#, text: "1e"),
        Row(#""e5""#, text: "e5"), Row(#""-""#, text: "-"), Row(#"".""#, text: "."), Row(#""--1""#, text: "--1"),
        Row(#""1-1""#, text: "1-1"),
        Row(#""1.2.3""#, text: "1.2.3"), Row(#""\u0661""#, text: "\u{661}"), Row(#""1\u0000""#, text: "1\u{0}"),
        Row(#""000000000000000000000000000000001""#, text: "000000000000000000000000000000001"),
        // Words for flags.
        Row(#""true""#, flag: true, text: "true"), Row(#""yes""#, flag: true, text: "yes"), Row(#""on""#, flag: true, text: "on"),
        Row(#""false""#, flag: false, text: "false"), Row(#""no""#, flag: false, text: "no"), Row(#""off""#, flag: false, text: "off"),
        Row(#""""#, flag: false, text: ""), Row(#""maybe""#, text: "maybe"), Row(#""TRUE""#, text: "TRUE"),
    ]

    @Test("What a value is to who asks", arguments: rows)
    func rule(_ row: Row) throws {
        // As the root and as a member: both places are read by the same rules.
        for json in [row.json, #"{"a":\#(row.json)}"#] {
            try reading(json) { root in
                let value = json == row.json ? root : try #require(root["a"])
                #expect(value.number == row.number)
                #expect(value.integer == row.integer)
                #expect(value.flag == row.flag)
                #expect(value.text == row.text)
                #expect(value.isNull == (row.text == nil && !value.isArray && !value.isObject))
                #expect(value.isArray == row.json.hasPrefix("["))
                #expect(value.isObject == row.json.hasPrefix("{"))
            }
        }
    }

    @Test("Members by name: the first of two, nil for what is absent or where there are none")
    func members() throws {
        try reading(#"{"a":1,"b":{"a":2},"a":3,"":4,"é":5,"a\u0000":6,"aa":7}"#) { root in
            #expect(root["a"]?.integer == 1)
            #expect(root["b"]?["a"]?.integer == 2)
            #expect(root[""]?.integer == 4)
            #expect(root["é"]?.integer == 5)
            #expect(root["aa"]?.integer == 7)
            #expect(root["c"] == nil)
            #expect(root["a"]?["a"] == nil)
        }
        try reading("[1]") { #expect($0["a"] == nil) }
    }

    @Test("Every member is visited in its order, duplicates too")
    func visiting() throws {
        var seen: [String] = []
        try reading(#"{"x":[1,[2,{"y":3}],"t"],"x":null,"z":{}}"#) { root in
            root.forEachMember { key, value in
                switch key {
                case "x": seen.append("x")
                case "z": seen.append("z:\(value.isObject)")
                default: seen.append("other")
                }
                value.forEachElement { seen.append($0.isArray ? "array" : $0.text ?? "-") }
                value.forEachMember { _, _ in seen.append("never") }
            }
        }
        #expect(seen == ["x", "1", "array", "t", "x", "z:true"])
        try reading("3") { root in
            root.forEachElement { _ in Issue.record("a number has no elements") }
            root.forEachMember { _, _ in Issue.record("a number has no members") }
        }
    }

    @Test("Keys compare by all their bytes")
    func keys() throws {
        try reading(#"{"name":1}"#) { root in
            root.forEachMember { key, _ in
                #expect(key == "name")
                #expect(!(key == "nam"))
                #expect(!(key == "names"))
                #expect(!(key == ""))
                #expect(!(key == "NAME"))
                #expect(key.text == "name")
            }
        }
    }

    @Test("An error thrown by a visitor comes out")
    func throwing() {
        #expect(throws: Failure.self) {
            try reading("[1,2]") { try $0.forEachElement { _ in throw Failure(.malformed, "no") } }
        }
    }
}
