import JSON
import Ownership

/// The answer of `/v1/models`, which most kinds have from OpenAI.
enum ModelList {
    /// An entry that names a model.
    struct Entry {
        let id: String
        let value: JSONValue
    }

    static let path = "/v1/models"
    /// More are left out, however long a list of models is.
    static let limit = 2_000

    static func forEach(_ root: JSONValue, _ body: (Entry) -> Void) {
        var count = 0
        (root["data"] ?? root).forEachElement { value in
            guard count < limit, let id = value["id"]?.text, !id.isEmpty else { return }
            count += 1
            body(Entry(id: id, value: value))
        }
    }

    /// Whether an answer is such a list with this owner's name in it.
    static func isOwned(by owner: String, _ body: [UInt8]) -> Bool {
        guard let document = try? JSONDocument(parsing: body, depth: 32) else { return false }
        return document.withRoot { root in
            var found = false
            forEach(root) { if $0.value["owned_by"]?.text == owner { found = true } }
            return found
        }
    }
}

/// Whether a JSON object has a member.
func hasMember(_ name: StaticString, _ body: [UInt8]) -> Bool {
    guard let document = try? JSONDocument(parsing: body, depth: 32) else { return false }
    return document.withRoot { $0[name] != nil }
}

/// Whether one of the first lines of an exposition is about a family of that prefix; nothing else is read of it.
func isExposition(of prefix: String, _ body: [UInt8]) -> Bool {
    let head = Array("# HELP \(prefix)".utf8)
    let type = Array("# TYPE \(prefix)".utf8)
    var place = 0
    while place < body.count {
        let line = body[place...]
        if line.starts(with: head) || line.starts(with: type) { return true }
        guard let end = line.firstIndex(of: UInt8(ascii: "\n")) else { return false }
        place = end + 1
    }
    return false
}
