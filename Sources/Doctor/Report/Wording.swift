/// Text from outside as one line that no terminal obeys, of bearable length.
func plain(_ text: String) -> String {
    var line = ""
    for letter in text.unicodeScalars.prefix(600) {
        switch letter.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: line += " "
        default: line.unicodeScalars.append(letter)
        }
    }
    return line
}

/// A sentence, whatever of it is from outside: single spaces, so that nothing is drawn in columns, and no `$ `, which stands before commands
/// alone.
func prose(_ text: String) -> String {
    var line = plain(text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    while line.contains("$ ") { line = line.replacing("$ ", with: "$") }
    return line
}

/// A name from outside, as a sentence takes it: of bearable length, and in quotes when it could be taken for words of the sentence.
///
/// - Parameter others: what it may hold beside letters, digits and `._-` and still go without quotes.
func named(_ name: String, others: String = "") -> String {
    let line = plain(name).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let isLong = line.unicodeScalars.count > 64
    var short = ""
    short.unicodeScalars.append(contentsOf: line.unicodeScalars.prefix(isLong ? 63 : 64))
    if isLong { short += "…" }
    let isPlain =
        !isLong && !short.isEmpty
        && short.unicodeScalars.allSatisfy { letter in
            letter.isASCII && letter.properties.isAlphabetic || ("0"..."9").contains(letter) || "._-".unicodeScalars.contains(letter)
                || others.unicodeScalars.contains(letter)
        }
    return isPlain ? short : "\"\(short.replacing("\"", with: "'"))\""
}

/// `a, b and 3 more`
func enumeration(_ words: [String], limit: Int = 5) -> String {
    guard words.count > limit else {
        return words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " and " + words[words.count - 1]
    }
    return words.prefix(limit).joined(separator: ", ") + " and \(words.count - limit) more"
}

/// `1 guest`, `3 guests`
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}
