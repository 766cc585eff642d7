package import RPC

/// Who knows of all tasks of a provider: the service `martlet.tasks.v1.Tasks`.
package protocol ProviderTaskList: Sendable {
    /// The newest first.
    func listTasks(_ request: ListTasksRequest, _ call: RPCCall) async throws(RPCError) -> ListTasksResponse

    /// `notFound` when there is none, or none any more.
    func getTask(_ request: GetTaskRequest, _ call: RPCCall) async throws(RPCError) -> ProviderTask

    /// The task as it is then; one that is over stays as it ended. `failedPrecondition` when this kind of work cannot be stopped.
    func cancelTask(_ request: CancelTaskRequest, _ call: RPCCall) async throws(RPCError) -> ProviderTask
}

/// The methods of `martlet.tasks.v1.Tasks`.
package enum ProviderTaskMethod: String, CaseIterable, Sendable {
    case list = "List"
    case get = "Get"
    case cancel = "Cancel"

    package static let serviceName = "martlet.tasks.v1.Tasks"

    /// As on the wire: `/martlet.tasks.v1.Tasks/List`.
    package var path: String { "/\(Self.serviceName)/\(rawValue)" }

    /// How long a client waits when nobody says otherwise, in seconds. All of it is read from what is written down.
    package var defaultSeconds: Double { 10 }
}

extension ProviderTaskList {
    /// The tasks as a service, for a server or a transport within the process.
    package func taskService() -> RPCService {
        RPCService(
            name: ProviderTaskMethod.serviceName,
            methods: [
                ProviderTaskMethod.list.rawValue: unary { (request, call) throws(RPCError) in try await listTasks(request, call) },
                ProviderTaskMethod.get.rawValue: unary { (request, call) throws(RPCError) in try await getTask(request, call) },
                ProviderTaskMethod.cancel.rawValue: unary { (request, call) throws(RPCError) in try await cancelTask(request, call) },
            ])
    }
}
