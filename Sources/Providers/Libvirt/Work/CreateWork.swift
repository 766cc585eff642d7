import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC

/// Makes a machine: its image, its disks, its seed, and last the domain, by which it is there.
///
/// Volumes have the machine's UUID in their names, which was chosen before anything was done; so a life after this one finds them, makes those anew
/// that may be halves, and takes them back.
struct CreateWork: OperationWork {
    let hypervisor: Hypervisor
    let images: ImageStore

    func run(_ operation: OperationContext) async throws(RPCError) {
        let settings = Self.settings(operation, hypervisor)
        let request = try Self.request(operation, settings)
        let uuid = operation.resultID
        let volumes = Self.volumes(request, uuid)
        defer { images.locks.release(operation.id) }
        // Chosen once: a life after this one must not choose another, nor bring it again over its own disk.
        try await operation.step("image", at: 0) { () throws(RPCError) in
            try await choose(request.image, settings, operation)
        }
        try await operation.step("disks", at: 0.7) { () throws(RPCError) in
            try await makeDisks(request, volumes, try await chosen(request.image, settings, operation))
        }
        try await operation.step("seed", at: 0.9) { () throws(RPCError) in
            try await makeSeed(request, uuid, volumes)
        }
        try await operation.step("machine", at: 0.95) { () throws(RPCError) in
            try await define(request, uuid, volumes, settings, operation)
        }
        try await operation.step("start", at: 0.97) { () throws(RPCError) in
            try await PowerWork.switchOn(uuid, hypervisor)
        }
    }

    /// By what was noted alone: what a request is read as, and whether it is refused, hangs on settings, which may be others by now.
    func undo(_ operation: OperationContext) async throws(RPCError) {
        let made = try Made(operation, hypervisor.settings)
        let uuid = operation.resultID
        try await hypervisor.act("take back machine \(operation.target)") { connection throws(LibvirtError) in
            if let domain = try Hypervisor.domainIfThere(connection, uuid) { try Removal.remove(domain) }
            for volume in made.volumes { try Storage.remove(connection, pool: volume.pool, volume: volume.name) }
        }
        guard let image = made.image else { return }
        try await images.remove(pool: image.pool, name: image.name, ofOperation: operation.id)
    }

    private static let imageNote = "image"

    private static func settings(_ operation: OperationContext, _ hypervisor: Hypervisor) -> LibvirtProviderSettings {
        hypervisor.settings.with(operation.note(LibvirtProviderSettings.note))
    }

    static func request(_ operation: OperationContext, _ settings: LibvirtProviderSettings) throws(RPCError) -> MachineRequest {
        try MachineRequest(operation.read(CreateRequest.self), settings)
    }

    /// What the machine will have: the first disk, those beside it, the seed.
    static func volumes(_ request: MachineRequest, _ uuid: String) -> [MachineMark.Volume] {
        var volumes: [MachineMark.Volume] = []
        let ending = request.rootKind == .copy(format: "raw") ? "raw" : "qcow2"
        volumes.append(.init(role: .root, pool: request.pool, name: Names.volume(request.name, uuid, "root", ending)))
        for (number, disk) in request.disks.enumerated() {
            let part = disk.name.map { "\(number + 1)-" + Names.file($0) } ?? "\(number + 1)"
            let format = (try? MachineRequest.format(disk, "")) ?? "qcow2"
            volumes.append(
                .init(
                    role: .data, pool: request.pool, name: Names.volume(request.name, uuid, part, format),
                    disk: MachineRequest.name(disk, number)))
        }
        if needsSeed(request) {
            volumes.append(.init(role: .seed, pool: request.pool, name: Names.volume(request.name, uuid, "seed", "iso")))
        }
        return volumes
    }

    /// A system of its own that no seed is meant for would wait for none either; an image's cloud-init wants at least a name.
    private static func needsSeed(_ request: MachineRequest) -> Bool {
        request.image != nil || !request.userData.isEmpty || !request.metaData.isEmpty || request.networks.contains { $0.staticIP != nil }
    }

    // MARK: steps

    /// Finds the image or brings it, holds it, and notes which it is.
    private func choose(_ wanted: VMImage?, _ settings: LibvirtProviderSettings, _ operation: OperationContext) async throws(RPCError) {
        guard let wanted else { return }
        let image = try await images.image(wanted, pool: settings.pool, operation: operation.id) { done, total in
            if let total, total > 0 { await operation.report(0.7 * Double(done) / Double(total)) }
        }
        try await operation.note(Self.imageNote, image.json)
    }

    /// The image that was chosen, held. One that was replaced while nobody held it, between two lives, is chosen anew: no disk of this machine is there yet.
    private func chosen(
        _ wanted: VMImage?, _ settings: LibvirtProviderSettings, _ operation: OperationContext
    ) async throws(RPCError) -> ImageStore.Image? {
        guard var wanted else { return nil }
        if let image = Self.noted(operation), try await images.hold(image, for: operation.id) { return image }
        wanted.force = false
        try await choose(wanted, settings, operation)
        return Self.noted(operation)
    }

    private static func noted(_ operation: OperationContext) -> ImageStore.Image? {
        operation.note(imageNote).flatMap { ImageStore.Image(json: $0) }
    }

    private func makeDisks(_ request: MachineRequest, _ volumes: [MachineMark.Volume], _ image: ImageStore.Image?) async throws(RPCError) {
        let plans = try Self.disks(request, volumes, image)
        let kind = request.rootKind
        try await hypervisor.haul("make the disks of machine \(request.name) in pool \(request.pool)") { connection throws(LibvirtError) in
            for (number, plan) in plans.enumerated() {
                if number == 0, let image, case .copy = kind {
                    let source = try connection.pool(named: image.pool).volume(named: image.volume)
                    let made = try Storage.copy(connection, source, to: plan, pool: request.pool) { view throws(LibvirtError) in
                        try DiskTrust.check(view, format: image.format)
                    }
                    // A copy is as large as what it was made from.
                    if made.capacityBytes < plan.capacityBytes, !connection.isTestDriver {
                        try connection.pool(named: request.pool).volume(named: plan.name).resize(bytes: plan.capacityBytes)
                    }
                } else {
                    _ = try Storage.remake(connection, pool: request.pool, plan)
                }
            }
        }
    }

    static func disks(
        _ request: MachineRequest, _ volumes: [MachineMark.Volume], _ image: ImageStore.Image?
    ) throws(RPCError) -> [Storage.VolumePlan] {
        let wanted = request.vmClass.diskDefaults?.sizeGiB.map { UInt64($0) << 30 }
        if let wanted, let image, wanted < image.capacityBytes {
            throw RPCError(
                .failedPrecondition,
                "class_json.diskDefaults.size: \(wanted >> 30) GiB is less than the image \(image.name) has (\(image.capacityBytes) bytes); a disk is never cut"
            )
        }
        guard let size = wanted ?? image?.capacityBytes else {
            throw RPCError(.invalidArgument, "there is neither an image nor class_json.diskDefaults.size: say how large the first disk is")
        }
        var plans: [Storage.VolumePlan] = []
        // As `volumes` has them: in the order of the request.
        var left = request.disks[...]
        for volume in volumes {
            switch volume.role {
            case .root:
                let format = if case .copy(let format) = request.rootKind { format } else { "qcow2" }
                let isOverlay = request.rootKind == .overlay && image != nil
                plans.append(
                    Storage.VolumePlan(
                        name: volume.name, capacityBytes: size, format: format, backingPath: isOverlay ? image?.path : nil,
                        backingFormat: isOverlay ? image?.format : nil))
            case .data:
                guard let disk = left.popFirst() else { continue }
                let format = try MachineRequest.format(disk, "disks_json")
                plans.append(Storage.VolumePlan(name: volume.name, capacityBytes: UInt64(disk.sizeGiB) << 30, format: format))
            case .seed, .base: break
            }
        }
        return plans
    }

    private func makeSeed(_ request: MachineRequest, _ uuid: String, _ volumes: [MachineMark.Volume]) async throws(RPCError) {
        guard let volume = volumes.first(where: { $0.role == .seed }) else { return }
        let cards = try await hypervisor.seedCards(request.networks, uuid: uuid)
        let bytes = NoCloudSeed(
            userData: request.userData, metaData: request.metaData, instanceID: uuid, hostName: request.name, cards: cards
        ).image
        try await hypervisor.act("write the seed of machine \(request.name) into pool \(volume.pool)") { connection throws(LibvirtError) in
            _ = try Storage.write(connection, pool: volume.pool, name: volume.name, bytes)
        }
    }

    private func define(
        _ request: MachineRequest, _ uuid: String, _ volumes: [MachineMark.Volume], _ settings: LibvirtProviderSettings,
        _ operation: OperationContext
    ) async throws(RPCError) {
        let plans = try Self.disks(request, volumes, Self.noted(operation))
        let host = try await hypervisor.host()
        let cards = hypervisor.cards(request.networks, uuid: uuid)
        let image = request.image.flatMap { $0.url.map(ImageURL.shown) ?? $0.path ?? $0.templateName }
        let mark = MachineMark(
            operation: operation.id, uuid: uuid, owner: request.owner, image: image, volumes: volumes, tags: request.tags)
        let refused: RPCError? = try await hypervisor.act("define machine \(request.name)") { connection throws(LibvirtError) in
            if try Hypervisor.domainIfThere(connection, uuid) != nil { return nil }
            if let other = try Hypervisor.domainIfThere(connection, request.name) { return Self.taken(request.name, other.uuid) }
            var disks: [MachinePlan.Disk] = []
            for (number, volume) in volumes.enumerated() {
                let view = try VolumeView(connection.pool(named: volume.pool).volume(named: volume.name))
                // What libvirt finds in a volume is compared with the plan, and never taken for it. In a seed it finds a file system.
                let plan = plans.first { $0.name == volume.name }
                if let plan { try DiskTrust.check(view, format: plan.format, upon: plan.backingPath) }
                disks.append(
                    MachinePlan.Disk(
                        target: MachineDesign.target(number), path: view.path, format: plan?.format ?? "raw", isBlock: view.isBlock,
                        isReadOnly: volume.role == .seed, serial: volume.disk))
            }
            do throws(RPCError) {
                let plan = try MachineDesign.plan(
                    request, uuid: uuid, mark: mark, host: host, disks: disks, cards: cards, settings: settings)
                _ = try Self.define(connection, plan)
                return nil
            } catch {
                return error
            }
        }
        if let refused { throw refused }
    }

    private static func define(_ connection: LibvirtConnection, _ plan: MachinePlan) throws(RPCError) -> LibvirtDomain {
        do throws(LibvirtError) { return try connection.defineDomain(plan.xml) } catch {
            throw RPCError(error, doing: "define machine \(plan.name)")
        }
    }

    static func taken(_ name: String, _ uuid: String) -> RPCError {
        RPCError(.alreadyExists, "there is a machine \(name) already (\(uuid)), which is not of this request; choose another name")
    }
}
