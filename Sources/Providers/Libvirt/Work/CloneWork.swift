import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import XML

/// Makes a machine from one that is off.
///
/// A full clone has copies of all disks. For a linked one the source's disks become bases that nobody writes to any more, and both machines get new disks
/// upon them; so the source may run on, and neither sees what the other writes. Bases go with the last machine that stands on them.
struct CloneWork: OperationWork {
    let hypervisor: Hypervisor

    static let sourceNote = "source"
    static let disksNote = "disks"

    func run(_ operation: OperationContext) async throws(RPCError) {
        let plan = try ClonePlan(operation.read())
        let settings = hypervisor.settings.with(operation.note(LibvirtProviderSettings.note))
        guard let sourceID = operation.note(Self.sourceNote) else { throw RPCError(.internal, "the operation has lost its source") }
        // The source is redefined on the way, so what its disks were is written down first.
        try await operation.step("look", at: 0) { () throws(RPCError) in
            let source = try await hypervisor.machine(sourceID)
            try plan.check(source)
            try await CloneDevices.check(sourceID, bridges: settings.bridges, hypervisor)
            try await operation.note(Self.disksNote, CloneDisk.note(try await look(plan, source, operation)))
        }
        let disks = try CloneDisk.read(operation.note(Self.disksNote) ?? "")
        try await operation.step("disks", at: 0.05) { () throws(RPCError) in
            if plan.isLinked {
                try await link(disks, sourceID, operation)
            } else {
                try await copy(disks, operation)
            }
        }
        let seed = try await seed(plan, sourceID, disks, operation)
        try await operation.step("machine", at: 0.95) { () throws(RPCError) in
            try await define(plan, sourceID, disks, seed, settings.bridges, operation)
        }
    }

    /// Of a linked clone the source keeps its new disks, which are as good as its old ones.
    func undo(_ operation: OperationContext) async throws(RPCError) {
        let plan = try ClonePlan(operation.read())
        let disks = try operation.note(Self.disksNote).map { (note) throws(RPCError) in try CloneDisk.read(note) } ?? []
        let uuid = operation.resultID
        let seed = Names.volume(plan.name, uuid, "seed", "iso")
        try await hypervisor.act("take back machine \(plan.name)", seconds: 300) { connection throws(LibvirtError) in
            if let domain = try Hypervisor.domainIfThere(connection, uuid) { try Removal.remove(domain) }
            let users = try VolumeUse(connection, except: uuid)
            for disk in disks {
                try Storage.remove(connection, pool: disk.pool, volume: disk.name)
                guard let own = disk.own else { continue }
                let volume = MachineMark.Volume(role: disk.role, pool: disk.sourcePool, name: own)
                guard let there = try DeleteWork.find(connection, volume), try DeleteWork.isFree(there, volume, users) else { continue }
                try there.delete()
            }
            if let pool = disks.first?.pool { try Storage.remove(connection, pool: pool, volume: seed) }
        }
    }

    // MARK: what is to be made

    private func look(_ plan: ClonePlan, _ source: Hypervisor.Machine, _ operation: OperationContext) async throws(RPCError) -> [CloneDisk]
    {
        let (uuid, id) = (operation.resultID, operation.id)
        return try await hypervisor.look("look at the disks of machine \(source.name)", seconds: 60) { connection throws(LibvirtError) in
            if plan.isLinked { try Self.checkSnapshots(connection.domain(uuid: source.uuid)) }
            var disks: [CloneDisk] = []
            for disk in source.next.disks where disk.device == "disk" && !disk.isReadOnly {
                guard let path = disk.path else { throw LibvirtError(.invalidState, "disk \(disk.target) is neither file nor device") }
                let volume = try connection.volume(path: path)
                let sourcePool = try volume.pool()
                // What its guest wrote since the pool was looked at is seen now, or never. A pool that a copy is made in may not be asked: later.
                if disk.format == "raw" { try sourcePool.refresh() }
                let view = try VolumeView(volume)
                try DiskTrust.check(view, ofMachine: disk.format)
                let levels = try DiskTrust.levels(below: view, connection)
                guard !plan.isLinked || levels < DiskTrust.mostLevels else {
                    throw LibvirtError(
                        .invalidState,
                        "disk \(disk.target) stands upon \(levels) others already, one for each linked clone; make a full clone, and linked ones of that"
                    )
                }
                let known = source.mark?.volumes.first { path.hasSuffix("/" + $0.name) }
                let sourceFormat = disk.format ?? "raw"
                let format = plan.isLinked ? "qcow2" : sourceFormat
                let part = disks.isEmpty ? "root" : "\(disks.count)" + (known?.disk.map { "-" + Names.file($0) } ?? "")
                disks.append(
                    CloneDisk(
                        sourcePath: path, sourcePool: sourcePool.name, sourceName: volume.name, sourceFormat: sourceFormat,
                        own: plan.isLinked ? CloneDisk.own(volume.name, id) : nil, format: format, capacityBytes: view.capacityBytes,
                        role: disks.isEmpty ? .root : .data, pool: plan.pool ?? sourcePool.name,
                        name: Names.volume(plan.name, uuid, part, format), disk: known?.disk))
            }
            return disks
        }
    }

    /// They would not go with the disks of a linked clone. - Throws: `invalidState`.
    static func checkSnapshots(_ source: LibvirtDomain) throws(LibvirtError) {
        let count = try source.snapshots().count
        guard count == 0 else {
            throw LibvirtError(
                .invalidState,
                "machine \(source.name) has snapshots (\(count)), which would not go with its disks; remove them, or make a full clone")
        }
    }

    // MARK: disks

    private func copy(_ disks: [CloneDisk], _ operation: OperationContext) async throws(RPCError) {
        let total = disks.reduce(0.0) { $0 + Double($1.capacityBytes) }
        var done = 0.0
        for disk in disks {
            let (before, share) = (done / max(1, total), Double(disk.capacityBytes) / max(1, total))
            let hypervisor = hypervisor
            let watch = Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    guard let part = await hypervisor.copied(disk) else { continue }
                    await operation.report(0.05 + 0.85 * (before + share * part))
                }
            }
            defer { watch.cancel() }
            try await hypervisor.haul("copy \(disk.sourcePath) to volume \(disk.name) of pool \(disk.pool)") {
                connection throws(LibvirtError) in
                let plan = Storage.VolumePlan(name: disk.name, capacityBytes: disk.capacityBytes, format: disk.format)
                let source = try connection.volume(path: disk.sourcePath)
                _ = try Storage.copy(connection, source, to: plan, pool: disk.pool) { view throws(LibvirtError) in
                    try DiskTrust.check(view, ofMachine: disk.sourceFormat)
                }
            }
            done += Double(disk.capacityBytes)
        }
    }

    private func link(_ disks: [CloneDisk], _ sourceID: String, _ operation: OperationContext) async throws(RPCError) {
        try await hypervisor.act("put the disks of machine \(sourceID) below others") { connection throws(LibvirtError) in
            let source = try connection.domain(uuid: sourceID)
            guard try !source.isActive() else { throw LibvirtError(.invalidState, "the machine was started meanwhile") }
            try Self.checkSnapshots(source)
            let text = try source.xml([.inactive, .secure])
            guard var description = try? XMLReader.read(text, source: "machine"), var mark = MachineMark(domain: description) else {
                throw LibvirtError(.failed, "its description cannot be read")
            }
            for disk in disks {
                guard let own = disk.own else { continue }
                try DiskTrust.check(VolumeView(connection.volume(path: disk.sourcePath)), ofMachine: disk.sourceFormat)
                func plan(_ name: String) -> Storage.VolumePlan {
                    Storage.VolumePlan(
                        name: name, capacityBytes: disk.capacityBytes, format: "qcow2", backingPath: disk.sourcePath,
                        backingFormat: disk.sourceFormat)
                }
                _ = try Storage.remake(connection, pool: disk.pool, plan(disk.name))
                guard !mark.volumes.contains(where: { $0.name == own }) else { continue }
                let made = try Storage.remake(connection, pool: disk.sourcePool, plan(own))
                description.moveDisk(from: disk.sourcePath, to: made.path, format: "qcow2")
                mark.move(disk.sourceName, disk.sourcePool, to: own)
            }
            description.setMark(mark)
            _ = try connection.defineDomain(description.xml)
        }
    }

    // MARK: the machine

    /// The clone's seed, if it is to have one: with the source's user data, or with what the request says.
    private func seed(
        _ plan: ClonePlan, _ sourceID: String, _ disks: [CloneDisk], _ operation: OperationContext
    ) async throws(RPCError) -> MachineMark.Volume? {
        let uuid = operation.resultID
        guard let pool = disks.first?.pool else { return nil }
        let volume = MachineMark.Volume(role: .seed, pool: pool, name: Names.volume(plan.name, uuid, "seed", "iso"))
        let found: (has: Bool, userData: [UInt8]) = try await hypervisor.look("look for the seed of machine \(sourceID)") {
            connection throws(LibvirtError) in
            let mark = try Hypervisor.view(connection.domain(uuid: sourceID), .inactive).mark
            guard let seed = mark?.volumes.first(where: { $0.role == .seed }) else { return (false, []) }
            guard !connection.isTestDriver, let there = try Storage.volume(connection.pool(named: seed.pool), seed.name) else {
                return (true, [])
            }
            let bytes = try Storage.read(there, limit: NoCloudSeed.limitBytes + (1 << 20))
            return (true, ISO9660Image.read("user-data", of: bytes) ?? [])
        }
        guard found.has || plan.customization != nil else { return nil }
        try await operation.step("seed", at: 0.9) { () throws(RPCError) in
            let bytes = plan.seed(uuid: uuid, userData: found.userData).image
            try await hypervisor.act("write the seed of machine \(plan.name)") { connection throws(LibvirtError) in
                _ = try Storage.write(connection, pool: pool, name: volume.name, bytes)
            }
        }
        return volume
    }

    private func define(
        _ plan: ClonePlan, _ sourceID: String, _ disks: [CloneDisk], _ seed: MachineMark.Volume?, _ bridges: [String],
        _ operation: OperationContext
    ) async throws(RPCError) {
        let (uuid, id) = (operation.resultID, operation.id)
        let refused: RPCError? = try await hypervisor.act("define machine \(plan.name)") { connection throws(LibvirtError) in
            if try Hypervisor.domainIfThere(connection, uuid) != nil { return nil }
            if let other = try Hypervisor.domainIfThere(connection, plan.name) { return CreateWork.taken(plan.name, other.uuid) }
            let text = try connection.domain(uuid: sourceID).xml([.inactive, .secure])
            guard let source = try? XMLReader.read(text, source: "machine") else {
                throw LibvirtError(.failed, "the source's description cannot be read")
            }
            let sourceMark = MachineMark(domain: source)
            var mark = MachineMark(
                operation: id, uuid: uuid, owner: plan.owner, image: sourceMark?.image, tags: plan.customization?.tags ?? [])
            var paths: [String: (path: String, format: String)] = [:]
            for disk in disks {
                let path = try connection.pool(named: disk.pool).volume(named: disk.name).path()
                // The source has other disks by now when it was linked.
                let current =
                    try disk.own.map { (own) throws(LibvirtError) in
                        try connection.pool(named: disk.sourcePool).volume(named: own).path()
                    } ?? disk.sourcePath
                paths[current] = (path, disk.format)
                mark.volumes.append(MachineMark.Volume(role: disk.role, pool: disk.pool, name: disk.name, disk: disk.disk))
            }
            if let seed { mark.volumes.append(seed) }
            if plan.isLinked { mark.volumes += (sourceMark?.volumes ?? []).filter { $0.role == .base } }
            let seedPath = try seed.map { (seed) throws(LibvirtError) in
                try connection.pool(named: seed.pool).volume(named: seed.name).path()
            }
            do throws(RPCError) {
                try CloneDevices.check(source, bridges: bridges)
                let clone = try plan.description(source, uuid: uuid, mark: mark, paths: paths, seed: seedPath)
                return Self.define(connection, clone.xml, plan.name)
            } catch {
                return error
            }
        }
        if let refused { throw refused }
    }

    private static func define(_ connection: LibvirtConnection, _ xml: String, _ name: String) -> RPCError? {
        do throws(LibvirtError) {
            _ = try connection.defineDomain(xml)
            return nil
        } catch {
            return RPCError(error, doing: "define machine \(name)")
        }
    }
}

extension Hypervisor {
    /// How much of a disk's copy is there, from 0 to 1; nil while nobody knows.
    fileprivate func copied(_ disk: CloneDisk) async -> Double? {
        try? await look("look at volume \(disk.name)", seconds: 3) { connection throws(LibvirtError) in
            let source = try connection.volume(path: disk.sourcePath).info().allocationBytes
            let copy = try connection.pool(named: disk.pool).volume(named: disk.name).info().allocationBytes
            return min(1, Double(copy) / Double(max(1, source)))
        }
    }
}

extension MachineMark {
    /// A disk of the machine became a base: it has another volume now.
    fileprivate mutating func move(_ name: String, _ pool: String, to own: String) {
        guard let place = volumes.firstIndex(where: { $0.name == name && $0.role != .base }) else { return }
        let old = volumes[place]
        volumes[place] = Volume(role: old.role, pool: pool, name: own, disk: old.disk)
        volumes.append(Volume(role: .base, pool: pool, name: name))
    }
}

extension XMLElement {
    fileprivate mutating func moveDisk(from path: String, to other: String, format: String) {
        edit("devices") { devices in
            for index in devices.children.indices where devices.children[index].name == "disk" {
                let source = devices.children[index].child("source")
                guard source?["file"] == path || source?["dev"] == path else { continue }
                devices.children[index].set("type", "file")
                devices.children[index].replace(XMLElement("source", attributes: [.init(name: "file", value: other)]))
                devices.children[index].edit("driver") { $0.set("type", format) }
                devices.children[index].children.removeAll { $0.name == "backingStore" }
            }
        }
    }

    fileprivate mutating func setMark(_ mark: MachineMark) {
        var writer = XMLWriter()
        mark.write(to: &writer, isWhole: true)
        guard let element = try? XMLReader.read(writer.text, source: "mark") else { return }
        edit("metadata") { metadata in
            metadata.children.removeAll { $0.namespace == MachineMark.namespace }
            metadata.children.append(element)
        }
    }
}
