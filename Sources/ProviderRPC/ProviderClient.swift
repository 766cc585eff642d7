import Protobuf
package import RPC

/// Asks a provider, wherever it is. Codes and messages are the provider's, unless the transport had none from it.
package struct ProviderClient: Sendable {
    private let caller: UnaryCaller

    /// - Parameter observer: told of every call when it is over.
    package init(_ transport: any RPCTransport, observer: RPCObserver? = nil) { caller = UnaryCaller(transport, observer) }

    package func validate(_ request: ValidateRequest = ValidateRequest(), _ options: RPCOptions = RPCOptions()) async throws(RPCError)
        -> ValidateResponse
    {
        try await ask(.validate, request, options)
    }

    package func create(_ request: CreateRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> CreateResponse {
        try await ask(.create, request, options)
    }

    package func delete(_ request: DeleteRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> TaskResponse {
        try await ask(.delete, request, options)
    }

    package func power(_ request: PowerRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> TaskResponse {
        try await ask(.power, request, options)
    }

    package func reconfigure(_ request: ReconfigureRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> TaskResponse {
        try await ask(.reconfigure, request, options)
    }

    package func hardwareUpgrade(_ request: HardwareUpgradeRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError)
        -> TaskResponse
    {
        try await ask(.hardwareUpgrade, request, options)
    }

    package func describe(_ request: DescribeRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> DescribeResponse {
        try await ask(.describe, request, options)
    }

    package func taskStatus(_ request: TaskStatusRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> TaskStatusResponse
    {
        try await ask(.taskStatus, request, options)
    }

    package func snapshotCreate(_ request: SnapshotCreateRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError)
        -> SnapshotCreateResponse
    {
        try await ask(.snapshotCreate, request, options)
    }

    package func snapshotDelete(_ request: SnapshotDeleteRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError)
        -> TaskResponse
    {
        try await ask(.snapshotDelete, request, options)
    }

    package func snapshotRevert(_ request: SnapshotRevertRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError)
        -> TaskResponse
    {
        try await ask(.snapshotRevert, request, options)
    }

    package func clone(_ request: CloneRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> CloneResponse {
        try await ask(.clone, request, options)
    }

    package func imagePrepare(_ request: ImagePrepareRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError)
        -> ImagePrepareResponse
    {
        try await ask(.imagePrepare, request, options)
    }

    package func getCapabilities(_ request: GetCapabilitiesRequest = GetCapabilitiesRequest(), _ options: RPCOptions = RPCOptions())
        async throws(RPCError) -> GetCapabilitiesResponse
    {
        try await ask(.getCapabilities, request, options)
    }

    package func exportDisk(_ request: ExportDiskRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> ExportDiskResponse
    {
        try await ask(.exportDisk, request, options)
    }

    package func importDisk(_ request: ImportDiskRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError) -> ImportDiskResponse
    {
        try await ask(.importDisk, request, options)
    }

    package func getDiskInfo(_ request: GetDiskInfoRequest, _ options: RPCOptions = RPCOptions()) async throws(RPCError)
        -> GetDiskInfoResponse
    {
        try await ask(.getDiskInfo, request, options)
    }

    package func listVMs(_ request: ListVMsRequest = ListVMsRequest(), _ options: RPCOptions = RPCOptions()) async throws(RPCError)
        -> ListVMsResponse
    {
        try await ask(.listVMs, request, options)
    }

    private func ask<Request: ProtobufMessage, Response: ProtobufMessage>(
        _ method: ProviderMethod, _ request: Request, _ options: RPCOptions
    ) async throws(RPCError) -> Response {
        try await caller.call(method.path, request, options, defaultSeconds: method.defaultSeconds)
    }
}
