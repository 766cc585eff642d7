import JSON
import Primitives

/// A silence that a person wants, read field by field: what goes to Alertmanager is written anew.
struct SilenceRequest: Sendable, Equatable {
    struct Matcher: Sendable, Equatable {
        var name: String
        var value: String
        var isRegex = false
        var isEqual = true
    }

    /// Longest that a silence may last; whoever wants more takes the rule away.
    static let longestSeconds = 366 * 86_400.0

    var matchers: [Matcher]
    /// In seconds since 1970.
    var start: Double
    var end: Double
    var comment: String

    /// - Parameter bytes: JSON with `matchers`, `startsAt`, `endsAt` (RFC 3339) and `comment`. Who made it (`createdBy`) may stand there and is
    ///   not believed.
    init(parsing bytes: [UInt8], now: Double) throws(Refusal) {
        guard let document = try? JSONDocument(parsing: bytes, depth: 8) else { throw Refusal(400, "The silence is no JSON.") }
        let result = document.withRoot { root in
            Result { () throws(Refusal) in try Self.read(root, now: now) }
        }
        self = try result.get()
    }

    private init(matchers: [Matcher], start: Double, end: Double, comment: String) {
        self.matchers = matchers
        self.start = start
        self.end = end
        self.comment = comment
    }

    private static func read(_ root: JSONValue, now: Double) throws(Refusal) -> SilenceRequest {
        try check(root, known: ["matchers", "startsAt", "endsAt", "comment", "createdBy"], "the silence")
        guard let list = root["matchers"], list.hasElements(upTo: 32) else { throw Refusal(400, "matchers: expected a list of 1 to 32.") }
        var matchers: [Matcher] = []
        var problem: Refusal?
        list.forEachElement { element in
            guard problem == nil else { return }
            do throws(Refusal) { matchers.append(try matcher(element)) } catch { problem = error }
        }
        if let problem { throw problem }
        guard !matchers.isEmpty else { throw Refusal(400, "matchers: expected a list of 1 to 32.") }
        let start = try time("startsAt", root) ?? now
        guard let end = try time("endsAt", root) else { throw Refusal(400, "endsAt is missing.") }
        guard end > now, end > start else { throw Refusal(400, "The silence would be over before it begins.") }
        guard end - min(start, now) <= longestSeconds, start >= now - 86_400 else { throw Refusal(400, "A silence lasts a year at most.") }
        guard let comment = root["comment"], comment.isString, let text = comment.text, !text.allSatisfy(\.isWhitespace) else {
            throw Refusal(400, "comment: say in a few words why.")
        }
        return SilenceRequest(matchers: matchers, start: start, end: end, comment: try plain(text, "comment", bytes: 4096))
    }

    private static func matcher(_ value: JSONValue) throws(Refusal) -> Matcher {
        try check(value, known: ["name", "value", "isRegex", "isEqual"], "a matcher")
        guard let name = value["name"], name.isString, let nameText = name.text, PrometheusQuestions.isLabel(nameText) else {
            throw Refusal(400, "matchers: name is to be the name of a label.")
        }
        guard let content = value["value"], content.isString, let text = content.text else {
            throw Refusal(400, "matchers: value is to be text.")
        }
        var matcher = Matcher(name: nameText, value: try plain(text, "matchers: value", bytes: 1024))
        matcher.isRegex = try flag("isRegex", value) ?? false
        matcher.isEqual = try flag("isEqual", value) ?? true
        return matcher
    }

    private static func check(_ value: JSONValue, known: Set<String>, _ what: String) throws(Refusal) {
        guard value.isObject else { throw Refusal(400, "Expected \(what) as an object.") }
        var seen: Set<String> = []
        var problem: Refusal?
        value.forEachMember { key, _ in
            let name = key.text
            if !known.contains(name) {
                problem = Refusal(400, "There is no field \(name.prefix(40)) in \(what).")
            } else if !seen.insert(name).inserted {
                problem = Refusal(400, "The field \(name) stands twice in \(what).")
            }
        }
        if let problem { throw problem }
    }

    private static func flag(_ name: StaticString, _ value: JSONValue) throws(Refusal) -> Bool? {
        guard let member = value[name] else { return nil }
        guard member.isBoolean else { throw Refusal(400, "matchers: \(name) is true or false.") }
        return member.flag
    }

    private static func time(_ name: StaticString, _ value: JSONValue) throws(Refusal) -> Double? {
        guard let member = value[name] else { return nil }
        guard member.isString, let text = member.text, let seconds = parsed(text) else {
            throw Refusal(400, "\(name): expected a time in UTC such as 2030-01-31T08:00:00Z.")
        }
        return seconds
    }

    /// `2030-01-31T08:00:00Z`, with a fraction of a second or without.
    private static func parsed(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard (20...30).contains(bytes.count), bytes[10] == UInt8(ascii: "T"), bytes.last == UInt8(ascii: "Z") else { return nil }
        let fraction = bytes[19...].dropLast()
        guard fraction.isEmpty || fraction.first == UInt8(ascii: ".") && fraction.dropFirst().decimalNumber != nil else { return nil }
        let day = String(decoding: bytes[..<10], as: UTF8.self)
        let clock = String(decoding: bytes[11..<19], as: UTF8.self)
        return CivilTime(parsing: "\(day) \(clock)")?.unixSeconds
    }

    private static func plain(_ text: String, _ what: String, bytes: Int) throws(Refusal) -> String {
        guard text.utf8.count <= bytes else { throw Refusal(400, "\(what) is longer than \(bytes) bytes.") }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A }) else {
            throw Refusal(400, "\(what) holds a control character.")
        }
        return text
    }

    /// What Alertmanager is sent.
    func json(createdBy user: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("matchers")
            writer.array { writer in
                for matcher in matchers {
                    writer.object { writer in
                        writer.member("name", matcher.name)
                        writer.member("value", matcher.value)
                        writer.member("isRegex", matcher.isRegex)
                        writer.member("isEqual", matcher.isEqual)
                    }
                }
            }
            writer.member("startsAt", timestampText(start))
            writer.member("endsAt", timestampText(end))
            writer.member("createdBy", user)
            writer.member("comment", comment)
        }
        return writer.bytes
    }

    /// Whether the text is the name that Alertmanager gives to a silence, a UUID.
    static func isID(_ text: some StringProtocol) -> Bool {
        let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12]
            && groups.allSatisfy {
                $0.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || (0x41...0x46).contains($0) }
            }
    }
}
