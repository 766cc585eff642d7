import Primitives
package import RPC

/// What work knows of its operation, and what it writes down.
package struct OperationContext: Sendable {
    package let id: String
    package let kind: String
    package let target: String
    package let resultID: String
    /// As the client sent it.
    package let request: [UInt8]
    let engine: TaskEngine

    /// The operation as it is now.
    package var operation: Operation? { engine.operation(id) }

    /// All operations that are not over, this one too.
    package var liveOperations: [Operation] { engine.liveOperations }

    /// What was noted under that name, also before a restart.
    package func note(_ name: String) -> String? { engine.operation(id)?.notes[name] }

    /// Notes it; when this comes back it is on the disk. Nil takes the note away.
    ///
    /// Errors: `unavailable` when it cannot be written.
    package func note(_ name: String, _ value: String?) async throws(RPCError) {
        try checkCancellation()
        try await engine.note(id, name, value)
    }

    /// Does the step, unless it was done and noted before; then notes it as done.
    ///
    /// - Parameter progress: how far the whole operation is when the step begins, from 0 to 1.
    package func step(_ name: String, at progress: Double? = nil, _ body: () async throws(RPCError) -> Void) async throws(RPCError) {
        let mark = "done:" + name
        guard note(mark) == nil else { return }
        try checkCancellation()
        engine.show(id, step: name)
        if let progress { await report(progress) }
        try await body()
        try await engine.note(id, mark, "")
    }

    /// Says that a call was begun that may go on when nobody waits for it any more; until it is over the operation is neither tried again nor taken
    /// back. To be held by what runs the call, and ended behind it.
    ///
    /// - Parameter what: for a person.
    package func outside(_ what: String) -> OutsideWork { engine.beginOutside(id, what) }

    /// What is being done, for a person; it is not kept over a restart.
    package func show(_ step: String) { engine.show(id, step: step) }

    /// How far it is, from 0 to 1. It never goes back, and is written to the disk now and then only.
    package func report(_ progress: Double) async { await engine.report(id, progress) }

    /// Waits without holding a thread, and if it is a guest that it waits for, without a place: it comes back when there is one again.
    ///
    /// Errors: `cancelled`, as soon as it shall stop.
    package func sleep(seconds: Double) async throws(RPCError) {
        try checkCancellation()
        await engine.sleep(id, seconds: seconds.clamped(to: 0...3600))
        try checkCancellation()
    }

    /// Others have its place from here on: what follows only waits, for as long as somebody else likes. Behind it `comeBack` is due.
    package func stepAside() { engine.stepAside(id) }

    /// Waits for a place again, before those that begin; returns without one when the task is cancelled. Does nothing for one that has its place.
    package func comeBack() async { await engine.comeBack(id) }

    /// Errors: `cancelled`, when it shall stop.
    package func checkCancellation() throws(RPCError) { if Task.isCancelled { throw Self.interrupted } }

    private static let interrupted = RPCError(.cancelled, "the operation was interrupted")
}
