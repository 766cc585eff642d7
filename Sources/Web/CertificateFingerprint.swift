import CurlShim

/// SHA-256 of a certificate in DER form.
///
/// Proxmox prints it in the node's *Certificates* panel and with `pvenode cert info`; `openssl x509 -noout -fingerprint -sha256` prints
/// the same.
package struct CertificateFingerprint: Sendable, Hashable, CustomStringConvertible {
    static let byteCount = Int(MLT_FINGERPRINT_SIZE)

    let bytes: [UInt8]

    /// Nil unless there are 32.
    init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Reads `AB:CD:…`: 32 bytes in hex, upper or lower case, with colons between all of them or none. Openssl's `sha256 Fingerprint=` or
    /// `SHA256:` may stand before, white space around. Nil for anything else.
    package init?(parsing text: String) {
        var rest = Array(text.utf8)[...]
        while let last = rest.last, last <= 0x20 { rest.removeLast() }
        while let first = rest.first, first <= 0x20 { rest.removeFirst() }
        for prefix in ["sha256 fingerprint=", "sha256:"] where rest.prefix(prefix.utf8.count).map(Self.lowered) == Array(prefix.utf8) {
            rest = rest.dropFirst(prefix.utf8.count)
            break
        }
        let hasColons = rest.count == Self.byteCount * 3 - 1
        guard hasColons || rest.count == Self.byteCount * 2 else { return nil }
        var bytes: [UInt8] = []
        while let high = rest.popFirst(), let low = rest.popFirst() {
            guard let high = Self.nibble(high), let low = Self.nibble(low) else { return nil }
            bytes.append(high << 4 | low)
            guard !hasColons || rest.isEmpty || rest.popFirst() == UInt8(ascii: ":") else { return nil }
        }
        self.init(bytes: bytes)
    }

    /// That of the first certificate in a PEM text; nil when it holds none.
    package init?(certificatePEM: String) {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        guard mlt_certificate_fingerprint(certificatePEM, &bytes) != 0 else { return nil }
        self.bytes = bytes
    }

    /// `AB:CD:…`, upper case with colons, as Proxmox and openssl print it.
    package var description: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            if !text.isEmpty { text.append(UInt8(ascii: ":")) }
            text += [digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
