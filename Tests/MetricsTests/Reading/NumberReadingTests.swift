import Glibc
import TestSupport
import Testing

@testable import Metrics

@Suite("Numbers and UTF-8 as the reader takes them")
struct NumberReadingTests {
    private static func double(_ text: String) -> Double? {
        let bytes = Array("<\(text)>".utf8)
        return bytes.span.double(TextRange(start: 1, end: bytes.count - 1))
    }

    private static func int64(_ text: String) -> Int64? {
        let bytes = Array("<\(text)>".utf8)
        return bytes.span.int64(TextRange(start: 1, end: bytes.count - 1))
    }

    @Test("A number is the one that C reads, to the last bit")
    func againstC() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<20_000 {
            let digits = (0..<Int(generator.next() % 25)).map { _ in "\(generator.next() % 10)" }.joined()
            let fraction = (0..<Int(generator.next() % 25)).map { _ in "\(generator.next() % 10)" }.joined()
            let sign = ["", "-", "+"][Int(generator.next() % 3)]
            let exponent = generator.next() % 2 == 0 ? "" : "e\(Int(generator.next() % 700) - 350)"
            let text = "\(sign)\(digits).\(fraction)\(exponent)"
            guard !digits.isEmpty || !fraction.isEmpty else { continue }
            let expected = strtod(text, nil)
            #expect(Self.double(text)?.bitPattern == (expected.isFinite ? expected.bitPattern : nil), "\(text)")
        }
        for _ in 0..<20_000 {
            let value = Double(bitPattern: generator.next())
            if value.isFinite { #expect(Self.double("\(value)") == value) }
            let whole = Int64(bitPattern: generator.next()) >> Int64(generator.next() % 64)
            #expect(Self.double("\(whole)") == Double(whole))
            #expect(Self.int64("\(whole)") == whole)
        }
    }

    @Test("Whole numbers of 64 bits end where they end")
    func bounds() {
        #expect(Self.int64("9223372036854775807") == .max && Self.int64("-9223372036854775808") == .min)
        for text in ["9223372036854775808", "-9223372036854775809", "99999999999999999999999", "", "-", "+", "1.0", "0x1", " 1", "1_0"] {
            #expect(Self.int64(text) == nil, "\(text)")
        }
        #expect(Self.int64("+007") == 7 && Self.int64("-0") == 0)
    }

    @Test("UTF-8 is what the standard library has for UTF-8")
    func utf8() {
        var generator = SeededGenerator(seed: 12)
        // Around every bound of the encoding.
        let edges: [UInt8] = [
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3,
            0xF4, 0xF5, 0xFF,
        ]
        func check(_ bytes: [UInt8]) {
            let isUTF8 = bytes.span.isUTF8(TextRange(start: 0, end: bytes.count))
            #expect(isUTF8 == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
        }
        for first in edges { for second in edges { for third in edges { check([first, second, third]) } } }
        for _ in 0..<50_000 { check((0..<Int(generator.next() % 6)).map { _ in edges[Int(generator.next() % UInt64(edges.count))] }) }
    }
}
