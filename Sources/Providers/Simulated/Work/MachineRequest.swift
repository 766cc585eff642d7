import Primitives
import ProviderRPC
import RPC

/// A request for a machine, read.
struct MachineRequest: Sendable {
    let name: String
    let owner: String
    let vmClass: VMClass
    let image: VMImage?
    let networks: [NetworkAttachment]
    let disks: [DiskSpec]
    let pool: String?
    let tags: [String]
    let hasSeed: Bool

    /// Errors: `invalidArgument`, with the place.
    init(_ request: CreateRequest, _ kind: SimulatedSettings.Kind) throws(RPCError) {
        name = try Names.machine(request.name, kind)
        owner = request.owner?.uid ?? ""
        vmClass = try VMClass.read(request.classJSON) ?? VMClass()
        let image = try VMImage.read(request.imageJSON)
        if let other = image?.otherSources.first {
            throw RPCError(.invalidArgument, "image_json: a source of \(other) is not known here; prepare the image and name it")
        }
        self.image = image?.isEmpty == true ? nil : image
        networks = try NetworkAttachment.read(request.networksJSON)
        disks = try DiskSpec.read(request.disksJSON)
        pool = try Placement.read(request.placementJSON)?.datastore ?? self.image?.storage
        tags = request.tags
        hasSeed = !request.userData.isEmpty || !request.metaData.isEmpty
        for disk in disks { if let name = disk.name { try Names.disk(name, "disks_json") } }
    }
}

/// What names may be.
enum Names {
    /// Errors: `invalidArgument`, with what may stand there.
    static func machine(_ name: String, _ kind: SimulatedSettings.Kind, field: String = "name") throws(RPCError) -> String {
        guard !name.isEmpty else { throw RPCError(.invalidArgument, "\(field): is empty; give the machine a name") }
        let hasControls = name.unicodeScalars.contains { $0.properties.generalCategory == .control }
        switch kind {
        case .local:
            guard name.utf8.count <= 200, !hasControls, !name.utf8.contains(UInt8(ascii: "/")), !name.hasPrefix(".") else {
                throw RPCError(
                    .invalidArgument, "\(field): must have at most 200 bytes, no slash, no control characters and no dot at its beginning")
            }
        case .upid:
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            let isName = parts.allSatisfy { part in
                (1...63).contains(part.utf8.count) && !part.hasPrefix("-") && !part.hasSuffix("-")
                    && part.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
            }
            guard isName, name.utf8.count <= 253 else {
                throw RPCError(.invalidArgument, "\(field): must be a DNS name: letters, digits and dashes, with dots between")
            }
        case .moref:
            guard name.count <= 80, !hasControls else {
                throw RPCError(.invalidArgument, "\(field): must have at most 80 characters, and no control characters")
            }
        }
        return name
    }

    /// Of disks and images, which become parts of paths.
    static func disk(_ name: String, _ field: String) throws(RPCError) {
        let isPlain = name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || [0x2D, 0x2E, 0x5F].contains($0) }
        guard isPlain, (1...64).contains(name.utf8.count), !name.hasPrefix(".") else {
            throw RPCError(.invalidArgument, "\(field): a name must be of at most 64 letters, digits, dots, dashes and underscores")
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

extension World {
    /// The machine that the request asks for. Errors: `missing`, `full`, `nameTaken`.
    func plan(_ request: MachineRequest, mark: String, number: Int?) throws(Failure) -> MachinePlan {
        let pool = request.pool ?? defaultPool
        var disks: [MachinePlan.Disk] = []
        let defaultBytes = request.vmClass.diskDefaults?.sizeGiB.map { Int64($0) << 30 }
        if let said = request.image {
            let image = try image(name: said.templateName, path: said.path, source: said.url)
            disks.append(
                MachinePlan.Disk(
                    label: "root", sizeBytes: max(image.capacityBytes, defaultBytes ?? 0), format: image.format, content: image.content,
                    backing: nil))
        } else {
            disks.append(
                MachinePlan.Disk(
                    label: "root", sizeBytes: defaultBytes ?? 10 << 30, format: "qcow2", content: World.content(of: "empty"), backing: nil))
        }
        for (index, disk) in request.disks.enumerated() {
            disks.append(
                MachinePlan.Disk(
                    label: disk.name ?? "disk\(index + 1)", sizeBytes: Int64(disk.sizeGiB) << 30, format: "qcow2",
                    content: World.content(of: "empty"),
                    backing: nil))
        }
        let plan = MachinePlan(
            uuid: Identity.uuid(mark), number: number, name: request.name, cpu: request.vmClass.cpu ?? 1,
            memoryMiB: request.vmClass.memoryMiB ?? 1024, pool: pool, owner: request.owner, tags: request.tags,
            cards: request.networks.enumerated().map { index, network in
                Machine.Card(
                    name: network.networkName ?? network.bridge ?? network.portgroup ?? network.name ?? "default",
                    macAddress: network.macAddress ?? Identity.macAddress(mark, index))
            }, disks: disks, hasSeed: request.hasSeed, mark: mark)
        try check(plan)
        return plan
    }

    /// The clone that the request asks for. Errors: as above; `state` for linked ones of a machine that runs.
    func plan(cloneOf source: Machine, _ request: CloneSpecification, mark: String, number: Int?) throws(Failure) -> MachinePlan {
        let volumes = try volumes(of: source.row).filter { $0.use == .disk }
        if request.isLinked, source.isOn {
            throw refused(
                .state,
                "machine \(source.name) runs, and a linked clone would stand on disks that change; switch it off before (spec.powerState: Off)"
            )
        }
        let pool = request.pool ?? volumes.first?.pool ?? defaultPool
        if request.isLinked, volumes.contains(where: { $0.pool != pool }) {
            throw refused(.state, "a linked clone must be in the pool of its source, \(volumes.first?.pool ?? "")")
        }
        let plan = MachinePlan(
            uuid: Identity.uuid(mark), number: number, name: request.name, cpu: request.vmClass?.cpu ?? source.cpu,
            memoryMiB: request.vmClass?.memoryMiB ?? source.memoryMiB, pool: pool, owner: request.owner, tags: source.tags + request.tags,
            cards: source.networks.enumerated().map { index, card in
                Machine.Card(name: card.name, macAddress: Identity.macAddress(mark, index))
            },
            disks: volumes.map { volume in
                MachinePlan.Disk(
                    label: volume.label, sizeBytes: volume.capacityBytes, format: request.isLinked ? "qcow2" : volume.format,
                    content: volume.content,
                    backing: request.isLinked ? volume.row : nil)
            }, hasSeed: request.hasSeed, mark: mark)
        try check(plan)
        return plan
    }

    private func check(_ plan: MachinePlan) throws(Failure) {
        if let there = try machine(named: plan.name), there.mark != plan.mark {
            throw refused(
                .nameTaken, "there is a machine \(plan.name) already (\(there.number.map(String.init) ?? there.uuid)); choose another name")
        }
        // What is there of it already has its room.
        let there = try volumes(mark: plan.mark)
        let missing = plan.disks.filter { disk in disk.backing == nil && !there.contains { $0.label == disk.label } }
        try checkRoom(plan.pool, bytes: missing.reduce(0) { $0 + $1.sizeBytes })
    }
}

/// A request for a clone, read.
struct CloneSpecification: Sendable {
    let name: String
    let isLinked: Bool
    let owner: String
    let vmClass: VMClass?
    let pool: String?
    let tags: [String]
    let hasSeed: Bool

    /// Errors: `invalidArgument`; `unimplemented` for what needs somebody in the guest.
    init(_ request: CloneRequest, _ kind: SimulatedSettings.Kind) throws(RPCError) {
        name = try Names.machine(request.targetName, kind, field: "target_name")
        isLinked = request.linked
        owner = request.targetVM?.uid ?? ""
        vmClass = try VMClass.read(request.classJSON)
        pool = try Placement.read(request.placementJSON)?.datastore
        let customization = try CloneCustomization.read(request.customizeJSON)
        if let other = customization?.others.first {
            throw RPCError(.unimplemented, "customize_json: nobody does \(other) on a simulated hypervisor; leave it out")
        }
        tags = customization?.tags ?? []
        hasSeed = customization?.hostname != nil || customization?.cloudInit != nil || customization?.networks.isEmpty == false
    }
}
