/// Which martlet this is.
package struct Version: Sendable {
    /// `0.1.0`
    package let number: String
    /// The commit it was built from, or `unknown`.
    package let revision: String
    /// The compiler: `6.3`.
    package let swift: String

    package init(number: String, revision: String, swift: String) {
        self.number = number
        self.revision = revision
        self.swift = swift
    }

    /// `martlet 0.1.0 (revision 1a2b3c4, Swift 6.3)`
    package var line: String { "martlet \(number) (revision \(revision), Swift \(swift))" }
}
