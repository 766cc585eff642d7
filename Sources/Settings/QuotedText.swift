import Primitives

/// Text from outside as a message shows it: in quotes, on one line, without a byte that a terminal obeys, and cut where no honest text
/// reaches. What reads as an API token or a bcrypt hash is a secret in the wrong place, and is not shown.
package func quoted(_ text: String) -> String {
    let isToken = text.contains("!") && text.contains("=")
    if isToken || text.hasPrefix("$2") { return "***" }
    var bytes: [UInt8] = []
    let shown = text.unicodeScalars.prefix(100)
    bytes.append(quoted: shown.endIndex == text.unicodeScalars.endIndex ? text : String(shown) + "…")
    return String(decoding: bytes, as: UTF8.self)
}
