package import Primitives
import YAMLShim

/// A YAML stream of documents as it is written, for who makes values of another kind of it: scalars keep their texts and whether they were quoted.
///
/// Bounded as settings are, and with as little of YAML: no anchors, no aliases, no tags, no merge keys.
package struct YAMLDocuments {
    package struct Place: Sendable, Equatable, CustomStringConvertible {
        package let path: String
        /// From 1.
        package let line: Int
        package let column: Int

        package var description: String { "\(path):\(line):\(column)" }
    }

    package indirect enum Content: Sendable {
        case scalar(String, isPlain: Bool)
        case sequence([Node])
        case mapping([(key: String, place: Place, node: Node)])
    }

    package struct Node: Sendable {
        package let content: Content
        package let place: Place
    }

    /// Larger than any object, so that a folder's worth of them may stand in one file.
    private static let sizeLimit = 8 << 20

    /// Documents in their order; one that is empty is left out.
    ///
    /// Errors: `malformed`, beginning with `path:line:column` and ending with what to do; `limit`.
    package static func read(_ bytes: [UInt8], path: String) throws(Failure) -> [Node] {
        guard bytes.count <= sizeLimit else { throw Failure(.limit, "\(path): larger than \(sizeLimit) bytes; split it") }
        return try YAMLReader.readDocuments(bytes, path: path)
    }
}

extension YAMLReader {
    static func readDocuments(_ bytes: [UInt8], path: String) throws(Failure) -> [YAMLDocuments.Node] {
        // libyaml reads the array's memory for as long as the reader lives.
        try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
            guard let yaml = mlt_yaml_new(bytes.baseAddress, bytes.count) else { throw Failure(.limit, "no memory for a YAML parser") }
            var reader = YAMLReader(yaml: yaml, bytes: bytes, path: path)
            return try reader.documents()
        }
    }

    private mutating func documents() throws(Failure) -> [YAMLDocuments.Node] {
        try refuseManyDirectives()
        var documents: [YAMLDocuments.Node] = []
        while true {
            let start = try next()
            if start.kind == mlt_yaml_end { return documents }
            let node = try node(startingWith: start.kind == mlt_yaml_document ? try next() : start, depth: 0)
            if case .scalar(let text, true) = node.content, text.isEmpty { continue }
            documents.append(node)
        }
    }

    private mutating func node(startingWith event: mlt_yaml_event, depth: Int) throws(Failure) -> YAMLDocuments.Node {
        try admit(event, depth: depth)
        let place = YAMLDocuments.Place(path: path, line: event.line, column: event.column)
        switch event.kind {
        case mlt_yaml_scalar:
            return YAMLDocuments.Node(content: .scalar(try text(event), isPlain: event.plain != 0), place: place)
        case mlt_yaml_sequence_start:
            var elements: [YAMLDocuments.Node] = []
            while true {
                let element = try next()
                if element.kind == mlt_yaml_sequence_end { return YAMLDocuments.Node(content: .sequence(elements), place: place) }
                elements.append(try node(startingWith: element, depth: depth + 1))
            }
        case mlt_yaml_mapping_start:
            var members: [(key: String, place: YAMLDocuments.Place, node: YAMLDocuments.Node)] = []
            var names: Set<String> = []
            while true {
                let key = try next()
                if key.kind == mlt_yaml_mapping_end { return YAMLDocuments.Node(content: .mapping(members), place: place) }
                let name = try name(key)
                let keyPlace = YAMLDocuments.Place(path: path, line: key.line, column: key.column)
                guard names.insert(name).inserted else { throw failure(key, "key \(quoted(name)) stands here twice; keep one of the two") }
                members.append((name, keyPlace, try node(startingWith: try next(), depth: depth + 1)))
            }
        default: throw failure(event, "a value is expected; write one, or leave the line out")
        }
    }
}
