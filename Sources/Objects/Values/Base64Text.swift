/// Bytes as base64 (RFC 4648), as the members of a Secret are written.
package enum Base64Text {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (index, letter) in letters.enumerated() { values[Int(letter)] = UInt8(index) }
        return values
    }()

    package static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let taken = min(3, bytes.count - index)
            var group: UInt32 = 0
            for place in 0..<3 { group = group << 8 | (place < taken ? UInt32(bytes[index + place]) : 0) }
            for place in 0..<4 { text.append(place <= taken ? letters[Int(group >> UInt32(18 - 6 * place) & 0x3F)] : UInt8(ascii: "=")) }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for what is no base64. Ends of lines in between are taken, as kubectl's users wrap long texts.
    package static func bytes(of text: String) -> [UInt8]? {
        var (bytes, group, count, padding) = ([UInt8](), UInt32(0), 0, 0)
        for letter in text.utf8 where letter != 0x0A && letter != 0x0D {
            if letter == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            let value = values[Int(letter)]
            guard padding == 0, value != 0xFF else { return nil }
            group = group << 6 | UInt32(value)
            count += 1
            if count % 4 == 0 {
                bytes += [UInt8(group >> 16 & 0xFF), UInt8(group >> 8 & 0xFF), UInt8(group & 0xFF)]
                group = 0
            }
        }
        guard (count + padding) % 4 == 0, padding <= 2 else { return nil }
        switch count % 4 {
        case 0: return padding == 0 ? bytes : nil
        case 2: return bytes + [UInt8(group >> 4 & 0xFF)]
        case 3: return bytes + [UInt8(group >> 10 & 0xFF), UInt8(group >> 2 & 0xFF)]
        default: return nil
        }
    }
}
