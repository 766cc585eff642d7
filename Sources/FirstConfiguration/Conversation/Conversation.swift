package import Primitives

/// Who answers.
package protocol Conversation: Sendable {
    /// Whether a person is there, who can be asked again.
    var isAttended: Bool { get }

    /// Shows lines; those of prose are broken to fit.
    func show(_ text: String)

    /// One line, without white space around it. Errors: the input has ended, or nobody can be asked and no flag says it.
    func answer(_ question: Question) async throws(Failure) -> String

    /// Lines that nobody sees as they are typed, until they are whole.
    func hiddenAnswer(_ question: Question, isWhole: @escaping @Sendable ([String]) -> Bool) async throws(Failure) -> [String]
}

extension Conversation {
    /// Shows a paragraph, broken at the words.
    func say(_ text: String) { show(WrappedText.broken(text)) }

    /// An answer of the user's is not good: it is said and asked again, or the end where nobody is there.
    func refuse(_ problem: String, flag: String) throws(Failure) {
        let problem = ForeignText.line(problem, limit: 900)
        guard isAttended else { throw Failure(.configuration, "\(flag): \(problem)") }
        say(Self.sentence(problem))
    }

    /// Yes or no.
    func confirm(_ text: String, standard: Bool, flag: String = "") async throws(Failure) -> Bool {
        while true {
            let word = standard ? "yes" : "no"
            let answer = try await answer(Question("\(text) (yes or no)", standard: word, unattended: word, flag: flag)).lowercased()
            if ["y", "yes"].contains(answer) { return true }
            if ["n", "no"].contains(answer) { return false }
            say("Please type yes or no.")
        }
    }

    /// What a failure says, as a sentence of its own. A name at its begin stays as it is.
    static func sentence(_ text: String) -> String {
        let isWord = text.prefix { $0 != " " }.utf8.allSatisfy { (0x61...0x7A).contains($0) }
        let begun = isWord ? text.prefix(1).uppercased() + text.dropFirst() : text
        return begun.hasSuffix(".") ? begun : begun + "."
    }
}

/// Prose for a terminal.
package enum WrappedText {
    package static let width = 80

    /// The text with line breaks in place of spaces where a line would be longer. A word stays whole.
    package static func broken(_ text: String, indent: String = "", width: Int = Self.width) -> String {
        var lines: [String] = []
        var line = indent
        for word in text.split(separator: " ") {
            let isFirst = line.count == indent.count
            if !isFirst, line.count + 1 + word.count > width {
                lines.append(line)
                line = indent + word
            } else {
                line += (isFirst ? "" : " ") + word
            }
        }
        return (lines + [line]).joined(separator: "\n")
    }
}
