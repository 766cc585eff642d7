/// User and password of an `Authorization: Basic` header.
struct BasicCredentials {
    /// Longer ones are not looked at: no name and no password that bcrypt tells apart is near that.
    private static let limitBytes = 2048

    let user: String
    let password: [UInt8]

    /// Nil unless the header is exactly what RFC 7617 says: the scheme, a space, padded base64 of UTF-8 `user:password`.
    ///
    /// A zero byte is refused: it ends a password in C, where `secret\0anything` would be taken for `secret`.
    init?(authorizationHeader text: String) {
        var rest = Array(text.utf8)[...]
        guard rest.count <= Self.limitBytes, rest.prefix(5).map({ $0 | 0x20 }).elementsEqual("basic".utf8) else { return nil }
        rest = rest.dropFirst(5)
        guard rest.first == UInt8(ascii: " ") else { return nil }
        rest = rest.drop { $0 == UInt8(ascii: " ") }
        guard let decoded = Self.decoded(rest), !decoded.contains(0), let colon = decoded.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: decoded[..<colon], as: UTF8.self)
        else { return nil }
        self.user = user
        password = Array(decoded[(colon + 1)...])
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let digits = text.dropLast(text.suffix(2).count { $0 == UInt8(ascii: "=") })
        var bytes: [UInt8] = []
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for digit in digits {
            guard let value = sextet(digit) else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
                bits &= 1 << count - 1
            }
        }
        // What is left over says nothing and has to be zero, else one password could be written in several ways.
        return bits == 0 ? bytes : nil
    }

    private static func sextet(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
