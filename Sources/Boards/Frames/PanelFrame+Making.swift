extension PanelView {
    /// The finished frame of the panel's answers.
    package func frame(from answers: [TargetAnswer]) -> PanelFrame {
        PanelFrame(frame: Frame(), problems: [], isTruncated: false)
    }
}
