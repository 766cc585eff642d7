/// Who asks, or is given rights: a user, or one of its tokens.
enum AccessIdentity: Sendable, Hashable {
    case user(String)
    case token(String, of: String)

    static let root = AccessIdentity.user("root@pam")

    /// `monitor@pve` or `monitor@pve!martlet`; nil for what is neither.
    init?(_ text: String) {
        let parts = text.split(separator: "!", maxSplits: 1, omittingEmptySubsequences: false)
        guard Self.isUserName(String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            self = .user(String(parts[0]))
            return
        }
        guard Self.isTokenName(String(parts[1])) else { return nil }
        self = .token(String(parts[1]), of: String(parts[0]))
    }

    var text: String {
        switch self {
        case .user(let name): name
        case .token(let name, let user): "\(user)!\(name)"
        }
    }

    var user: String {
        switch self {
        case .user(let name), .token(_, let name): name
        }
    }

    /// `NAME@REALM`, which stands in lists that colons separate and in paths.
    static func isUserName(_ text: String) -> Bool {
        guard (3...64).contains(text.utf8.count), let at = text.lastIndex(of: "@"), at > text.startIndex else { return false }
        let name = text[..<at]
        guard !name.unicodeScalars.contains(where: { $0.properties.isWhitespace || $0.value < 0x20 || ":/".unicodeScalars.contains($0) })
        else { return false }
        return isTokenName(String(text[text.index(after: at)...]))
    }

    /// A letter, then letters, digits, `.`, `-` and `_`; realms are named so too.
    static func isTokenName(_ text: String) -> Bool {
        guard (2...128).contains(text.utf8.count), text.utf8.first.map(isLetter) == true else { return false }
        return isName(text)
    }

    /// Letters, digits, `.`, `-` and `_`, as roles, groups and pools are named.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 128
            && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2D || $0 == 0x5F }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
}
