import Primitives

/// Text from outside as a message shows it: in quotes, on one line, without a byte that a terminal obeys, and cut where no honest text
/// reaches.
package func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    let shown = text.unicodeScalars.prefix(100)
    bytes.append(quoted: shown.endIndex == text.unicodeScalars.endIndex ? text : String(shown) + "…")
    return String(decoding: bytes, as: UTF8.self)
}
