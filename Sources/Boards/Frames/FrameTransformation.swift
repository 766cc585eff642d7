/// The transformations that there are.
enum FrameTransformation {
    /// What of a transformation's options is not supported; nil when all is.
    static func problem(of transformation: PanelTransformation) -> String? { nil }
}
