/// What is as it is and most likely not as somebody wanted it. Each is said once when it begins.
enum Concern: String, Sendable, CaseIterable {
    /// The server answers, and has no metrics.
    case metrics
    /// What tells of models is not shown to us.
    case access
    /// The server is not asked to generate something, as it does not know the model that it is to be asked for.
    case probedModel
}
