import JSON
import Primitives

/// What `body` sees of a document's root.
func reading<Result>(_ text: String, _ body: (JSONValue) throws -> Result) throws -> Result {
    try reading(bytes: Array(text.utf8), body)
}

/// What `body` sees of the root of a document of any bytes.
func reading<Result>(bytes: [UInt8], depth: Int = 64, _ body: (JSONValue) throws -> Result) throws -> Result {
    let document = try JSONDocument(parsing: bytes, depth: depth)
    return try document.withRoot(body)
}

/// The text of the one string that stands in `bytes`, in brackets.
func onlyText(_ bytes: [UInt8]) throws -> String? {
    try reading(bytes: [0x5B] + bytes + [0x5D]) { root in
        var texts: [String] = []
        root.forEachElement { element in if let text = element.text { texts.append(text) } }
        return texts.count == 1 ? texts[0] : nil
    }
}
