/// A stream that lines belong to: a set of labels, rendered once. Lines on their way hold it, also when the table has forgotten it.
final class LogStream: Sendable {
    /// The labels as a JSON object.
    let rendered: [UInt8]

    init(rendered: [UInt8]) { self.rendered = rendered }
}
