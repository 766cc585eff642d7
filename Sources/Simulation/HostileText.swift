/// Text from outside, made fit for a terminal or a log line.
enum HostileText {
    /// One line: what could move the cursor, break the line or turn the reading direction becomes `\u{…}`; the rest stays.
    ///
    /// - Parameter limit: characters after which it is cut, with `…` behind.
    static func oneLine(_ text: String, limit: Int = 500) -> String {
        var line = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            guard count < limit else { return line + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                line += "\\u{\(String(scalar.value, radix: 16))}"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    /// One word: bare when it is plain, in quotation marks otherwise, so that it cannot pass for two.
    static func word(_ text: String, limit: Int = 500) -> String {
        let plain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
        if plain, text.utf8.count <= limit { return text }
        var quoted = "\""
        for character in oneLine(text, limit: limit) {
            if character == "\"" { quoted += "\\" }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
