import Boards
import JSON

/// A board of JSON text.
func board(_ json: String) throws -> Board {
    let document = try JSONDocument(parsing: Array(json.utf8))
    return try document.withRoot { root in try Board.read(root) }
}
