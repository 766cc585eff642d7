import Primitives

/// The server's side of calls: finds the method, holds messages to their limit, and answers in time whether the method does or not.
package struct RPCRouter: Sendable {
    /// Of a request and of an answer: 4 MiB, gRPC's own default.
    package static let messageLimitBytes = 4 << 20

    package let services: [RPCService]

    package init(_ services: [RPCService]) { self.services = services }

    /// What the method answers, by the call's deadline.
    ///
    /// A method that is still at work when time is up, or when this task is cancelled, is cancelled and left; what it says later goes nowhere.
    /// - Throws: what the method throws; `unimplemented`, `resourceExhausted`, `deadlineExceeded`, `cancelled`.
    package func answer(_ message: [UInt8], _ call: RPCCall) async throws(RPCError) -> [UInt8] {
        guard let method = services.lazy.compactMap({ $0.method(atPath: call.path) }).first else {
            throw RPCError(.unimplemented, "there is no method \(call.path)")
        }
        try Self.check("request", message, of: call)
        if Task.isCancelled { throw Self.cancelled(call) }
        if let deadline = call.deadline, deadline.hasPassed { throw Self.late(call) }
        let answer = try await Self.first(of: method, message, call)
        try Self.check("answer", answer, of: call)
        return answer
    }

    private static func first(of method: @escaping RPCService.Method, _ message: [UInt8], _ call: RPCCall) async throws(RPCError) -> [UInt8]
    {
        let answer = OneAnswer<Result<[UInt8], RPCError>>()
        let work = Task {
            do throws(RPCError) {
                answer.give(.success(try await method(message, call)))
            } catch {
                answer.give(.failure(error))
            }
        }
        let alarm = call.deadline.map { deadline in
            Alarm(at: deadline) { answer.give(.failure(late(call))) }
        }
        let result = await withTaskCancellationHandler {
            await answer.value
        } onCancel: {
            answer.give(.failure(cancelled(call)))
        }
        alarm?.stop()
        // Whoever was not first is not needed any more.
        work.cancel()
        return try result.get()
    }

    private static func check(_ what: StaticString, _ message: [UInt8], of call: RPCCall) throws(RPCError) {
        guard message.count > messageLimitBytes else { return }
        throw RPCError(
            .resourceExhausted,
            "the \(what) of \(call.path) has \(message.count) bytes, and \(messageLimitBytes) are the most that may be sent")
    }

    private static func late(_ call: RPCCall) -> RPCError { RPCError(.deadlineExceeded, "\(call.path) did not answer in time") }

    private static func cancelled(_ call: RPCCall) -> RPCError { RPCError(.cancelled, "\(call.path) was cancelled by who called it") }
}
