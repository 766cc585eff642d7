/// What Kubernetes takes for a name of this or that (RFC 1123 and its own rules for labels).
package enum NameRules {
    /// Of namespaces: lower-case letters, digits and dashes, with none of these at an end.
    package static func isLabel(_ text: some StringProtocol) -> Bool { text.utf8.count <= 63 && isLabel(text.utf8) }

    /// Of objects: labels with dots between them. Each may be as long as the whole, 253 bytes.
    package static func isSubdomain(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= 253 && text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { isLabel($0) }
    }

    /// What a name may begin with that goes on with letters of the store's choice: `web-`.
    package static func isPrefix(_ text: String) -> Bool {
        // A dash at the end will stand within the name; so will what is before it.
        isSubdomain(text.utf8.count > 1 && text.utf8.last == UInt8(ascii: "-") ? text.dropLast(2) + "a" : Substring(text))
    }

    /// Of labels, annotations and finalizers: `name` or `prefix/name`, where the prefix is a subdomain.
    package static func isQualifiedName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, parts.count <= 2, !name.isEmpty, isLabelValue(name) else { return false }
        return parts.count == 1 || isSubdomain(parts[0])
    }

    /// Of labels: nothing, or 63 letters, digits, dashes, underscores and dots, with a letter or digit at both ends.
    package static func isLabelValue(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.suffix(1).first else { return true }
        return bytes.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
    }

    private static func isLabel(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.suffix(1).first else { return false }
        return isLower(first) && isLower(last) && bytes.allSatisfy { isLower($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLower(byte) || (0x41...0x5A).contains(byte) }
}
