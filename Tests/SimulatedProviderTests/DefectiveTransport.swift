import Primitives
import Protobuf
import ProviderConformance
import ProviderRPC
import RPC

/// A provider with a defect, for each thing that the suite looks at.
struct DefectiveTransport: RPCTransport {
    let defect: Check
    let inner: any RPCTransport

    func call(_ path: String, _ message: [UInt8], by deadline: Deadline, metadata: RPCMetadata) async throws(RPCError) -> [UInt8] {
        let method = String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
        func pass(_ message: [UInt8], _ metadata: RPCMetadata = metadata) async throws(RPCError) -> [UInt8] {
            try await inner.call(path, message, by: deadline, metadata: metadata)
        }
        switch (defect, method) {
        case (.lifeCycle, "Reconfigure"):
            // Says that it is done.
            return TaskResponse().protobuf
        case (.runningDelete, "Delete"):
            let request: DeleteRequest = try read(message)
            let seen: DescribeResponse = try read(
                try await inner.call(
                    ProviderMethod.describe.path, DescribeRequest(id: request.id).protobuf, by: deadline, metadata: RPCMetadata()))
            if seen.powerState == "On" { throw RPCError(.failedPrecondition, "it runs") }
        case (.snapshots, "SnapshotCreate"):
            var answer: SnapshotCreateResponse = try read(try await pass(message))
            answer.snapshotID = "current"
            return answer.protobuf
        case (.clones, "Clone"):
            let request: CloneRequest = try read(message)
            var answer: CloneResponse = try read(try await pass(message))
            answer.targetVMID = request.sourceVMID
            return answer.protobuf
        case (.images, "ImagePrepare"):
            // Looks at no checksum.
            var request: ImagePrepareRequest = try read(message)
            if var image = try? VMImage.read(request.imageJSON) {
                image.checksum = nil
                request.imageJSON = image.json
            }
            return try await pass(request.protobuf)
        case (.tokens, _): return try await pass(message, RPCMetadata())
        case (.taskStatus, "TaskStatus"), (.promptness, "Create"):
            let answer = try await pass(message)
            try? await Task.sleep(for: .milliseconds(400))
            return answer
        case (.taskList, "Get"):
            var task: ProviderTask = try read(try await pass(message))
            task.progress = 1 - (task.progress ?? 0)
            return task.protobuf
        case (.codes, _), (.hypervisorErrors, _):
            do throws(RPCError) {
                return try await pass(message)
            } catch {
                throw RPCError(.unknown, error.message)
            }
        case (.failures, "TaskStatus"):
            var status: TaskStatusResponse = try read(try await pass(message))
            if !status.error.isEmpty { status.error = "failed" }
            return status.protobuf
        case (.cancel, "Cancel"):
            let request: CancelTaskRequest = try read(message)
            return try await inner.call(
                ProviderTaskMethod.get.path, GetTaskRequest(id: request.id).protobuf, by: deadline, metadata: metadata)
        case (.names, "Create"):
            var request: CreateRequest = try read(message)
            request.name = String(request.name.filter { $0.isASCII && $0 != "\"" && $0 != "/" })
            return try await pass(request.protobuf)
        case (.concurrency, "Create"):
            var request: CreateRequest = try read(message)
            let answer = try await pass(message)
            request.name += "-again"
            _ = try? await pass(request.protobuf, RPCMetadata())
            return answer
        default: break
        }
        return try await pass(message)
    }

    private func read<Message: ProtobufMessage>(_ bytes: [UInt8]) throws(RPCError) -> Message {
        do {
            return try Message(protobuf: bytes)
        } catch {
            throw RPCError(.internal, error.message)
        }
    }
}
