import Primitives
import YAMLShim

/// Reads one YAML document into settings: mappings, lists and plain scalars. Anchors, aliases, merge keys and tags are refused by name,
/// and size, depth and number of values are bounded, so that a small file cannot grow large in memory or keep the reader busy.
struct YAMLReader: ~Copyable {
    private static let sizeLimit = 1 << 20
    private static let depthLimit = 64
    private static let valueLimit = 100_000
    /// In bytes; messages quote keys.
    private static let keyLimit = 256
    /// Of `%TAG`: libyaml compares each with all before it.
    private static let directiveLimit = 16

    let bytes: UnsafeBufferPointer<UInt8>
    private let yaml: OpaquePointer
    let path: String
    private var values = 0

    /// `malformed` failures begin with `path:line:column` and end with what to do.
    static func read(_ bytes: [UInt8], path: String) throws(Failure) -> SettingsNode {
        guard bytes.count <= sizeLimit else {
            throw Failure(
                .limit, "\(path): larger than \(sizeLimit) bytes; no configuration needs so many, check whether this is the right file")
        }
        // libyaml reads the array's memory for as long as the reader lives.
        return try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
            guard let yaml = mlt_yaml_new(bytes.baseAddress, bytes.count) else {
                throw Failure(.limit, "no memory for a YAML parser")
            }
            var reader = YAMLReader(yaml: yaml, bytes: bytes, path: path)
            return try reader.document()
        }
    }

    init(yaml: OpaquePointer, bytes: UnsafeBufferPointer<UInt8>, path: String) {
        self.yaml = yaml
        self.bytes = bytes
        self.path = path
    }

    deinit { mlt_yaml_free(yaml) }

    private mutating func document() throws(Failure) -> SettingsNode {
        try refuseManyDirectives()
        let start = try next()
        guard start.kind != mlt_yaml_end else { return SettingsNode(.empty, origin(start)) }
        let node = try value(startingWith: try next(), depth: 0)
        let rest = try next()
        guard rest.kind == mlt_yaml_end else {
            throw failure(rest, "one document is expected, and here begins another; put everything into the first")
        }
        return node
    }

    private mutating func value(startingWith event: mlt_yaml_event, depth: Int) throws(Failure) -> SettingsNode {
        try admit(event, depth: depth)
        switch event.kind {
        case mlt_yaml_scalar:
            let text = try self.text(event)
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
                let name = try self.name(key)
                let keyOrigin = origin(key)
                guard names.insert(name).inserted else { throw failure(key, "key \(quoted(name)) stands here twice; keep one of the two") }
                members.append(.init(key: name, keyOrigin: keyOrigin, node: try value(startingWith: try next(), depth: depth + 1)))
            }
        default: throw failure(event, "a value is expected; write one, or leave the line out")
        }
    }

    /// Counts a value, and refuses what is too much or not supported.
    mutating func admit(_ event: mlt_yaml_event, depth: Int) throws(Failure) {
        values += 1
        guard values <= Self.valueLimit else {
            throw failure(event, "more than \(Self.valueLimit) values; check whether this is the right file")
        }
        guard depth <= Self.depthLimit else {
            throw failure(event, "nested deeper than \(Self.depthLimit) levels; check brackets and indentation")
        }
        try refuseReferences(event)
    }

    /// The text of a key.
    func name(_ key: mlt_yaml_event) throws(Failure) -> String {
        try refuseReferences(key)
        guard key.kind == mlt_yaml_scalar else {
            throw failure(key, "a key must be plain text; a list or a section stands behind a key, not in its place")
        }
        guard key.size <= Self.keyLimit else {
            throw failure(key, "a key of \(key.size) bytes; keys have at most \(Self.keyLimit), check quotes and indentation")
        }
        let name = try text(key)
        guard name != "<<" || key.plain == 0 else { throw failure(key, "merge keys (<<) are not supported; write the keys out") }
        return name
    }

    private func refuseReferences(_ event: mlt_yaml_event) throws(Failure) {
        guard event.kind != mlt_yaml_alias else { throw failure(event, "aliases (*name) are not supported; write the value out") }
        guard event.anchored == 0 else {
            throw failure(event, "anchors (&name) are not supported; write the value out wherever it is needed")
        }
        guard event.tagged == 0 else { throw failure(event, "tags (!name) are not supported; write the value without one") }
    }

    /// Tags are not supported, so that no honest file has any use for these.
    func refuseManyDirectives() throws(Failure) {
        var count = 0
        for index in bytes.indices where bytes[index] == UInt8(ascii: "%") && bytes[index...].starts(with: "%TAG".utf8) {
            count += 1
            guard count > Self.directiveLimit else { continue }
            let (line, column) = place(ofByte: index)
            throw Failure(.malformed, "\(path):\(line):\(column): %TAG more than \(Self.directiveLimit) times; remove the directives")
        }
    }

    /// The next event that means something.
    func next() throws(Failure) -> mlt_yaml_event {
        while true {
            var event = mlt_yaml_next(yaml)
            if event.kind == mlt_yaml_error {
                if event.line == 0 { (event.line, event.column) = place(ofByte: event.column) }
                throw failure(event, "not valid YAML: \(complaint(event))")
            }
            if event.kind != mlt_yaml_nothing { return event }
        }
    }

    /// What the scalar says. A NUL, which an escape can write, would end the text for every C library.
    func text(_ event: mlt_yaml_event) throws(Failure) -> String {
        let text = UnsafeBufferPointer(start: event.text, count: event.size)
        guard !text.contains(0) else { throw failure(event, "text with a NUL character (\\0) in it; leave that out") }
        return String(decoding: text, as: UTF8.self)
    }

    private func origin(_ event: mlt_yaml_event) -> SettingsNode.Origin {
        .file(path, line: event.line, column: event.column)
    }

    func failure(_ event: mlt_yaml_event, _ message: String) -> Failure {
        Failure(.malformed, "\(origin(event)): \(message)")
    }
}
