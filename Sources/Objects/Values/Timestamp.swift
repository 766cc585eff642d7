import Primitives

/// Times of day as objects have them: RFC 3339.
package enum Timestamp {
    /// In UTC and whole seconds, as metadata and conditions have it: `2026-11-23T03:04:05Z`.
    package static func text(_ unixSeconds: Double) -> String { String(timestampText(unixSeconds).prefix(19)) + "Z" }

    /// With milliseconds, where two things may happen in one second.
    package static func exactText(_ unixSeconds: Double) -> String { timestampText(unixSeconds) }

    /// Seconds since 1970; nil for what is no time, or before that.
    package static func unixSeconds(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40, bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t") else { return nil }
        let date = String(decoding: bytes[..<10], as: UTF8.self) + " " + String(decoding: bytes[11..<19], as: UTF8.self)
        guard let civil = CivilTime(parsing: date) else { return nil }
        var rest = bytes[19...]
        var fraction = 0.0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty, let value = Double("0." + String(decoding: digits, as: UTF8.self)) else { return nil }
            fraction = value
            rest = rest.dropFirst(digits.count + 1)
        }
        guard let offset = offsetSeconds(Array(rest)) else { return nil }
        let seconds = civil.unixSeconds + fraction - offset
        return seconds >= 0 ? seconds : nil
    }

    /// Of `Z`, `+02:00`.
    private static func offsetSeconds(_ bytes: [UInt8]) -> Double? {
        if bytes.count == 1 { return bytes[0] == UInt8(ascii: "Z") || bytes[0] == UInt8(ascii: "z") ? 0 : nil }
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            let hours = bytes[1..<3].decimalNumber, let minutes = bytes[4..<6].decimalNumber, hours < 24, minutes < 60
        else { return nil }
        return Double(hours * 3600 + minutes * 60) * (bytes[0] == UInt8(ascii: "-") ? -1 : 1)
    }
}
