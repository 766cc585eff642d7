/// What stands behind the `?` of a request, as forms write it.
enum QueryText {
    /// More is nobody's choice in a browser, and costs many times its length here.
    static let mostParameters = 4096

    static func count(_ text: String) -> Int { text.isEmpty ? 0 : text.utf8.count { $0 == UInt8(ascii: "&") } + 1 }

    /// Names and values in their order. An escape that is none stays as it is, and a text with an escaped NUL as a whole: whoever reads it as a C
    /// string would see its beginning only.
    static func pairs(_ text: String) -> [(name: String, value: String)] {
        FormText.pairs(text.utf8).map { (decoded($0.name), decoded($0.value)) }
    }

    private static func decoded(_ text: [UInt8]) -> String {
        let plain = FormText.decoded(text).bytes
        // The text came as a C string: a NUL in it was an escape.
        return String(decoding: plain.contains(0) ? text.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 } : plain, as: UTF8.self)
    }
}
