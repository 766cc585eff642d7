import RPC

/// A size as Kubernetes writes it: `4Gi`, `512Mi`, `1.5G`, `1000000`, or a bare number of bytes.
enum Quantity {
    private static let units: [(suffix: String, bytes: Double)] = [
        ("Ki", 0x1p10), ("Mi", 0x1p20), ("Gi", 0x1p30), ("Ti", 0x1p40), ("Pi", 0x1p50), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12),
        ("P", 1e15),
    ]

    /// Whole bytes, rounded up; nil for 0, which stands for what nobody said.
    static func bytes(_ value: SpecificationValue) throws(RPCError) -> Int64? {
        let bytes: Double?
        switch value.kind {
        case .whole(let number): bytes = Double(number)
        case .number(let number): bytes = number
        case .text(let text) where text.isEmpty: return nil
        case .text(let text): bytes = Self.bytes(text)
        default: bytes = nil
        }
        guard let bytes, bytes >= 0, bytes <= 0x1p62 else { throw value.refused("a size such as 4Gi, 512Mi or a number of bytes") }
        return bytes == 0 ? nil : Int64(bytes.rounded(.up))
    }

    private static func bytes(_ text: String) -> Double? {
        let unit = units.first { text.hasSuffix($0.suffix) }
        let digits = text.dropLast(unit?.suffix.count ?? 0)
        guard !digits.isEmpty, digits.utf8.count <= 20, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }) else {
            return nil
        }
        guard let number = Double(String(digits)) else { return nil }
        return number * (unit?.bytes ?? 1)
    }
}
