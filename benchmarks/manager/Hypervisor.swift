import Controllers
import Glibc
import Objects
import Primitives
import Protobuf
import ProviderRPC
import RPC
import Synchronization

/// A hypervisor and its provider in memory. They answer at once; making a machine takes as long as is said.
///
/// Messages cross as bytes, as over a network. The list of all machines is written once for as long as it stays the same, so that what is
/// measured is the manager's part of it.
final class Hypervisor: ProviderDialer, RPCTransport {
    enum Pace: Sendable {
        case atOnce
        /// Create answers with a task, which is over then.
        case task(seconds: Double)
        /// Create answers then.
        case answer(seconds: Double)
    }

    private struct Machine {
        let id, name, owner: String
        var isOn = true
    }

    private struct State {
        var pace = Pace.atOnce
        var machines: [String: Machine] = [:]
        /// Identifiers by the owner's uid.
        var ids: [String: String] = [:]
        var tasks: [String: ContinuousClock.Instant] = [:]
        /// How long it was at work for an owner, in seconds.
        var busySeconds: [String: Double] = [:]
        var list: [UInt8]?
        var calls: [String: Int] = [:]
    }

    private let state = Mutex(State())

    var pace: Pace {
        get { state.withLock { $0.pace } }
        set { state.withLock { $0.pace = newValue } }
    }

    /// Calls so far, by method.
    var calls: [String: Int] { state.withLock { $0.calls } }

    func busySeconds(_ owner: String) -> Double { state.withLock { $0.busySeconds[owner] ?? 0 } }

    // MARK: between two processes

    func write(to path: String) throws(Failure) {
        let lines = state.withLock { $0.machines.values.map { "\($0.id) \($0.name) \($0.owner)\n" } }
        try Files.write(Array(lines.joined().utf8), to: path)
    }

    func read(from path: String) throws(Failure) {
        let text = String(decoding: try Files.read(path), as: UTF8.self)
        state.withLock { state in
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                guard words.count == 3 else { continue }
                state.machines[words[0]] = Machine(id: words[0], name: words[1], owner: words[2])
                state.ids[words[2]] = words[0]
            }
        }
    }

    // MARK: calls

    func dial(_ recipe: ProviderRecipe) throws(Failure) -> (transport: any RPCTransport, close: @Sendable () -> Void) { (self, {}) }

    func call(_ path: String, _ message: [UInt8], by deadline: Deadline, metadata: RPCMetadata) async throws(RPCError) -> [UInt8] {
        let method = path.split(separator: "/").last.map(String.init) ?? ""
        state.withLock { $0.calls[method, default: 0] += 1 }
        do throws(Failure) {
            switch ProviderMethod(rawValue: method) {
            case .validate: return ValidateResponse(ok: true, message: "").protobuf
            case .getCapabilities: return GetCapabilitiesResponse(supportsReconfigureOnline: true).protobuf
            case .imagePrepare: return ImagePrepareResponse().protobuf
            case .listVMs: return list()
            case .describe: return describe(try DescribeRequest(protobuf: message)).protobuf
            case .create: return await create(try CreateRequest(protobuf: message)).protobuf
            case .delete: return delete(try DeleteRequest(protobuf: message)).protobuf
            case .taskStatus:
                let id = try TaskStatusRequest(protobuf: message).task?.id ?? ""
                let end = state.withLock { $0.tasks[id] }
                return TaskStatusResponse(done: end.map { $0 <= .now } ?? true).protobuf
            default: break
            }
        } catch { throw RPCError(.invalidArgument, error.message) }
        throw RPCError(.unimplemented, "\(method) is not measured")
    }

    private func create(_ request: CreateRequest) async -> CreateResponse {
        let owner = request.owner?.uid ?? ""
        let (pace, id, isNew) = state.withLock { state in
            if let known = state.ids[owner] { return (state.pace, known, false) }
            let id = "vm-\(state.ids.count)-\(owner)"
            state.ids[owner] = id
            return (state.pace, id, true)
        }
        guard isNew else { return CreateResponse(id: id) }
        let start = ContinuousClock.now
        if case .answer(let seconds) = pace { try? await Task.sleep(for: .seconds(seconds)) }
        let task: TaskRef? = state.withLock { state in
            state.machines[id] = Machine(id: id, name: request.name, owner: owner)
            state.list = nil
            guard case .task(let seconds) = pace else {
                state.busySeconds[owner] = (ContinuousClock.now - start).seconds
                return nil
            }
            state.busySeconds[owner] = seconds
            state.tasks[id] = start.advanced(by: .seconds(seconds))
            return TaskRef(id: id)
        }
        return CreateResponse(id: id, task: task)
    }

    private func delete(_ request: DeleteRequest) -> TaskResponse {
        state.withLock { state in
            if let machine = state.machines.removeValue(forKey: request.id) { state.ids[machine.owner] = nil }
            state.list = nil
        }
        return TaskResponse()
    }

    private func describe(_ request: DescribeRequest) -> DescribeResponse {
        guard let machine = state.withLock({ $0.machines[request.id] }) else { return DescribeResponse() }
        return DescribeResponse(
            exists: true, powerState: machine.isOn ? "On" : "Off", ips: [Self.address(machine)],
            consoleURL: "vnc://hypervisor/\(machine.id)",
            providerRawJSON: #"{"uuid":"\#(machine.id)","vcpus":2,"memory_kib":4194304,"owner_uid":"\#(machine.owner)"}"#)
    }

    private func list() -> [UInt8] {
        let (known, machines) = state.withLock { ($0.list, $0.list == nil ? Array($0.machines.values) : []) }
        if let known { return known }
        let bytes = ListVMsResponse(
            vms: machines.map { machine in
                VMInfo(
                    id: machine.id, name: machine.name, powerState: machine.isOn ? "On" : "Off", ips: [Self.address(machine)], cpu: 2,
                    memoryMiB: 4096, disks: [DiskInfo(id: "vda", path: "/images/\(machine.name).qcow2", sizeGiB: 40, format: "qcow2")],
                    networks: [NetworkInfo(name: "lan", mac: "52:54:00:00:00:01")],
                    providerRaw: ["uuid": machine.id, "owner_uid": machine.owner])
            }
        ).protobuf
        state.withLock { if $0.machines.count == machines.count { $0.list = bytes } }
        return bytes
    }

    private static func address(_ machine: Machine) -> String {
        let sum = machine.owner.utf8.reduce(UInt32(0)) { ($0 &* 31) &+ UInt32($1) }
        return "10.\(sum >> 16 & 255).\(sum >> 8 & 255).\(sum & 255)"
    }
}
