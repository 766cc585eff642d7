/// Waits without holding a thread until somebody resumes the continuation, the deadline comes, or the task is cancelled.
///
/// - Parameters:
///   - leave: takes the continuation out of the line and resumes it, if it is there still; called when time is up or the task is cancelled, on any thread.
///   - enter: puts it into the line; or answers with a value if there is nothing to wait for. It looks at `Task.isCancelled` and the deadline, under the
///     lock of the line: `leave` may have come before it.
package func waitInLine<Value: Sendable>(
    by deadline: Deadline, leave: @escaping @Sendable () -> Void, enter: (CheckedContinuation<Value, Never>) -> Value?
) async -> Value {
    let alarm = Alarm(at: deadline, leave)
    defer { alarm.stop() }
    return await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            if let value = enter(continuation) { continuation.resume(returning: value) }
        }
    } onCancel: {
        leave()
    }
}
