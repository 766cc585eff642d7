import ProviderTasks
import RPC

/// How a hypervisor does what lasts.
protocol Manner: Sendable {
    /// Does the order, or what is left of it.
    func perform(_ named: NamedOrder, _ operation: OperationContext) async throws(RPCError)

    /// Takes back what the operation has made, and leaves nothing running of it.
    func takeBack(_ operation: OperationContext) async throws(RPCError)
}
