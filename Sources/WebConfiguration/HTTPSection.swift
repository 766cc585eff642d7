import Primitives
import Settings
import Web

/// `http_server_config`.
struct HTTPSection {
    /// The headers that may be set, and their values where not any will do.
    private static let allowed: [(name: String, values: [String])] = [
        ("Strict-Transport-Security", []),
        ("X-Content-Type-Options", ["nosniff"]),
        ("X-Frame-Options", ["deny", "sameorigin"]),
        ("X-XSS-Protection", []),
        ("Content-Security-Policy", []),
    ]

    private let section: SettingsTree

    init(_ section: SettingsTree) throws(Failure) {
        self.section = section
        if section["http2"].flag == true {
            throw section["http2"].failure("http2: HTTP/1.1 is all that is spoken here; take the line away, or write false")
        }
    }

    func headers() throws(Failure) -> [DoorSettings.Header] {
        var headers: [DoorSettings.Header] = []
        for member in section["headers"].members {
            guard let rule = Self.allowed.first(where: { $0.name == member.name }) else {
                let names = Self.allowed.map(\.name)
                let hint = nearest(to: member.name, among: names).map { "did you mean \($0)?" } ?? "known: " + names.joined(separator: ", ")
                throw member.value.failure("headers: \(quoted(member.name)) cannot be set; \(hint)")
            }
            guard let value = member.value.text.map(Self.trimmed) else { continue }
            guard rule.values.isEmpty || rule.values.contains(value) else {
                throw member.value.failure("headers: \(rule.name): expected \(rule.values.joined(separator: " or ")), not \(quoted(value))")
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw member.value.failure("headers: \(rule.name): a header is one line without control characters; try >- in place of |")
            }
            if !value.isEmpty { headers.append(.init(name: rule.name, value: value)) }
        }
        return headers
    }

    /// Without white space at the ends: a block of YAML ends with a line feed.
    private static func trimmed(_ text: String) -> String {
        var bytes = Array(text.utf8)[...]
        while let last = bytes.last, [0x20, 0x09, 0x0A, 0x0D].contains(last) { bytes.removeLast() }
        while let first = bytes.first, [0x20, 0x09, 0x0A, 0x0D].contains(first) { bytes.removeFirst() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
