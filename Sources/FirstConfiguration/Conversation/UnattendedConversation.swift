package import Primitives

/// Nobody is there: what flags do not say has its standard answer, or is an error that names the flag.
package struct UnattendedConversation: Conversation {
    private let reason: String
    private let write: @Sendable (String) -> Void

    /// - Parameter reason: why nobody is asked, as the error says it.
    package init(reason: String, write: @escaping @Sendable (String) -> Void) {
        self.reason = reason
        self.write = write
    }

    package var isAttended: Bool { false }

    package func show(_ text: String) { write(text + "\n") }

    package func answer(_ question: Question) async throws(Failure) -> String {
        guard let answer = question.unattended else { throw missing(question) }
        return answer
    }

    package func hiddenAnswer(_ question: Question, isWhole: @escaping @Sendable ([String]) -> Bool) async throws(Failure) -> [String] {
        throw missing(question)
    }

    private func missing(_ question: Question) -> Failure {
        Failure(.usage, "\(reason), and nothing says: \(question.text); pass \(question.flag)")
    }
}
