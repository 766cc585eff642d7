/// A path that rights are given on: `/`, `/vms/100`, `/nodes/pve1`.
struct AccessPath: Sendable, Hashable {
    let text: String

    /// Repeated and trailing slashes go, a missing first one comes; nil for what cannot be a path.
    init?(_ raw: String) {
        guard !raw.isEmpty, raw.utf8.count <= 512, raw.utf8.allSatisfy(Self.isPlain) else { return nil }
        text = "/" + raw.split(separator: "/").joined(separator: "/")
    }

    /// Whether there is something of that kind. That it is there, nobody asks: rights may be given before.
    var isKnown: Bool {
        let parts = text.split(separator: "/")
        guard let first = parts.first else { return true }
        switch first {
        case "access": return parts.count == 1 || parts.count <= 3 && ["groups", "realm"].contains(parts[1])
        case "nodes", "storage": return parts.count <= 2
        case "pool": return parts.count <= 4
        case "mapping": return parts.count <= 3
        case "vms": return parts.count == 1 || parts.count == 2 && Self.isNumber(parts[1], digits: 3...9)
        case "sdn":
            guard parts.count > 1 else { return true }
            return parts[1] == "zones" && (parts.count <= 4 || parts.count == 5 && Self.isNumber(parts[4], digits: 1...4))
        default: return false
        }
    }

    /// The paths that this one lies below, without `/`, and itself.
    var branch: [String] {
        var branch: [String] = []
        for part in text.split(separator: "/") { branch.append((branch.last ?? "") + "/" + part) }
        return branch
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/"): true
        default: false
        }
    }

    private static func isNumber(_ text: Substring, digits: ClosedRange<Int>) -> Bool {
        digits.contains(text.utf8.count) && text.first != "0" && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
