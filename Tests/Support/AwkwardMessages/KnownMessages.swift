package import Primitives
package import Protobuf
import ProviderRPC

/// All messages of the repository: those of this module, of provider.v1 and of martlet.tasks.v1.
package let knownMessages: [any ProtobufMessage.Type] = [
    Scalars.self, Optionals.self, Lists.self, Maps.self, Tree.self, Parts.self, Far.self, Nothing.self,
    TaskRef.self, TaskResponse.self, TaskStatusRequest.self, TaskStatusResponse.self, ObjectIdentity.self, ValidateRequest.self,
    ValidateResponse.self, CreateRequest.self, CreateResponse.self, DeleteRequest.self, PowerRequest.self, ReconfigureRequest.self,
    HardwareUpgradeRequest.self, DescribeRequest.self, DescribeResponse.self, SnapshotCreateRequest.self, SnapshotCreateResponse.self,
    SnapshotDeleteRequest.self, SnapshotRevertRequest.self, CloneRequest.self, CloneResponse.self, ImagePrepareRequest.self,
    ImagePrepareResponse.self, GetCapabilitiesRequest.self, GetCapabilitiesResponse.self, ExportDiskRequest.self, ExportDiskResponse.self,
    ImportDiskRequest.self, ImportDiskResponse.self, GetDiskInfoRequest.self, GetDiskInfoResponse.self, ListVMsRequest.self,
    ListVMsResponse.self, VMInfo.self, DiskInfo.self, NetworkInfo.self,
    ProviderTask.self, ListTasksRequest.self, ListTasksResponse.self, GetTaskRequest.self, CancelTaskRequest.self,
]

extension ProtobufMessage {
    /// With its package.
    package static var protobufName: String { fields.name }

    /// Its fields as a .proto says them, by number: `repeated string tags = 8`. Messages and enumerations are called so.
    package static var declaration: [String] { fields.inOrder.map { "\($0.type) \($0.name) = \($0.number)" } }

    /// The bytes as this message writes them again.
    package static func again(_ bytes: [UInt8]) throws(Failure) -> [UInt8] { try Self(protobuf: bytes).protobuf }
}
