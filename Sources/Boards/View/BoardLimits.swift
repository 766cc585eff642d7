/// What a board, and the answers to it, may cost at most.
package struct BoardLimits: Sendable {
    /// Of a frame.
    package var rows = 100_000
    package var fields = 2_000
    /// Of all frames of a panel together.
    package var values = 2_000_000
    /// Steps of the patterns of all variables together, or of one panel's answers.
    package var patternSteps = Pattern.stepLimit
    /// Of a view as JSON: panels that come later are left out.
    package var viewBytes = 16 << 20
    /// Of the options of all variables of a board together.
    package var optionBytes = 4 << 20
    /// Of a frame's texts, names and settings; its numbers come beside.
    package var frameBytes = 16 << 20
    /// Whether nobody wants the answer any more, or its time is up. Looked at often, so it has to be quick.
    package var isGivenUp: @Sendable () -> Bool = { Task.isCancelled }

    package init() {}
}
