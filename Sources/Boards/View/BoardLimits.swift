/// What a board, and the answers to it, may cost at most.
package struct BoardLimits: Sendable {
    /// Of a frame.
    package var rows = 100_000
    package var fields = 2_000
    /// Of all frames of a panel together.
    package var values = 2_000_000
    /// Steps of the patterns of all variables together, or of one panel's answers.
    package var patternSteps = Pattern.stepLimit

    package init() {}
}
