/// Work of an operation that goes on although nobody waits for it any more: a blocking call that was given up. As long as it is out, the operation is
/// neither tried again nor taken back, or what the call makes in the end would be nobody's.
package final class OutsideWork: Sendable {
    private let number: Int
    private let id: String
    private let engine: TaskEngine

    init(_ number: Int, _ id: String, _ engine: TaskEngine) {
        self.number = number
        self.id = id
        self.engine = engine
    }

    /// It has really ended. So it has when nobody holds this any more.
    package func end() { engine.endOutside(id, number) }

    deinit { end() }
}
