import Boards
import Primitives

/// A query for lines: a selector of streams, and what must stand in a line: `{job="journal", level=~"err.*"} |= "timeout" != "retry"`.
struct LogQuery: Sendable {
    struct Matcher: Sendable {
        let name: String
        let value: String
        let isNegated: Bool
        let pattern: Pattern?

        func accepts(_ labels: [LokiPush.Label]) -> Bool {
            let text = labels.first { $0.name == name }?.value ?? ""
            return (pattern.map { $0.matches(text) } ?? (text == value)) != isNegated
        }
    }

    /// One of these texts stands in the line, or none does.
    struct Filter: Sendable {
        var choices: [(text: [UInt8], pattern: Pattern?)]
        let isNegated: Bool

        func accepts(_ line: [UInt8]) -> Bool {
            let isFound = choices.contains { choice in
                choice.pattern.map { $0.matches(String(decoding: line, as: UTF8.self)) }
                    ?? (choice.text.isEmpty || line.contains(run: choice.text))
            }
            return isFound != isNegated
        }
    }

    private(set) var matchers: [Matcher] = []
    private(set) var filters: [Filter] = []

    private static let stepLimit = 32

    /// Errors: what Loki would not read, and what it would read and this one does not.
    init(parsing text: String) throws(Failure) {
        var reader = LogQueryReader(text)
        if let word = reader.peekWord() {
            throw Failure(
                .malformed,
                "queries of numbers, such as \(HostileText.oneLine(word, limit: 40))(…), are not simulated; ask for lines: {job=\"journal\"} |= \"text\""
            )
        }
        matchers = try Self.selector(&reader)
        guard matchers.contains(where: { !$0.isNegated && !($0.pattern?.matches("") ?? $0.value.isEmpty) }) else {
            throw Failure(
                .malformed,
                "queries require at least one regexp or equality matcher that does not have an empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but app=~\".+\" will"
            )
        }
        while !reader.isAtEnd {
            let sign = reader.take(oneOf: ["|=", "!=", "|~", "!~"])
            guard let sign else {
                throw Failure(
                    .malformed,
                    "parse error at column \(reader.column): expected |= != |~ or !~ and a text; stages such as | json are not simulated")
            }
            var filter = Filter(choices: [], isNegated: sign.hasPrefix("!"))
            repeat {
                let text = try reader.text()
                filter.choices.append((Array(text.utf8), sign.hasSuffix("~") ? try Pattern(text) : nil))
                guard filters.count + filter.choices.count <= Self.stepLimit else {
                    throw Failure(.limit, "more than \(Self.stepLimit) filters")
                }
            } while reader.takeWord("or")
            filters.append(filter)
        }
    }

    /// A selector alone, as `match[]` has it.
    init(selector text: String) throws(Failure) {
        var reader = LogQueryReader(text)
        matchers = try Self.selector(&reader)
        guard reader.isAtEnd else {
            throw Failure(.malformed, "parse error at column \(reader.column): expected nothing behind the selector")
        }
    }

    func accepts(_ labels: [LokiPush.Label]) -> Bool { matchers.allSatisfy { $0.accepts(labels) } }

    func accepts(line: [UInt8]) -> Bool { filters.allSatisfy { $0.accepts(line) } }

    private static func selector(_ reader: inout LogQueryReader) throws(Failure) -> [Matcher] {
        try reader.expect("{")
        var matchers: [Matcher] = []
        while reader.take(oneOf: ["}"]) == nil {
            if !matchers.isEmpty {
                try reader.expect(",")
                if reader.take(oneOf: ["}"]) != nil { break }
            }
            let name = try reader.name()
            guard let sign = reader.take(oneOf: ["=~", "!~", "!=", "="]) else {
                throw Failure(.malformed, "parse error at column \(reader.column): expected = != =~ or !~")
            }
            let value = try reader.text()
            let pattern = sign.hasSuffix("~") ? try Pattern("^(?:" + value + ")$") : nil
            matchers.append(Matcher(name: name, value: value, isNegated: sign.hasPrefix("!"), pattern: pattern))
            guard matchers.count <= stepLimit else { throw Failure(.limit, "more than \(stepLimit) matchers") }
        }
        return matchers
    }
}
