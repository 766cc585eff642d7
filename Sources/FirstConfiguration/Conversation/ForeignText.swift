/// What a server says, as it may stand on a screen beside our own words.
enum ForeignText {
    /// One line of at most `limit` letters. White space is one space wherever it stands, so that nothing can look like a row of ours, and
    /// what is not ASCII, which may be invisible or turn the line around, is a question mark.
    static func line(_ text: String, limit: Int = 400) -> String {
        var line = ""
        var count = 0
        var isSpaced = false
        for letter in text.unicodeScalars {
            if letter.properties.isWhitespace || letter.value < 0x20 || letter.value == 0x7F {
                isSpaced = true
                continue
            }
            if isSpaced, !line.isEmpty {
                line += " "
                count += 1
            }
            isSpaced = false
            guard count < limit else { return line + "…" }
            // Long messages of ours have lost their middle so.
            line.unicodeScalars.append(letter.isASCII || letter == "…" ? letter : "?")
            count += 1
        }
        return line
    }

    /// The same in quotes, of which there are no others in it.
    static func inQuotes(_ text: String, limit: Int) -> String {
        "\"\(line(text, limit: limit).replacing("\"", with: "'"))\""
    }

    /// `pve1` of `CN=pve1,O=PVE Cluster Node`, as RFC 2253 has it; nil when the subject has no such name.
    static func commonName(ofSubject subject: String) -> String? {
        var parts: [String] = [""]
        var isEscaped = false
        for letter in subject {
            if !isEscaped, letter == "," || letter == "+" {
                parts.append("")
                continue
            }
            isEscaped = !isEscaped && letter == "\\"
            if !isEscaped { parts[parts.count - 1].append(letter) }
        }
        return parts.first { $0.hasPrefix("CN=") }.map { String($0.dropFirst(3)) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
