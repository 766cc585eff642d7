import Primitives

/// Identifiers of operations: `op-` and 26 digits of hex, those of later ones later in the alphabet.
package enum OperationID {
    static func make(_ clock: WallClock) -> String {
        let milliseconds = UInt64(max(0, clock.unixSeconds * 1000).clamped(to: 0...0x1p46))
        return "op-" + hex(milliseconds, digits: 12) + hex(UInt64.random(in: 0..<(1 << 56)), digits: 14)
    }

    /// Whether it could be one: asked of what a client sent before it is looked up.
    package static func isOne(_ text: String) -> Bool {
        let bytes = text.utf8
        return bytes.count == 29 && bytes.starts(with: "op-".utf8)
            && bytes.dropFirst(3).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func hex(_ number: UInt64, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
