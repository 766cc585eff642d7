import Protobuf
package import RPC

/// Asks for the tasks of a provider, wherever it is.
package struct ProviderTaskClient: Sendable {
    private let caller: UnaryCaller

    /// - Parameter observer: told of every call when it is over.
    package init(_ transport: any RPCTransport, observer: RPCObserver? = nil) { caller = UnaryCaller(transport, observer) }

    package func list(
        _ request: ListTasksRequest = ListTasksRequest(), _ options: RPCOptions = RPCOptions()
    ) async throws(RPCError) -> ListTasksResponse {
        try await ask(.list, request, options)
    }

    package func get(_ request: GetTaskRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> ProviderTask {
        try await ask(.get, request, options)
    }

    package func cancel(_ request: CancelTaskRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> ProviderTask {
        try await ask(.cancel, request, options)
    }

    private func ask<Request: ProtobufMessage, Response: ProtobufMessage>(
        _ method: ProviderTaskMethod, _ request: Request, _ options: RPCOptions
    ) async throws(RPCError) -> Response {
        try await caller.call(method.path, request, options, defaultSeconds: method.defaultSeconds)
    }
}
