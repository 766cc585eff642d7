package import Primitives

/// The client's way to a server: over a network, or into the same process.
package protocol RPCTransport: Sendable {
    /// One unary call. Throws what the server answered, `deadlineExceeded` when time ran out on this side, `unavailable` when the server cannot be
    /// reached, `cancelled` when the task was.
    /// - Parameter path: `/package.Service/Method`.
    func call(_ path: String, _ message: [UInt8], by deadline: Deadline, metadata: RPCMetadata) async throws(RPCError) -> [UInt8]
}
