import Primitives
import Protobuf
import ProviderRPC
import ProviderTasks
import RPC

/// What each method does on the hypervisor, in the hypervisor's manner.
struct SimulatedWork: OperationWork {
    let method: ProviderMethod
    let hypervisor: SimulatedHypervisor
    let manner: any Manner

    init(_ method: ProviderMethod, _ hypervisor: SimulatedHypervisor) {
        self.method = method
        self.hypervisor = hypervisor
        manner = hypervisor.settings.kind == .local ? LocalManner(hypervisor: hypervisor) : TaskManner(hypervisor: hypervisor)
    }

    func run(_ operation: OperationContext) async throws(RPCError) {
        for order in try await orders(operation) { try await manner.perform(order, operation) }
    }

    func undo(_ operation: OperationContext) async throws(RPCError) { try await manner.takeBack(operation) }

    private func orders(_ operation: OperationContext) async throws(RPCError) -> [NamedOrder] {
        let (id, kind) = (operation.id, hypervisor.settings.kind)
        let uuid = operation.note("uuid") ?? Identity.uuid(id)
        let number = operation.note("number").flatMap { Int($0) }
        switch method {
        case .create:
            let request = try MachineRequest(try read(operation), kind)
            let plan = try await hypervisor.call("look", changes: false) { (world) throws(Failure) in
                try world.plan(request, mark: id, number: number)
            }
            return [
                NamedOrder(name: "make", order: .make(plan, isClone: false)),
                NamedOrder(name: "start", order: .power(uuid: uuid, .start, timeoutSeconds: 60)),
            ]
        case .clone:
            let request = try CloneSpecification(try read(operation), kind)
            let source = operation.note("source") ?? ""
            let plan = try await hypervisor.call("look", changes: false) { (world) throws(Failure) in
                guard let machine = try world.machine(uuid: source) else {
                    throw world.refused(.missing, "the machine to be cloned is gone")
                }
                return try world.plan(cloneOf: machine, request, mark: id, number: number)
            }
            return [NamedOrder(name: "make", order: .make(plan, isClone: true))]
        case .delete:
            // vSphere destroys nothing that runs.
            let isOn = try await hypervisor.call("look", changes: false) { (world) throws(Failure) in
                try world.machine(uuid: uuid)?.isOn ?? false
            }
            let off = kind == .moref && isOn ? [NamedOrder(name: "stop", order: .power(uuid: uuid, .stop, timeoutSeconds: 60))] : []
            return off + [NamedOrder(name: "delete", order: .delete(uuid: uuid))]
        case .power:
            let request: PowerRequest = try read(operation)
            let change = try Self.change(request)
            let timeout = request.gracefulTimeoutSeconds > 0 ? Double(request.gracefulTimeoutSeconds) : 60
            return [NamedOrder(name: "power", order: .power(uuid: uuid, change, timeoutSeconds: timeout))]
        case .reconfigure:
            let request: ReconfigureRequest = try read(operation)
            return [NamedOrder(name: "reconfigure", order: .reconfigure(uuid: uuid, try Self.changes(request, id)))]
        case .hardwareUpgrade:
            let request: HardwareUpgradeRequest = try read(operation)
            return [
                NamedOrder(name: "upgrade", order: .reconfigure(uuid: uuid, Order.Changes(hardware: Int(request.targetVersion), mark: id)))
            ]
        case .snapshotCreate:
            let request: SnapshotCreateRequest = try read(operation)
            let plan = World.SnapshotPlan(
                reference: operation.resultID, name: request.nameHint, text: request.description, hasMemory: request.includeMemory, mark: id
            )
            return [NamedOrder(name: "snapshot", order: .snapshot(uuid: uuid, plan))]
        case .snapshotDelete:
            let request: SnapshotDeleteRequest = try read(operation)
            return [NamedOrder(name: "remove", order: .removeSnapshot(uuid: uuid, reference: request.snapshotID))]
        case .snapshotRevert:
            let request: SnapshotRevertRequest = try read(operation)
            return [NamedOrder(name: "revert", order: .revert(uuid: uuid, reference: request.snapshotID))]
        case .imagePrepare:
            return [NamedOrder(name: "image", order: .image(try Self.image(try read(operation), hypervisor.settings, mark: id)))]
        case .importDisk:
            return [NamedOrder(name: "import", order: .image(try Exchange(hypervisor.settings).plan(try read(operation), mark: id)))]
        default: throw RPCError(.internal, "\(method.rawValue) is no work that lasts")
        }
    }

    private func read<Request: ProtobufMessage>(_ operation: OperationContext) throws(RPCError) -> Request {
        do {
            return try Request(protobuf: operation.request)
        } catch {
            throw RPCError(.internal, "the request in the journal cannot be read: \(error.message)", cause: error)
        }
    }

    static func change(_ request: PowerRequest) throws(RPCError) -> Order.PowerChange {
        switch request.op {
        case .on: .start
        case .off: .stop
        case .reboot: .reboot
        case .shutdownGraceful: .shutdown
        default: throw RPCError(.invalidArgument, "op: is none of ON, OFF, REBOOT, SHUTDOWN_GRACEFUL")
        }
    }

    static func changes(_ request: ReconfigureRequest, _ mark: String) throws(RPCError) -> Order.Changes {
        let desired = try DesiredState.read(request.desiredJSON)
        var changes = Order.Changes(cpu: desired.vmClass?.cpu, memoryMiB: desired.vmClass?.memoryMiB, mark: mark)
        for (index, disk) in (desired.disks ?? []).enumerated() {
            if let name = disk.name { try Names.disk(name, "desired_json.Disks[\(index)].Name") }
            changes.disks.append((label: disk.name ?? "disk\(index + 1)", bytes: Int64(disk.sizeGiB) << 30))
        }
        return changes
    }

    static func image(_ request: ImagePrepareRequest, _ settings: SimulatedSettings, mark: String) throws(RPCError) -> World.ImagePlan {
        try Names.disk(request.targetName, "target_name")
        guard let image = try VMImage.read(request.imageJSON), !image.isEmpty else {
            throw RPCError(.invalidArgument, "image_json: names no source; say a path or a URL")
        }
        guard image.otherSources.isEmpty, let source = image.url ?? image.path ?? image.templateName else {
            throw RPCError(
                .unimplemented, "image_json: a source of \(image.otherSources.first ?? "") is not known here; use a path or a URL")
        }
        var checksum = ""
        if image.validatesChecksum, let said = image.checksum {
            guard said.algorithm == .sha256 else {
                throw RPCError(.unimplemented, "image_json: \(said.algorithm.rawValue) is not computed here; say the SHA-256")
            }
            checksum = said.hex
        }
        let pool = request.storageHint.isEmpty ? image.storage ?? settings.poolsGiB.keys.sorted().first ?? "default" : request.storageHint
        let format = image.preferredFormat ?? image.format ?? "qcow2"
        try Names.disk(format, "image_json.format")
        return World.ImagePlan(
            name: request.targetName, pool: pool, format: format, content: World.content(of: source), checksum: checksum,
            isForced: image.force, mark: mark)
    }
}
