import Primitives

/// Identifiers that an operation gives to what it makes: they follow from its own, so they are the same after a restart.
enum Identity {
    /// Of the first machine that the operation makes.
    static func uuid(_ operation: String) -> String {
        let digits = Array(SHA256.hex("uuid \(operation)".utf8))
        func part(_ from: Int, _ to: Int) -> String { String(digits[from..<to]) }
        return "\(part(0, 8))-\(part(8, 12))-4\(part(13, 16))-a\(part(17, 20))-\(part(20, 32))"
    }

    /// In the range that QEMU has.
    static func macAddress(_ operation: String, _ index: Int) -> String {
        let digits = Array(SHA256.hex("mac \(operation) \(index)".utf8))
        return "52:54:00:" + [0, 2, 4].map { String(digits[$0..<($0 + 2)]) }.joined(separator: ":")
    }

    /// A name that every hypervisor takes for a snapshot.
    static func snapshot(_ operation: String) -> String { "s" + operation.suffix(14) }
}
