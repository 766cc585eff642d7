import Glibc
import Primitives
import TestSupport
import Testing

@Suite("Numbers as text")
struct NumberTextTests {
    private static func decimal(_ value: Int64) -> String {
        var bytes: [UInt8] = []
        bytes.append(decimal: value)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func text(_ value: Double) -> String {
        var bytes: [UInt8] = []
        bytes.append(finite: value)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "Integers print as they are, bounds included",
        arguments: [
            0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 1 << 31, 1 << 32, 1 << 53, 999_999_999_999_999_999, 1_000_000_000_000_000_000,
            -1, -9, -10, -99, -100, Int64(Int32.min), Int64.max, Int64.max - 1, Int64.min, Int64.min + 1,
        ])
    func integers(_ value: Int64) { #expect(Self.decimal(value) == String(value)) }

    @Test("Random integers print as they are")
    func randomIntegers() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<5_000 {
            let value = Int64(bitPattern: generator.next()) >> Int64(generator.next() % 64)
            #expect(Self.decimal(value) == String(value))
        }
    }

    @Test("It appends to what stands there")
    func appends() {
        var bytes = Array("x ".utf8)
        bytes.append(decimal: -12)
        bytes.append(utf8: " " as StaticString)
        bytes.append(finite: 0.5)
        bytes.append(utf8: String("é"))
        #expect(String(decoding: bytes, as: UTF8.self) == "x -12 0.5é")
    }

    /// The edges: signed zero, where whole numbers change to the exponent's form, denormals, the bounds of Int64 and of Double.
    static let edges: [(Double, String)] = [
        (0, "0"), (-0.0, "0"), (1, "1"), (-1, "-1"), (0.1, "0.1"), (-0.5, "-0.5"), (1.0 / 3, "0.3333333333333333"), (100, "100"),
        (1e14, "100000000000000"), (999_999_999_999_999, "999999999999999"), (-999_999_999_999_999, "-999999999999999"),
        (1e15, "1e+15"), (-1e15, "-1e+15"), (1e15 + 1, "1000000000000001"), (1e16, "1e+16"), (1e22, "1e+22"), (1e23, "1e+23"),
        (9_007_199_254_740_991, "9007199254740991"), (9_007_199_254_740_992, "9007199254740992"),
        (0x1p63, "9223372036854775808"), (-0x1p63, "-9223372036854775808"), (0x1p64, "18446744073709551616"),
        (.leastNonzeroMagnitude, "5e-324"), (-.leastNonzeroMagnitude, "-5e-324"), (0x1p-1022, "2.2250738585072014e-308"),
        ((0x1p-1022).nextDown, "2.225073858507201e-308"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (0.0001, "1e-04"),
        (0.001, "0.001"),
        (0.00001, "1e-05"), (1.5e300, "1.5e+300"), (1_700_000_000.123, "1700000000.123"), (2.5, "2.5"),
    ]

    @Test("Doubles at the edges", arguments: edges)
    func edge(_ value: Double, _ expected: String) { #expect(Self.text(value) == expected) }

    @Test("Every text reads back to the number it was made of, here and in C, in a form that Go's ParseFloat takes")
    func roundTrip() {
        var generator = SeededGenerator(seed: 2)
        var values = Self.edges.map(\.0)
        for _ in 0..<4_000 {
            values.append(Double(bitPattern: generator.next()))  // every magnitude
            values.append(Double(bitPattern: generator.next() & 0x800F_FFFF_FFFF_FFFF))  // denormals
            values.append(Double(Int64(bitPattern: generator.next()) >> Int64(generator.next() % 64)))  // whole numbers
            values.append(Double(Int64(generator.next() % 2_000_000)) / 1000)  // what gauges hold
        }
        for exponent in -320...308 { values += [Double("1e\(exponent)") ?? 0, (Double("1e\(exponent)") ?? 0).nextUp] }
        for value in values where value.isFinite {
            let text = Self.text(value)
            let isRight = Double(text) == value && strtod(text, nil) == value && Self.isGoFloat(text) && text.utf8.count <= 24
            if !isRight { Issue.record("\(value.bitPattern) became \(text)") }
        }
    }

    /// `[-]digits[.digits][e(+|-)digits]`: the part of Go's floating-point literals that needs no base prefix and no underscore.
    private static func isGoFloat(_ text: String) -> Bool {
        var rest = text.utf8[...]
        func digits() -> Bool {
            let count = rest.prefix { (0x30...0x39).contains($0) }.count
            rest = rest.dropFirst(count)
            return count > 0
        }
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        guard digits() else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard digits() else { return false }
        }
        if rest.first == UInt8(ascii: "e") {
            rest.removeFirst()
            guard let sign = rest.popFirst(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), digits() else { return false }
        }
        return rest.isEmpty
    }
}
