/// Something that a person is asked, or a flag says.
package struct Question: Sendable {
    /// What is asked, without the mark behind it.
    let text: String
    /// What an empty line means; nil when there must be an answer.
    let standard: String?
    /// What holds where nobody can be asked: the answer, or nil when a flag must have said it.
    let unattended: String?
    /// What was to be said on the command line: `--endpoint HOST`.
    let flag: String
    /// What an empty line is answered with where there must be an answer.
    let hint: String

    init(
        _ text: String, standard: String? = nil, unattended: String? = nil, flag: String,
        hint: String = "Please type an answer; Ctrl-C leaves."
    ) {
        self.text = text
        self.standard = standard
        self.unattended = unattended
        self.flag = flag
        self.hint = hint
    }
}
