/// The decimal number with which a text begins, whatever stands behind it: `33` of `33 (Min/Max 20/45)`, `13441` of `13441h+12m`.
struct LeadingNumber: Sendable, Equatable {
    let value: Double

    /// nil of one below 0, where that means nothing.
    var nonNegative: Double? { value >= 0 ? value : nil }

    init?(_ text: String) { self.init(text.utf8) }

    init?(_ bytes: some Collection<UInt8>) { self.init(bytes, separators: []) }

    /// Of a whole number whose digits may stand in groups of three, parted as the language has it: `45,678,901`.
    init?(grouped bytes: some Collection<UInt8>) { self.init(bytes, separators: Array(",.'".utf8)) }

    /// - Parameter separators: of groups; without any, a full stop begins the fraction.
    private init?(_ bytes: some Collection<UInt8>, separators: [UInt8]) {
        var number = ""
        var digits = 0
        var rest = bytes.drop { $0 == 0x20 || $0 == 0x09 }
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            number = sign == UInt8(ascii: "-") ? "-" : ""
            rest = rest.dropFirst()
        }
        var hasPoint = false
        while let byte = rest.first {
            if (0x30...0x39).contains(byte) {
                digits += 1
                // Past what any counter holds it is no number of this world.
                guard digits <= 32 else { return nil }
                number.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                guard digits > 0, let next = rest.dropFirst().first, (0x30...0x39).contains(next) else { break }
                if !separators.contains(byte) {
                    guard separators.isEmpty, byte == UInt8(ascii: "."), !hasPoint else { break }
                    hasPoint = true
                    number += "."
                }
            }
            rest = rest.dropFirst()
        }
        guard digits > 0, let value = Double(number), !Self.goesOn(rest.first, isGrouped: !separators.isEmpty) else { return nil }
        self.value = value
    }

    /// Whether what stands behind the digits makes another number of them: `0x1F`, or a space of some language's between groups.
    private static func goesOn(_ byte: UInt8?, isGrouped: Bool) -> Bool {
        guard let byte else { return false }
        return byte == UInt8(ascii: "x") || isGrouped && byte >= 0x80
    }
}
