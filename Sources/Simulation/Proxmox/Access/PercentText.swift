/// Text in which bytes stand as `%40`: in headers, cookies and forms.
enum PercentText {
    /// The bytes that are meant. What is no code stays as it is.
    static func decoded(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x25, index + 2 < bytes.count, let high = digit(bytes[index + 1]), let low = digit(bytes[index + 2]) {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return decoded
    }

    /// The names and values of an `application/x-www-form-urlencoded` body, in which `+` is a space.
    static func form(_ body: [UInt8]) -> [(name: String, value: String)] {
        func text(_ bytes: some Collection<UInt8>) -> String {
            String(decoding: decoded(bytes.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 }), as: UTF8.self)
        }
        return body.split(separator: UInt8(ascii: "&")).map { field in
            let parts = field.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (text(parts[0]), parts.count > 1 ? text(parts[1]) : "")
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
