import Testing

@testable import ProxmoxAPI

@Suite struct LeadingNumberTests {
    @Test(
        arguments: [
            ("33 (Min/Max 20/45)", 33), ("33", 33), ("  9", 9), ("\t7 ", 7), ("13441h+12m+34.567s", 13_441), ("13441 (123 45 0)", 13_441),
            ("-5 (x)", -5),
            ("+5", 5), ("3.5%", 3.5), ("100%", 100), ("12345:32", 12_345), ("1.", 1), ("1.2.3", 1.2), ("5,6", 5), ("0", 0), ("007", 7),
            ("38°", 38),
            ("99999999999999999999", 1e20),
            ("", nil), (" ", nil), ("-", nil), ("--5", nil), ("x5", nil), (".5", nil), ("nan", nil), ("inf", nil), ("0x1F", nil),
            ("- 5", nil),
            ("5x", nil),
            ("123456789012345678901234567890123", nil),
        ] as [(String, Double?)])
    func `of a text`(text: String, value: Double?) { #expect(LeadingNumber(text)?.value == value) }

    @Test(
        arguments: [
            ("  45,678,901 [23.3 TB]", 45_678_901), ("45.678.901", 45_678_901), ("45'678", 45_678), ("13441", 13_441), ("13,441", 13_441),
            ("1, 2", 1),
            ("45\u{202F}678", nil), ("", nil), (",5", nil),
        ] as [(String, Double?)])
    func `with groups`(text: String, value: Double?) { #expect(LeadingNumber(grouped: text.utf8)?.value == value) }
}
