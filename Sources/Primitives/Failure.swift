/// An error that a person reads: what happened, where, why, and what to do, in one line without a secret.
package struct Failure: Error, Sendable, CustomStringConvertible {
    /// What kind of mending the error asks for.
    package enum Code: String, Sendable {
        /// The command line is wrong. Exit status 2.
        case usage
        /// A configuration file, variable or flag value is wrong.
        case configuration
        /// The machine lacks something: a program, a file, a port, a right.
        case environment
        /// Input from outside is not what its format promises.
        case malformed
        /// A limit of ours was reached: size, depth, count.
        case limit
        /// Time ran out.
        case timeout
        /// The other side could not be reached or refused.
        case unavailable
    }

    package let code: Code
    package let message: String
    /// What brought it about, when another error did.
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = Self.oneLine(message)
        self.cause = cause
    }

    package var description: String {
        guard let cause else { return message }
        return "\(message): \(cause)"
    }

    /// Messages repeat what others wrote: what would break the line, or what a terminal obeys, is shown as `\u001b`, and of a message longer
    /// than any of ours the middle goes, as its place stands at the front and what to do at the end.
    private static func oneLine(_ text: String) -> String {
        var line = text
        if text.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7F }), text.unicodeScalars.contains(where: TerminalText.isObeyed) {
            line = ""
            for letter in text.unicodeScalars {
                if TerminalText.isObeyed(letter) {
                    line += TerminalText.escape(letter)
                } else {
                    line.unicodeScalars.append(letter)
                }
            }
        }
        guard line.utf8.count > 900 else { return line }
        return String(decoding: line.utf8.prefix(600), as: UTF8.self) + "…" + String(decoding: line.utf8.suffix(280), as: UTF8.self)
    }
}
