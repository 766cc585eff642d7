/// What a reader has read, and what it has not.
package struct ReadingReport: Sendable, Equatable {
    package let sampleCount: Int
    package let familyCount: Int
    /// Lines that were left out because they could not be read or went past a limit; tolerant only.
    package let skippedLineCount: Int
    /// Label values and HELP texts that are not UTF-8 and have U+FFFD in its place; tolerant only.
    package let repairedTextCount: Int
    /// Whether a limit of the whole ended the reading before its end.
    package let limitReached: Bool
    /// `line:column: expected …, found …` of the first line that was left out, or of an end that is missing.
    package let firstProblem: String?
}
