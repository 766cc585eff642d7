import Primitives

/// Text from outside as a message shows it: in quotes, on one line, without a byte that a terminal obeys.
func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.append(quoted: text)
    return String(decoding: bytes, as: UTF8.self)
}
