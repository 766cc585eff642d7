import Primitives
import YAMLShim

/// Reads one YAML document into settings: mappings, lists and plain scalars. Anchors, aliases and tags are refused by name, and depth
/// and number of values are bounded, so that a small file cannot grow large in memory.
struct YAMLReader: ~Copyable {
    private static let depthLimit = 32
    private static let valueLimit = 100_000

    private let yaml: OpaquePointer
    private let bytes: UnsafeBufferPointer<UInt8>
    private let path: String
    private var values = 0

    /// `malformed` failures begin with `path:line:column`.
    static func read(_ bytes: [UInt8], path: String) throws(Failure) -> SettingsNode {
        // libyaml reads the array's memory for as long as the reader lives.
        try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
            guard let yaml = mlt_yaml_new(bytes.baseAddress, bytes.count) else {
                throw Failure(.limit, "no memory for a YAML parser")
            }
            var reader = YAMLReader(yaml: yaml, bytes: bytes, path: path)
            return try reader.document()
        }
    }

    private init(yaml: OpaquePointer, bytes: UnsafeBufferPointer<UInt8>, path: String) {
        self.yaml = yaml
        self.bytes = bytes
        self.path = path
    }

    deinit { mlt_yaml_free(yaml) }

    private mutating func document() throws(Failure) -> SettingsNode {
        let start = try next()
        guard start.kind != mlt_yaml_end else { return SettingsNode(.empty, origin(start)) }
        let node = try value(startingWith: try next(), depth: 0)
        let rest = try next()
        guard rest.kind == mlt_yaml_end else { throw failure(rest, "one document is expected, and here begins another") }
        return node
    }

    private mutating func value(startingWith event: mlt_yaml_event, depth: Int) throws(Failure) -> SettingsNode {
        values += 1
        guard values <= Self.valueLimit else { throw failure(event, "more than \(Self.valueLimit) values") }
        guard depth <= Self.depthLimit else { throw failure(event, "nested deeper than \(Self.depthLimit) levels") }
        try refuseReferences(event)
        switch event.kind {
        case mlt_yaml_scalar:
            let text = self.text(event)
            let isEmpty = event.plain != 0 && (text.isEmpty || text == "~" || text == "null")
            return SettingsNode(isEmpty ? .empty : .scalar(text), origin(event))
        case mlt_yaml_sequence_start:
            var elements: [SettingsNode] = []
            while true {
                let element = try next()
                if element.kind == mlt_yaml_sequence_end { return SettingsNode(.sequence(elements), origin(event)) }
                elements.append(try value(startingWith: element, depth: depth + 1))
            }
        case mlt_yaml_mapping_start:
            var members: [SettingsNode.Member] = []
            var names: Set<String> = []
            while true {
                let key = try next()
                if key.kind == mlt_yaml_mapping_end { return SettingsNode(.mapping(members), origin(event)) }
                try refuseReferences(key)
                guard key.kind == mlt_yaml_scalar else { throw failure(key, "a key must be plain text") }
                let name = text(key)
                let keyOrigin = origin(key)
                guard names.insert(name).inserted else { throw failure(key, "key \(quoted(name)) stands here twice") }
                members.append(.init(key: name, keyOrigin: keyOrigin, node: try value(startingWith: try next(), depth: depth + 1)))
            }
        default: throw failure(event, "a value is expected")
        }
    }

    private func refuseReferences(_ event: mlt_yaml_event) throws(Failure) {
        guard event.kind != mlt_yaml_alias else { throw failure(event, "aliases (*name) are not supported; write the value out") }
        guard event.anchored == 0 else { throw failure(event, "anchors (&name) are not supported") }
        guard event.tagged == 0 else { throw failure(event, "tags (!name) are not supported") }
    }

    /// The next event that means something.
    private func next() throws(Failure) -> mlt_yaml_event {
        while true {
            var event = mlt_yaml_next(yaml)
            if event.kind == mlt_yaml_error {
                if event.line == 0 { (event.line, event.column) = place(ofByte: event.column) }
                throw failure(event, "not valid YAML: \(text(event))\(isTab(event) ? ": a tab; indent with spaces" : "")")
            }
            if event.kind != mlt_yaml_nothing { return event }
        }
    }

    /// Whether a tab stands where the event is.
    private func isTab(_ event: mlt_yaml_event) -> Bool {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: event.line, omittingEmptySubsequences: false)
        guard lines.indices.contains(event.line - 1) else { return false }
        return lines[event.line - 1].dropFirst(max(0, event.column - 1)).first == UInt8(ascii: "\t")
    }

    /// Line and column, both from 1, of a byte that is no text.
    private func place(ofByte offset: Int) -> (line: Int, column: Int) {
        let before = bytes.prefix(offset)
        let line = before[(before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)...]
        return (1 + before.count { $0 == UInt8(ascii: "\n") }, 1 + line.count { $0 & 0xC0 != 0x80 })
    }

    private func text(_ event: mlt_yaml_event) -> String {
        String(decoding: UnsafeBufferPointer(start: event.text, count: event.size), as: UTF8.self)
    }

    private func origin(_ event: mlt_yaml_event) -> SettingsNode.Origin {
        .file(path, line: event.line, column: event.column)
    }

    private func failure(_ event: mlt_yaml_event, _ message: String) -> Failure {
        Failure(.malformed, "\(origin(event)): \(message)")
    }
}
