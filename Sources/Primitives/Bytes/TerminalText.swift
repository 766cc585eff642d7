/// Text from outside, on its way to a terminal.
package enum TerminalText {
    /// Whether a terminal does something else with it than show it: controls, ends of lines, and marks that show the rest of a line backwards, elsewhere or not at
    /// all.
    package static func isObeyed(_ letter: Unicode.Scalar) -> Bool {
        switch letter.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// The text in one line, with a space for each letter that would be obeyed.
    package static func line(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isObeyed) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isObeyed($0) ? " " : $0 }))
    }

    /// As JSON's and YAML's texts in quotes say it: `\u202e`. Above U+FFFF it is a pair, as JSON has it.
    package static func escape(_ letter: Unicode.Scalar) -> String {
        letter.utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }
}
