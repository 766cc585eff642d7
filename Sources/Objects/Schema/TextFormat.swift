/// A form that a text has.
///
/// The pattern is for those who know patterns alone, a kube-apiserver and kubectl: it takes all that `accepts` takes, and may take more.
package struct TextFormat: Sendable {
    /// As messages and the docs say it: `a duration such as 30m or 1h30m`.
    package let meaning: String
    /// RE2, anchored.
    package let pattern: String?
    /// OpenAPI's name of it, where it has one.
    package let name: String?
    package let atMost: Int?
    package let accepts: @Sendable (String) -> Bool

    init(
        _ meaning: String, pattern: String?, name: String? = nil, atMost: Int? = nil, accepts: @escaping @Sendable (String) -> Bool
    ) {
        self.meaning = meaning
        self.pattern = pattern
        self.name = name
        self.atMost = atMost
        self.accepts = accepts
    }
}

extension TextFormat {
    package static let label = TextFormat(
        "a name of small letters, digits and dashes", pattern: "^\(labelPattern)$", atMost: 63, accepts: isLabel)

    package static let subdomain = TextFormat(
        "a name of small letters, digits, dashes and dots", pattern: #"^\#(labelPattern)(\.\#(labelPattern))*$"#, atMost: 253
    ) { text in text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabel(String($0)) } }

    package static let hostname = TextFormat(
        "a host's name of letters, digits, dashes and dots", pattern: #"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$"#, atMost: 253
    ) { isWord($0, within: "-.") }

    package static let snapshotName = TextFormat(
        "a name of letters, digits, dashes and underscores", pattern: "^[A-Za-z0-9]([-A-Za-z0-9_]*[A-Za-z0-9])?$", atMost: 255
    ) { isWord($0, within: "-_") }

    /// Of a member of a Secret.
    package static let key = TextFormat(
        "a name of letters, digits, dashes, underscores and dots", pattern: "^[-._a-zA-Z0-9]+$", atMost: 253
    ) {
        !$0.isEmpty && consists($0, of: "-._")
    }

    package static let duration = TextFormat(
        "a duration such as 30m or 1h30m", pattern: #"^(0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$"#, atMost: 40
    ) { DurationText.seconds($0) != nil }

    package static let cron = TextFormat(
        "a schedule such as 0 3 * * * or @daily",
        pattern:
            #"^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every ([0-9]+(\.[0-9]+)?(ms|s|m|h))+|[0-9A-Za-z*,/?-]+( +[0-9A-Za-z*,/?-]+){4})$"#,
        atMost: 200, accepts: CronText.isValid)

    package static let timestamp = TextFormat(
        "a time such as 2026-11-23T03:04:05Z", pattern: nil, name: "date-time", accepts: Timestamp.isValid)

    package static let base64 = TextFormat("base64", pattern: nil, name: "byte") { Base64Text.bytes(of: $0) != nil }

    package static let checksum = TextFormat(
        "hex digits, with or without the algorithm before them (sha256:…)", pattern: "^((md5|sha1|sha256|sha512):)?[0-9a-fA-F]{32,128}$",
        accepts: isChecksum)

    package static let absolutePath = TextFormat("an absolute path", pattern: "^/", atMost: 4096) {
        $0.hasPrefix("/") && !$0.contains("\0")
    }

    package static let word = TextFormat("a word of letters, digits, dashes and underscores", pattern: "^[-_a-zA-Z0-9]+$", atMost: 255) {
        !$0.isEmpty && consists($0, of: "-_")
    }

    /// `registry/path:tag`
    package static let containerImage = TextFormat(
        "an image such as registry.example.org/images/debian:12",
        pattern: #"^[a-zA-Z0-9][-a-zA-Z0-9._/:]*(:[-a-zA-Z0-9._]+|@sha256:[0-9a-f]{64})$"#, atMost: 500
    ) { text in
        guard let first = text.utf8.first, isLetterOrDigit(first) else { return false }
        if let digest = text.range(of: "@sha256:") {
            let hex = text[digest.upperBound...]
            return hex.utf8.count == 64 && hex.utf8.allSatisfy(isSmallHex) && consists(String(text[..<digest.lowerBound]), of: "-._/:")
        }
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return false }
        let tag = text[text.utf8.index(after: colon)...]
        return !tag.isEmpty && colon > text.startIndex && consists(String(tag), of: "-._") && consists(String(text[..<colon]), of: "-._/:")
    }

    private static let labelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

    @Sendable private static func isLabel(_ text: String) -> Bool {
        guard (1...63).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "-"), text.utf8.last != UInt8(ascii: "-") else {
            return false
        }
        return text.utf8.allSatisfy { isSmallOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// Letters and digits, and in between also these.
    private static func isWord(_ text: String, within others: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return isLetterOrDigit(first) && isLetterOrDigit(last) && consists(text, of: others)
    }

    static func consists(_ text: String, of others: String) -> Bool {
        text.utf8.allSatisfy { isLetterOrDigit($0) || others.utf8.contains($0) }
    }

    @Sendable private static func isChecksum(_ text: String) -> Bool {
        let lengths = ["md5": 32, "sha1": 40, "sha256": 64, "sha512": 128]
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let hex = parts.last, hex.utf8.allSatisfy(isHex) else { return false }
        if parts.count == 1 { return lengths.values.contains(hex.utf8.count) }
        return parts.count == 2 && lengths[parts[0]] == hex.utf8.count
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    static func isSmallOrDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x7A).contains(byte) }
    static func isLetterOrDigit(_ byte: UInt8) -> Bool { isSmallOrDigit(byte) || (0x41...0x5A).contains(byte) }
    static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte | 0x20) }
    static func isSmallHex(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte) }
}

extension String {
    /// Where these words stand first.
    fileprivate func range(of words: String) -> Range<String.Index>? {
        var start = utf8.startIndex
        while start < utf8.endIndex {
            if self[start...].utf8.starts(with: words.utf8),
                let end = utf8.index(start, offsetBy: words.utf8.count, limitedBy: utf8.endIndex)
            {
                return start..<end
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}
