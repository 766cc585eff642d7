import JSON
import Primitives

/// What a sender wants stored, read of the push API's JSON.
struct LokiPush: Sendable {
    struct Entry: Sendable, Equatable {
        /// In nanoseconds since 1970.
        var time: Int64
        var line: [UInt8]
        /// Structured metadata, by name.
        var metadata: [Label] = []

        var bytes: Int { line.count + metadata.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } }
    }

    struct Label: Sendable, Hashable {
        var name: String
        var value: String
    }

    struct Stream: Sendable {
        /// By name.
        var labels: [Label]
        var entries: [Entry]
    }

    var streams: [Stream] = []

    /// Errors: what is no push, in a sentence.
    init(parsing body: [UInt8]) throws(Failure) {
        var problem: String?
        var streams: [Stream] = []
        try JSONDocument(parsing: body, depth: 16).withRoot { root in
            guard root.isObject, root["streams"]?.isArray == true else { return problem = "expected an object with an array \"streams\"" }
            root["streams"]?.forEachElement { stream in
                guard problem == nil else { return }
                guard let labels = Self.labels(stream["stream"]) else {
                    return problem = "expected an object \"stream\" of texts in each of streams"
                }
                guard stream["values"]?.isArray == true else { return problem = "expected an array \"values\" in each of streams" }
                var entries: [Entry] = []
                stream["values"]?.forEachElement { value in
                    if let entry = Self.entry(value) {
                        entries.append(entry)
                    } else {
                        problem = "expected [\"<nanoseconds>\", \"<line>\"] in values"
                    }
                }
                streams.append(Stream(labels: labels, entries: entries))
            }
        }
        if let problem { throw Failure(.malformed, problem) }
        self.streams = streams
    }

    private static func labels(_ value: JSONValue?) -> [Label]? {
        guard let value, value.isObject else { return nil }
        var labels: [Label] = []
        var isGood = true
        value.forEachMember { name, value in
            if value.isString, let text = value.text { labels.append(Label(name: name.text, value: text)) } else { isGood = false }
        }
        return isGood ? labels.sorted { $0.name < $1.name } : nil
    }

    private static func entry(_ value: JSONValue) -> Entry? {
        var parts: [JSONValue] = []
        value.forEachElement { if parts.count < 4 { parts.append($0) } }
        guard parts.count == 2 || parts.count == 3, parts[0].isString, parts[1].isString, let time = parts[0].text.flatMap({ Int64($0) }),
            let line = parts[1].text
        else { return nil }
        guard parts.count == 3 else { return Entry(time: time, line: Array(line.utf8)) }
        guard let metadata = labels(parts[2]) else { return nil }
        return Entry(time: time, line: Array(line.utf8), metadata: metadata)
    }
}
