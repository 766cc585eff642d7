/// `192.0.2.0/24`, or one address.
package struct IPRange: Sendable, Equatable {
    private let address: IPAddress
    /// Bits that all its addresses have in common.
    package let length: Int

    /// nil for what is no address or CIDR, and for one with bits set behind its length, which is a slip of the pen.
    package init?(_ text: Substring) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress(String($0)) }) else { return nil }
        let bits = address.bytes.count * 8
        var length = bits
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let given = Int(parts[1]),
                given <= bits
            else { return nil }
            length = given
        }
        self.address = address
        self.length = length
        guard Self.masked(address.bytes, length) == address.bytes else { return nil }
    }

    package func contains(_ other: IPAddress) -> Bool {
        other.bytes.count == address.bytes.count && Self.masked(other.bytes, length) == address.bytes
    }

    private static func masked(_ bytes: [UInt8], _ length: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(8, max(0, length - index * 8))
            return kept == 0 ? 0 : byte & (0xFF << (8 - kept))
        }
    }
}
