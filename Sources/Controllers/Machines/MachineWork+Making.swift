import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Reconciling

/// How a machine comes to be.
extension MachineWork {
    mutating func create(_ connection: ProviderConnection, _ provider: Provider) async throws(ReconcileError) -> Step {
        if let clone = machine.metadata.annotations[ObjectAnnotation.clone] {
            return .end(try await wait(for: "VMClone \(clone) makes it"))
        }
        let parameters: ObjectValue
        switch parts(connection, provider) {
        case .failure(let missing): return .end(try await wait(for: missing.text))
        case .success(let value): parameters = value
        }
        guard let request = request(parameters) else {
            return .end(try await wait(for: "the Secret that spec.userData or spec.metaData names is not there, or has no such member"))
        }
        // One that could not be made stays so until it is made.
        if status.phase != .failed || journal.past(uid, .create)?.failures ?? 0 == 0 {
            status.phase = .provisioning
            mark(.provisioning, .isTrue, "Creating", "")
            mark(.ready, .isFalse, "Creating", "the machine is being made")
        }
        status.applied = Self.sum(MachineParameters.changeable(parameters))
        // A hypervisor that hangs may keep the answer for minutes.
        return try await begin(.create, parameters, digest: request.digest, connection, isSaid: true)
    }

    struct Missing: Error {
        let text: String
    }

    /// What the machine is to be; or what it waits for.
    /// - Parameter isThere: whether the machine is made already, so that its image does not matter any more.
    func parts(_ connection: ProviderConnection, _ provider: Provider, isThere: Bool = false) -> Result<ObjectValue, Missing> {
        let (spec, namespace) = (machine.spec, machine.metadata.namespace)
        guard let vmClass = context.informers.classes.get(spec.classRef.objectName(in: namespace)) else {
            return .failure(Missing(text: "VMClass \(spec.classRef.fullName(in: namespace)) is not there"))
        }
        if let problem = vmClass.problems.first { return .failure(Missing(text: "VMClass \(vmClass.name): \(problem)")) }
        var networks: [VMNetworkAttachment?] = []
        for card in spec.networks {
            guard let reference = card.networkRef else {
                networks.append(nil)
                continue
            }
            guard let network = context.informers.networks.get(reference.objectName(in: namespace)) else {
                return .failure(Missing(text: "VMNetworkAttachment \(reference.fullName(in: namespace)) is not there"))
            }
            networks.append(network)
        }
        var image: ObjectValue?
        if let reference = spec.imageRef {
            switch self.image(reference, provider) {
            case .success(let value): image = value
            case .failure(let missing): if !isThere { return .failure(missing) }
            }
        } else if let disk = spec.importedDisk {
            image = disk.path.map { ["path": .text($0), "format": .text(disk.format)] } ?? ["templateName": .text(disk.diskID)]
        } else if !isThere {
            // A clone of one that was made from a disk, and that has gone.
            return .failure(Missing(text: "spec.imageRef: nothing says what it is to be made from; name a VMImage"))
        }
        return .success(
            MachineParameters.make(machine, vmClass: vmClass, image: image, networks: networks, provider: provider) { reference, member in
                context.informers.member(of: reference, in: namespace, usually: member)
            })
    }

    /// What it names and is not there any more, of a machine that runs all the same.
    var missingParts: String? {
        let (spec, namespace, informers) = (machine.spec, machine.metadata.namespace, context.informers)
        var missing: [String] = []
        func check(_ kind: String, _ reference: ObjectReference?, _ isThere: (ObjectName) -> Bool) {
            guard let reference, !isThere(reference.objectName(in: namespace)) else { return }
            missing.append("\(kind) \(reference.fullName(in: namespace))")
        }
        check("VMClass", spec.classRef) { informers.classes.get($0) != nil }
        check("VMImage", spec.imageRef) { informers.images.get($0) != nil }
        for card in spec.networks { check("VMNetworkAttachment", card.networkRef) { informers.networks.get($0) != nil } }
        guard !missing.isEmpty else { return nil }
        return "\(missing.joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") not there any more"
    }

    private func image(_ reference: ObjectReference, _ provider: Provider) -> Result<ObjectValue, Missing> {
        let namespace = machine.metadata.namespace
        guard let object = context.informers.images.get(reference.objectName(in: namespace)) else {
            return .failure(Missing(text: "VMImage \(reference.fullName(in: namespace)) is not there"))
        }
        switch ImageSource.of(object, on: provider) {
        case .ready(let value): return .success(value)
        case .waits(let why): return .failure(Missing(text: "VMImage \(object.name): \(why)"))
        }
    }

    /// Nil when a Secret that it needs is not there.
    func request(_ parameters: ObjectValue) -> MachineRequest? {
        MachineRequest(parameters, inline: { MachineParameters.inline(machine, $0) }) { secret, member in
            context.informers.bytes(of: secret, member)
        }
    }

    /// How an operation's request is sent; nil when it cannot be made as it was.
    func sender(of operation: Operation) -> OperationDriver.Send? {
        switch operation.method {
        case .create:
            guard let request = request(operation.parameters), request.digest == operation.requestDigest else { return nil }
            return { operation, client, options throws(RPCError) in
                let answer = try await client.create(request.create(owner: operation.target), options)
                // Without one it could not be found again, and another one would be made.
                guard !answer.id.isEmpty else { throw RPCError(.internal, "the provider made a machine and did not say what it calls it") }
                return .init(taskID: answer.task?.id, resultID: answer.id)
            }
        case .power:
            return { operation, client, options throws(RPCError) in
                let said = operation.parameters
                var request = PowerRequest(id: said["id"]?.text ?? "", owner: Self.owner(operation))
                request.op = PowerStep(rawValue: said["op"]?.text ?? "")?.op ?? .unspecified
                request.gracefulTimeoutSeconds = Int32(clamping: said["gracefulTimeoutSeconds"]?.whole ?? 0)
                return .init(taskID: try await client.power(request, options).task?.id)
            }
        case .reconfigure:
            return { operation, client, options throws(RPCError) in
                let request = ReconfigureRequest(
                    id: operation.parameters["id"]?.text ?? "", desiredJSON: operation.parameters["desired"]?.text ?? "",
                    owner: Self.owner(operation))
                return .init(taskID: try await client.reconfigure(request, options).task?.id)
            }
        case .snapshotRevert:
            return { operation, client, options throws(RPCError) in
                let request = SnapshotRevertRequest(
                    vmID: operation.parameters["id"]?.text ?? "", snapshotID: operation.parameters["snapshot"]?.text ?? "")
                return .init(taskID: try await client.snapshotRevert(request, options).task?.id)
            }
        case .delete:
            return { operation, client, options throws(RPCError) in
                let request = DeleteRequest(id: operation.parameters["id"]?.text ?? "", owner: Self.owner(operation))
                return .init(taskID: try await client.delete(request, options).task?.id)
            }
        default: return nil
        }
    }

    private static func owner(_ operation: Operation) -> ObjectIdentity {
        let target = operation.target
        return ObjectIdentity(uid: target.uid, namespace: target.namespace, name: target.name)
    }

    /// Tells two values apart: FNV-1a.
    static func sum(_ value: ObjectValue) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in value.json { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}

/// What a Power does.
enum PowerStep: String {
    case on = "On"
    case off = "Off"
    case shutDown = "ShutdownGraceful"

    /// For people, of a machine.
    var done: String {
        switch self {
        case .on: "switched on"
        case .off: "switched off"
        case .shutDown: "shut down"
        }
    }

    var op: PowerOp {
        switch self {
        case .on: .on
        case .off: .off
        case .shutDown: .shutdownGraceful
        }
    }
}
