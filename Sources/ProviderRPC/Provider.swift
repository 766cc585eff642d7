package import RPC

/// Who makes machines on a hypervisor: the service `provider.v1.Provider`.
///
/// A method answers within about a second; longer work returns a task, which goes on after the answer and, when the process ends, after the next start.
/// Errors: no such machine, snapshot, pool or image is `notFound`; a name that is taken by another's machine `alreadyExists`; what cannot be read in the
/// request `invalidArgument`; a state in which it cannot be done `failedPrecondition`; no room `resourceExhausted`; a hypervisor that cannot be reached
/// `unavailable`, that refuses who asks `unauthenticated` or `permissionDenied`; what this hypervisor has not `unimplemented`.
package protocol Provider: Sendable {
    /// Whether the hypervisor can be worked with. `ok` false is an answer; a hypervisor that cannot be reached is `unavailable`.
    func validate(_ request: ValidateRequest, _ call: RPCCall) async throws(RPCError) -> ValidateResponse

    /// Makes a machine. The same call again, by its idempotency key or its owner, gives the same answer and makes no other.
    func create(_ request: CreateRequest, _ call: RPCCall) async throws(RPCError) -> CreateResponse

    /// Removes a machine and what belongs to it.
    func delete(_ request: DeleteRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse

    /// Switches a machine on, off or over.
    func power(_ request: PowerRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse

    /// Makes a machine as is said.
    func reconfigure(_ request: ReconfigureRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse

    /// Makes a machine's virtual hardware newer.
    func hardwareUpgrade(_ request: HardwareUpgradeRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse

    /// A machine as it is now. One that is not there is an answer.
    func describe(_ request: DescribeRequest, _ call: RPCCall) async throws(RPCError) -> DescribeResponse

    /// Whether a task is over, at once.
    func taskStatus(_ request: TaskStatusRequest, _ call: RPCCall) async throws(RPCError) -> TaskStatusResponse

    /// Keeps a machine's state.
    func snapshotCreate(_ request: SnapshotCreateRequest, _ call: RPCCall) async throws(RPCError) -> SnapshotCreateResponse

    /// Removes a snapshot.
    func snapshotDelete(_ request: SnapshotDeleteRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse

    /// Makes a machine what it was.
    func snapshotRevert(_ request: SnapshotRevertRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse

    /// Makes a machine from another.
    func clone(_ request: CloneRequest, _ call: RPCCall) async throws(RPCError) -> CloneResponse

    /// Brings an image to where machines are made from it.
    func imagePrepare(_ request: ImagePrepareRequest, _ call: RPCCall) async throws(RPCError) -> ImagePrepareResponse

    /// What this provider can do.
    func getCapabilities(_ request: GetCapabilitiesRequest, _ call: RPCCall) async throws(RPCError) -> GetCapabilitiesResponse

    /// Brings a disk out.
    func exportDisk(_ request: ExportDiskRequest, _ call: RPCCall) async throws(RPCError) -> ExportDiskResponse

    /// Brings a disk in.
    func importDisk(_ request: ImportDiskRequest, _ call: RPCCall) async throws(RPCError) -> ImportDiskResponse

    /// A disk as it is now.
    func getDiskInfo(_ request: GetDiskInfoRequest, _ call: RPCCall) async throws(RPCError) -> GetDiskInfoResponse

    /// All machines that the provider sees.
    func listVMs(_ request: ListVMsRequest, _ call: RPCCall) async throws(RPCError) -> ListVMsResponse
}
