import ProviderRPC
import RPC
import Synchronization

/// A provider that answers each method in a way of its own, and remembers who was asked.
final class RecordingProvider: Provider, ProviderTaskList {
    private let calls = Mutex<[(method: String, call: RPCCall)]>([])

    /// In the order in which they came.
    var asked: [(method: String, call: RPCCall)] { calls.withLock { $0 } }

    private func note(_ method: String, _ call: RPCCall) { calls.withLock { $0.append((method, call)) } }

    func validate(_ request: ValidateRequest, _ call: RPCCall) async throws(RPCError) -> ValidateResponse {
        note("Validate", call)
        return ValidateResponse(ok: true, message: "well")
    }

    func create(_ request: CreateRequest, _ call: RPCCall) async throws(RPCError) -> CreateResponse {
        note("Create", call)
        if request.name.isEmpty { throw RPCError(.invalidArgument, "a machine needs a name") }
        return CreateResponse(id: "vm-\(request.name)", task: TaskRef(id: "t1"))
    }

    func delete(_ request: DeleteRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        note("Delete", call)
        return TaskResponse(task: TaskRef(id: "delete \(request.id)"))
    }

    func power(_ request: PowerRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        note("Power", call)
        return TaskResponse(task: TaskRef(id: "\(request.op) \(request.id) \(request.gracefulTimeoutSeconds)"))
    }

    func reconfigure(_ request: ReconfigureRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        note("Reconfigure", call)
        return TaskResponse(task: TaskRef(id: "reconfigure \(request.desiredJSON)"))
    }

    func hardwareUpgrade(_ request: HardwareUpgradeRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        note("HardwareUpgrade", call)
        throw RPCError(.unimplemented, "this hypervisor has no versions of hardware")
    }

    func describe(_ request: DescribeRequest, _ call: RPCCall) async throws(RPCError) -> DescribeResponse {
        note("Describe", call)
        return DescribeResponse(exists: true, powerState: "On", ips: ["192.0.2.1", "2001:db8::1"])
    }

    func taskStatus(_ request: TaskStatusRequest, _ call: RPCCall) async throws(RPCError) -> TaskStatusResponse {
        note("TaskStatus", call)
        guard let task = request.task else { throw RPCError(.notFound, "there is no task without an id") }
        return TaskStatusResponse(done: true, error: task.id)
    }

    func snapshotCreate(_ request: SnapshotCreateRequest, _ call: RPCCall) async throws(RPCError) -> SnapshotCreateResponse {
        note("SnapshotCreate", call)
        return SnapshotCreateResponse(snapshotID: request.nameHint)
    }

    func snapshotDelete(_ request: SnapshotDeleteRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        note("SnapshotDelete", call)
        return TaskResponse(task: TaskRef(id: "delete \(request.snapshotID)"))
    }

    func snapshotRevert(_ request: SnapshotRevertRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        note("SnapshotRevert", call)
        return TaskResponse(task: TaskRef(id: "revert \(request.snapshotID)"))
    }

    func clone(_ request: CloneRequest, _ call: RPCCall) async throws(RPCError) -> CloneResponse {
        note("Clone", call)
        return CloneResponse(targetVMID: request.targetName)
    }

    func imagePrepare(_ request: ImagePrepareRequest, _ call: RPCCall) async throws(RPCError) -> ImagePrepareResponse {
        note("ImagePrepare", call)
        return ImagePrepareResponse(preparedImagePath: "/pool/\(request.targetName).qcow2")
    }

    func getCapabilities(_ request: GetCapabilitiesRequest, _ call: RPCCall) async throws(RPCError) -> GetCapabilitiesResponse {
        note("GetCapabilities", call)
        return GetCapabilitiesResponse(supportsSnapshots: true, supportedDiskTypes: ["qcow2"])
    }

    func exportDisk(_ request: ExportDiskRequest, _ call: RPCCall) async throws(RPCError) -> ExportDiskResponse {
        note("ExportDisk", call)
        return ExportDiskResponse(exportID: request.credentials["key"] ?? "", estimatedSizeBytes: 1 << 40)
    }

    func importDisk(_ request: ImportDiskRequest, _ call: RPCCall) async throws(RPCError) -> ImportDiskResponse {
        note("ImportDisk", call)
        return ImportDiskResponse(diskID: request.targetName)
    }

    func getDiskInfo(_ request: GetDiskInfoRequest, _ call: RPCCall) async throws(RPCError) -> GetDiskInfoResponse {
        note("GetDiskInfo", call)
        return GetDiskInfoResponse(diskID: request.diskID, metadata: ["a": "b"])
    }

    func listVMs(_ request: ListVMsRequest, _ call: RPCCall) async throws(RPCError) -> ListVMsResponse {
        note("ListVMs", call)
        return ListVMsResponse(vms: [VMInfo(id: "1", disks: [DiskInfo(id: "sda")]), VMInfo(id: "2")])
    }

    func listTasks(_ request: ListTasksRequest, _ call: RPCCall) async throws(RPCError) -> ListTasksResponse {
        note("List", call)
        return ListTasksResponse(tasks: [ProviderTask(id: "t1", state: .running, progress: 0.25)], nextPageToken: request.pageToken)
    }

    func getTask(_ request: GetTaskRequest, _ call: RPCCall) async throws(RPCError) -> ProviderTask {
        note("Get", call)
        throw RPCError(.notFound, "there is no task \(request.id)")
    }

    func cancelTask(_ request: CancelTaskRequest, _ call: RPCCall) async throws(RPCError) -> ProviderTask {
        note("Cancel", call)
        return ProviderTask(id: request.id, state: .cancelled, code: 1, finishedUnixSeconds: 1_795_320_000)
    }
}
