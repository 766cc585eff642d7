/// Signs texts, so that a process knows its own again. No other process knows the key.
///
/// This is a simulation: the keyed hash of Swift's dictionaries stands where the real server has RSA and HMAC.
struct SigningKey: Sendable {
    private let first = UInt64.random(in: .min ... .max)
    private let second = UInt64.random(in: .min ... .max)

    /// 32 bytes in base64.
    func signature(of text: String) -> String {
        var bytes: [UInt8] = []
        for part in 0..<4 {
            var hasher = Hasher()
            hasher.combine(first)
            hasher.combine(part)
            hasher.combine(text)
            hasher.combine(second)
            let hash = UInt64(bitPattern: Int64(hasher.finalize()))
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: hash >> UInt64($0 * 8)) }
        }
        return Self.base64(bytes)
    }

    /// Whether the text was signed with this very key.
    func accepts(_ signature: some StringProtocol, of text: String) -> Bool {
        SecretComparison.areEqual(Array(signature.utf8), Array(self.signature(of: text).utf8))
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 { text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 0x3F] : UInt8(ascii: "=")) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
