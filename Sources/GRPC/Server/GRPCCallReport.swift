package import RPC

/// A call that a server has finished, as metrics want it.
package struct GRPCCallReport: Sendable {
    /// `/package.Service/Method`; nil for a method that there is not, whose name a client made up.
    package let path: String?
    /// What the client was told. `deadlineExceeded` or `cancelled` when the call ended before that: at its deadline, by the client, with the
    /// network, or as its message was longer than gRPC takes.
    package let code: RPCCode
    /// From its arrival on.
    package let duration: Duration
}
