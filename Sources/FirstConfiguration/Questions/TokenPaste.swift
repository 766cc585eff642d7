import Primitives
import ProxmoxAPI

/// What somebody typed or pasted where a token is asked for: `USER@REALM!NAME=SECRET`, a part of it, or the table that
/// `pveum user token add` prints, whole or only the row of the secret.
struct TokenPaste: Sendable {
    /// `monitor@pve!martlet`
    private(set) var identity: String?
    private(set) var secret: Secret?
    /// Whether nothing more has to come.
    private(set) var isWhole = true

    init(_ lines: [String]) {
        let lines = lines.map(Self.trimmed)
        let isTable = lines.contains { Self.isBorder($0) || Self.cells($0) != nil }
        for line in lines {
            if let cells = Self.cells(line) {
                switch cells.key {
                case "full-tokenid": identity = Self.identity(cells.value)
                case "value": secret = Secret(cells.value)
                default: break
                }
            } else if !isTable, !line.isEmpty {
                read(line)
            }
        }
        let hasSecret = secret != nil
        // A table without the secret ends where its last border or an empty line is.
        let isClosed = lines.dropFirst().contains { $0.isEmpty || "└╰".contains($0.prefix(1)) }
        isWhole = !isTable || hasSecret || isClosed
    }

    /// The two together; nil when one is missing or they are no token.
    func token(identity standard: String? = nil) -> Secret? {
        guard let secret, let identity = identity ?? standard else { return nil }
        let text = "\(identity)=\(secret.reveal())"
        return (try? ProxmoxCredential.token(parsing: text)) == nil ? nil : Secret(text)
    }

    private mutating func read(_ line: String) {
        var line = line[...]
        for prefix in ["Authorization:", "PVEAPIToken="] where line.hasPrefix(prefix) {
            line = line.dropFirst(prefix.count).drop { $0 == " " }
        }
        if line.hasPrefix("{") {
            identity = Self.member("full-tokenid", of: String(line)).flatMap(Self.identity)
            secret = Self.member("value", of: String(line)).map { Secret($0) }
        } else if let mark = line.firstIndex(of: "!") {
            let end = line[mark...].firstIndex { $0 == "=" || $0 == ":" || $0.isWhitespace } ?? line.endIndex
            // What is not quite a name may be a secret in part, and is not kept at all.
            guard let name = Self.identity(String(line[..<end])) else { return }
            let value = Self.trimmed(String(line[end...].drop { $0 == "=" || $0 == ":" || $0.isWhitespace }))
            // Behind anything but = only what Proxmox makes secrets of is one.
            let isPair = end != line.endIndex && line[end] == "=" || TokenIdentity.isSecret(value)
            guard isPair || value.isEmpty else { return }
            identity = name
            secret = value.isEmpty ? nil : Secret(value)
        } else {
            secret = Secret(String(line))
        }
    }

    private static func identity(_ text: String) -> String? { TokenIdentity.isWhole(text) ? text : nil }

    /// Of a row with two cells the texts; nil for anything else.
    private static func cells(_ line: String) -> (key: String, value: String)? {
        guard let first = line.first, "│|".contains(first), !isBorder(line) else { return nil }
        let cells = line.dropFirst().split(separator: first, omittingEmptySubsequences: false)
        guard cells.count >= 2 else { return nil }
        return (trimmed(String(cells[0])), trimmed(String(cells[1])))
    }

    private static func isBorder(_ line: String) -> Bool {
        !line.isEmpty && line.unicodeScalars.allSatisfy { (0x2500...0x257F).contains($0.value) || "+-=|".unicodeScalars.contains($0) }
            && line.unicodeScalars.contains { "─═-=".unicodeScalars.contains($0) }
    }

    /// A text of one line of JSON as `pveum --output-format json` prints it; neither a token's name nor its secret needs an escape.
    private static func member(_ name: String, of line: String) -> String? {
        guard let key = line.firstRange(of: "\"\(name)\"") else { return nil }
        let rest = line[key.upperBound...].drop { $0 == " " || $0 == ":" }
        guard rest.first == "\"" else { return nil }
        return String(rest.dropFirst().prefix { $0 != "\"" })
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
