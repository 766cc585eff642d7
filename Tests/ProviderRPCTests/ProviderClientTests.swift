import Primitives
import Protobuf
import ProviderRPC
import RPC
import Synchronization
import Testing

@Suite struct ProviderClientTests {
    private let provider = RecordingProvider()

    private var transport: InProcessTransport { InProcessTransport([provider.rpcService(), provider.taskService()]) }

    @Test func `Each method reaches its own, and its answer comes back`() async throws {
        let client = ProviderClient(transport)
        #expect(try await client.validate() == ValidateResponse(ok: true, message: "well"))
        #expect(try await client.create(CreateRequest(name: "web")) == CreateResponse(id: "vm-web", task: TaskRef(id: "t1")))
        #expect(try await client.delete(DeleteRequest(id: "1")).task?.id == "delete 1")
        let power = PowerRequest(id: "1", op: .shutdownGraceful, gracefulTimeoutSeconds: 60)
        #expect(try await client.power(power).task?.id == "shutdownGraceful 1 60")
        #expect(try await client.reconfigure(ReconfigureRequest(desiredJSON: "{}")).task?.id == "reconfigure {}")
        let refused = await #expect(throws: RPCError.self) { try await client.hardwareUpgrade(HardwareUpgradeRequest(id: "1")) }
        #expect(refused?.code == .unimplemented)
        #expect(try await client.describe(DescribeRequest(id: "1")).ips == ["192.0.2.1", "2001:db8::1"])
        #expect(try await client.taskStatus(TaskStatusRequest(task: TaskRef(id: "t1"))) == TaskStatusResponse(done: true, error: "t1"))
        #expect(try await client.snapshotCreate(SnapshotCreateRequest(nameHint: "s")).snapshotID == "s")
        #expect(try await client.snapshotDelete(SnapshotDeleteRequest(snapshotID: "s")).task?.id == "delete s")
        #expect(try await client.snapshotRevert(SnapshotRevertRequest(snapshotID: "s")).task?.id == "revert s")
        #expect(try await client.clone(CloneRequest(targetName: "c")).targetVMID == "c")
        #expect(try await client.imagePrepare(ImagePrepareRequest(targetName: "i")).preparedImagePath == "/pool/i.qcow2")
        #expect(try await client.getCapabilities().supportedDiskTypes == ["qcow2"])
        #expect(try await client.exportDisk(ExportDiskRequest(credentials: ["key": "k"])).exportID == "k")
        #expect(try await client.importDisk(ImportDiskRequest(targetName: "d")).diskID == "d")
        #expect(try await client.getDiskInfo(GetDiskInfoRequest(diskID: "sda")).metadata == ["a": "b"])
        #expect(try await client.listVMs().vms.map(\.id) == ["1", "2"])
        #expect(provider.asked.map(\.method) == ProviderMethod.allCases.map(\.rawValue))
        #expect(provider.asked.map(\.call.path) == ProviderMethod.allCases.map(\.path))
    }

    @Test func `The methods of tasks reach theirs`() async throws {
        let client = ProviderTaskClient(transport)
        let list = try await client.list(ListTasksRequest(pageToken: "p"))
        #expect(list == ListTasksResponse(tasks: [ProviderTask(id: "t1", state: .running, progress: 0.25)], nextPageToken: "p"))
        #expect(list.tasks.first?.finishedUnixSeconds == nil)
        let absent = await #expect(throws: RPCError.self) { try await client.get(GetTaskRequest(id: "t9")) }
        #expect(absent?.description == "NOT_FOUND: there is no task t9")
        #expect(try await client.cancel(CancelTaskRequest(id: "t1")).finishedUnixSeconds == 1_795_320_000)
        #expect(provider.asked.map(\.method) == ["List", "Get", "Cancel"])
    }

    /// In seconds, as the managers that there are wait; HardwareUpgrade, which none of them calls, as the like of it.
    static let deadlines: [(ProviderMethod, Double)] = [
        (.validate, 30), (.create, 300), (.delete, 120), (.power, 120), (.reconfigure, 300), (.hardwareUpgrade, 300), (.describe, 30),
        (.taskStatus, 10), (.snapshotCreate, 300), (.snapshotDelete, 120), (.snapshotRevert, 300), (.clone, 300), (.imagePrepare, 300),
        (.getCapabilities, 30), (.exportDisk, 1800), (.importDisk, 1800), (.getDiskInfo, 1800), (.listVMs, 120),
    ]

    @Test(arguments: deadlines) func `A method has its time when nobody says otherwise`(_ method: ProviderMethod, _ seconds: Double) {
        #expect(method.defaultSeconds == seconds)
    }

    @Test func `The deadline travels with the call, the method's own or the caller's`() async throws {
        let client = ProviderClient(transport)
        let start = ContinuousClock.now
        _ = try await client.taskStatus(TaskStatusRequest(task: TaskRef()))
        let end = ContinuousClock.now
        let own = try #require(provider.asked.last?.call.deadline)
        #expect(own >= Deadline(start.advanced(by: .seconds(10))) && own <= Deadline(end.advanced(by: .seconds(10))))
        let deadline = Deadline.after(seconds: 77)
        _ = try await client.taskStatus(TaskStatusRequest(task: TaskRef()), RPCOptions(deadline: deadline))
        #expect(provider.asked.last?.call.deadline == deadline)
        let late = await #expect(throws: RPCError.self) {
            try await client.validate(ValidateRequest(), RPCOptions(deadline: .after(seconds: 0)))
        }
        #expect(late?.code == .deadlineExceeded)
        #expect(provider.asked.count == 2)
    }

    @Test func `An observer is told how each call ended`() async throws {
        let told = Told()
        let client = ProviderClient(transport) { told.take($0, $1, $2) }
        _ = try await client.validate()
        _ = try? await client.create(CreateRequest())
        _ = try? await client.hardwareUpgrade(HardwareUpgradeRequest())
        _ = try? await client.validate(ValidateRequest(), RPCOptions(deadline: .after(seconds: 0)))
        let tasks = ProviderTaskClient(transport) { told.take($0, $1, $2) }
        _ = try? await tasks.get(GetTaskRequest())
        #expect(
            told.lines == [
                "Validate OK", "Create INVALID_ARGUMENT", "HardwareUpgrade UNIMPLEMENTED", "Validate DEADLINE_EXCEEDED", "Get NOT_FOUND",
            ])
        #expect(told.durations.allSatisfy { $0 >= .zero && $0 < .seconds(60) })
    }

    private final class Told: Sendable {
        private let calls = Mutex<[(line: String, duration: Duration)]>([])
        var lines: [String] { calls.withLock { $0.map(\.line) } }
        var durations: [Duration] { calls.withLock { $0.map(\.duration) } }

        func take(_ method: String, _ code: RPCCode, _ duration: Duration) {
            calls.withLock { $0.append(("\(method) \(code.name)", duration)) }
        }
    }

    @Test(arguments: ["ListHosts", "GetHostInfo", "Nothing"]) func `What others' providers may have besides is not implemented`(
        _ method: String
    ) async {
        let transport = transport
        let error = await #expect(throws: RPCError.self) {
            try await transport.call("/provider.v1.Provider/\(method)", [], by: .after(seconds: 30), metadata: RPCMetadata())
        }
        #expect(error?.code == .unimplemented)
    }

    @Test func `A request that cannot be read reaches nobody`() async {
        let transport = transport
        let error = await #expect(throws: RPCError.self) {
            try await transport.call("/provider.v1.Provider/Create", [0x0A, 0x05, 0x61], by: .after(seconds: 30), metadata: RPCMetadata())
        }
        #expect(error?.code == .internal)
        #expect(
            error?.message
                == "the request cannot be read: not a message provider.v1.CreateRequest: byte 1 field 1: 5 bytes are announced and 1 are left"
        )
        #expect(provider.asked.isEmpty)
    }

    @Test func `An answer that cannot be read is an error`() async {
        let strange = RPCService(name: "provider.v1.Provider", methods: ["ListVMs": { (_, _) throws(RPCError) in [0xFF] }])
        let told = Told()
        let client = ProviderClient(InProcessTransport([strange])) { told.take($0, $1, $2) }
        let error = await #expect(throws: RPCError.self) { try await client.listVMs() }
        #expect(error?.code == .internal)
        #expect(error?.message.hasPrefix("the answer cannot be read: not a message provider.v1.ListVMsResponse: byte 0") == true)
        #expect(told.lines == ["ListVMs INTERNAL"])
    }

    @Test func `Fields of a later version pass through a provider that does not know them`() throws {
        let later: [UInt8] = [0x0A, 0x01, 0x61, 0xA2, 0x06, 0x03, 0x6E, 0x65, 0x77]
        var request = try CreateRequest(protobuf: later)
        request.tags = ["t"]
        #expect(request.protobuf == [0x0A, 0x01, 0x61, 0x42, 0x01, 0x74, 0xA2, 0x06, 0x03, 0x6E, 0x65, 0x77])
    }
}
