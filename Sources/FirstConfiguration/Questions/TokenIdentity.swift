/// Tells names that may be shown, `USER@REALM!NAME` and its parts, from what may be a secret.
package enum TokenIdentity {
    /// `monitor@pve!martlet`
    package static func isWhole(_ text: String) -> Bool {
        let parts = text.split(separator: "!", omittingEmptySubsequences: false)
        return parts.count == 2 && isUser(String(parts[0])) && isName(String(parts[1]))
    }

    /// `monitor@pve`; what is before the last `@` may hold others.
    package static func isUser(_ text: String) -> Bool {
        guard let mark = text.lastIndex(of: "@"), mark != text.startIndex, text.index(after: mark) != text.endIndex else { return false }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"!=:".utf8.contains($0) } && !holdsSecret(text)
    }

    /// `martlet`: a letter, and behind it letters, digits, `.`, `_`, `-`.
    package static func isName(_ text: String) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "._-".utf8.contains($0) } && !holdsSecret(text)
    }

    /// Whether a UUID stands anywhere in it, which is what Proxmox makes secrets of. They begin with a letter at times, and look like names.
    static func holdsSecret(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 36 else { return false }
        return (0...(bytes.count - 36)).contains { isSecret(bytes[$0..<($0 + 36)]) }
    }

    /// Whether it is a UUID and nothing else.
    static func isSecret(_ text: String) -> Bool { isSecret(Array(text.utf8)[...]) }

    private static func isSecret(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            if [8, 13, 18, 23].contains(index) { return byte == UInt8(ascii: "-") }
            return (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
        }
    }
}
