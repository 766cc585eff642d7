import Primitives

/// Identifiers of operations: `op-` and 26 digits of hex, those of later ones later in the alphabet.
enum OperationID {
    static func make(_ clock: WallClock) -> String {
        let milliseconds = UInt64(max(0, clock.unixSeconds * 1000).clamped(to: 0...0x1p46))
        return "op-" + hex(milliseconds, digits: 12) + hex(UInt64.random(in: 0..<(1 << 56)), digits: 14)
    }

    private static func hex(_ number: UInt64, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
