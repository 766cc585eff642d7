import YAMLShim

// libyaml says what it did not find; what to do about that is said here.

extension YAMLReader {
    /// libyaml's words and the way out, for an error at a known line.
    func complaint(_ event: mlt_yaml_event) -> String {
        let problem = String(decoding: UnsafeBufferPointer(start: event.text, count: event.size), as: UTF8.self)
        if isTab(event) { return "\(problem): a tab; indent with spaces" }
        return "\(problem); \(Self.remedy(problem, since: event.since))"
    }

    /// The problems are those of libyaml 0.2.
    private static func remedy(_ problem: String, since line: Int) -> String {
        switch problem {
        case "control characters are not allowed": "remove the character"
        case "found character that cannot start any token": "put quotes around a text that begins with it"
        case "mapping values are not allowed in this context":
            "indent as above, or quote a text with a colon"
        case "found unexpected end of stream", "found unexpected document indicator": "close the quote that was opened in line \(line)"
        case "did not find expected ',' or ']'", "did not find expected ',' or '}'": "close the bracket that was opened in line \(line)"
        case "could not find expected ':'": "write KEY: VALUE with a space behind the colon, here or in the line above"
        case "did not find expected node content": "a value is missing, or a bracket is not closed"
        case "did not find expected '-' indicator", "did not find expected key": "indent as the lines above"
        case "found unknown escape character": #"write \\ for a backslash, or use single quotes"#
        case "found undefined tag handle": "tags (!name) are not supported, write the value without one"
        case "found incompatible YAML document", "found unknown directive name": "remove the line"
        case let text where text.contains("UTF-8") || text.contains("Unicode"): "save the file as UTF-8"
        default: "check this line and the one above"
        }
    }

    /// Whether a tab stands where the event is.
    private func isTab(_ event: mlt_yaml_event) -> Bool {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: event.line, omittingEmptySubsequences: false)
        guard lines.indices.contains(event.line - 1) else { return false }
        return lines[event.line - 1].dropFirst(max(0, event.column - 1)).first == UInt8(ascii: "\t")
    }

    /// Line and column, both from 1, of a byte that is no text.
    func place(ofByte offset: Int) -> (line: Int, column: Int) {
        let before = bytes.prefix(offset)
        let line = before[(before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)...]
        return (1 + before.count { $0 == UInt8(ascii: "\n") }, 1 + line.count { $0 & 0xC0 != 0x80 })
    }
}
