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
    private static let disksNote = "disks"

    /// A disk of the source, and what is made of it.
    struct Disk: Sendable, Equatable {
        let sourcePath: String
        let format: String
        let capacityBytes: UInt64
        let role: MachineMark.Role
        let pool: String
        let name: String
        let disk: String?
    }

    func run(_ operation: OperationContext) async throws(RPCError) {
        let plan = try ClonePlan(operation.read())
        guard let sourceID = operation.note(Self.sourceNote) else { throw RPCError(.internal, "the operation has lost its source") }
        // The source is redefined on the way, so what its disks were is written down first.
        try await operation.step("look", at: 0) { () throws(RPCError) in
            let source = try await hypervisor.machine(sourceID)
            try plan.check(source)
            try await operation.note(Self.disksNote, Self.text(try await look(plan, source, operation)))
        }
        let disks = Self.disks(operation.note(Self.disksNote) ?? "")
        try await operation.step("disks", at: 0.05) { () throws(RPCError) in
            if plan.isLinked {
                try await link(disks, sourceID, operation)
            } else {
                try await copy(disks, operation)
            }
        }
        let seed = try await seed(plan, sourceID, disks, operation)
        try await operation.step("machine", at: 0.95) { () throws(RPCError) in
            try await define(plan, sourceID, disks, seed, operation)
        }
    }

    /// Of a linked clone the source keeps its new disks, which are as good as its old ones.
    func undo(_ operation: OperationContext) async throws(RPCError) {
        let plan = try ClonePlan(operation.read())
        let disks = Self.disks(operation.note(Self.disksNote) ?? "")
        let (uuid, source) = (operation.resultID, operation.note(Self.sourceNote) ?? "")
        let seed = Names.volume(plan.name, uuid, "seed", "iso")
        try await hypervisor.act("take back machine \(plan.name)") { connection throws(LibvirtError) in
            if let domain = try Hypervisor.domainIfThere(connection, uuid) { try Removal.remove(domain) }
            let used =
                try Hypervisor.domainIfThere(connection, source).map { (domain) throws(LibvirtError) in try Hypervisor.view(domain).disks }
                ?? []
            for disk in disks {
                try Storage.remove(connection, pool: disk.pool, volume: disk.name)
                let own = Self.sourceVolume(disk, operation.id)
                guard plan.isLinked, !used.contains(where: { $0.path?.hasSuffix("/" + own) == true }) else { continue }
                try Storage.remove(connection, pool: disk.pool, volume: own)
            }
            if let pool = disks.first?.pool { try Storage.remove(connection, pool: pool, volume: seed) }
        }
    }

    // MARK: what is to be made

    private func look(_ plan: ClonePlan, _ source: Hypervisor.Machine, _ operation: OperationContext) async throws(RPCError) -> [Disk] {
        let uuid = operation.resultID
        return try await hypervisor.look("look at the disks of machine \(source.name)", seconds: 60) { connection throws(LibvirtError) in
            var disks: [Disk] = []
            for disk in source.next.disks where disk.device == "disk" && !disk.isReadOnly {
                guard let path = disk.path else { continue }
                let volume = try connection.volume(path: path)
                let view = try VolumeView(volume)
                let known = source.next.mark?.volumes.first { path.hasSuffix("/" + $0.name) }
                let pool = if let pool = plan.pool { pool } else { try volume.pool().name }
                let format = plan.isLinked || disk.format != "raw" ? "qcow2" : "raw"
                let part = disks.isEmpty ? "root" : "\(disks.count)" + (known?.disk.map { "-" + Names.file($0) } ?? "")
                disks.append(
                    Disk(
                        sourcePath: path, format: format, capacityBytes: view.capacityBytes, role: disks.isEmpty ? .root : .data,
                        pool: pool, name: Names.volume(plan.name, uuid, part, format), disk: known?.disk))
            }
            return disks
        }
    }

    private static func text(_ disks: [Disk]) -> String {
        disks.map {
            [$0.sourcePath, $0.format, String($0.capacityBytes), $0.role.rawValue, $0.pool, $0.name, $0.disk ?? ""].joined(separator: "\t")
        }
        .joined(separator: "\n")
    }

    private static func disks(_ text: String) -> [Disk] {
        text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 7, let bytes = UInt64(parts[2]), let role = MachineMark.Role(rawValue: parts[3]) else { return nil }
            return Disk(
                sourcePath: parts[0], format: parts[1], capacityBytes: bytes, role: role, pool: parts[4], name: parts[5],
                disk: parts[6].isEmpty ? nil : parts[6])
        }
    }

    /// The source's own disk upon the base.
    private static func sourceVolume(_ disk: Disk, _ operation: String) -> String {
        let file = disk.sourcePath.split(separator: "/").last.map(String.init) ?? "disk"
        // Of a source that is linked again and again the name does not grow.
        let stem = file.firstRange(of: ".link-").map { file[..<$0.lowerBound] } ?? file[..<(file.lastIndex(of: ".") ?? file.endIndex)]
        return "\(stem).link-\(operation.suffix(8)).qcow2"
    }

    // MARK: disks

    private func copy(_ disks: [Disk], _ operation: OperationContext) async throws(RPCError) {
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
                _ = try Storage.remake(connection, pool: disk.pool, plan, from: connection.volume(path: disk.sourcePath))
            }
            done += Double(disk.capacityBytes)
        }
    }

    private func link(_ disks: [Disk], _ sourceID: String, _ operation: OperationContext) async throws(RPCError) {
        let id = operation.id
        try await hypervisor.act("put the disks of machine \(sourceID) below others") { connection throws(LibvirtError) in
            let source = try connection.domain(uuid: sourceID)
            guard try !source.isActive() else { throw LibvirtError(.invalidState, "the machine was started meanwhile") }
            let text = try source.xml([.inactive, .secure])
            guard var description = try? XMLReader.read(text, source: "machine"), var mark = MachineMark(domain: description) else {
                throw LibvirtError(.failed, "its description cannot be read")
            }
            for disk in disks {
                let base = try connection.volume(path: disk.sourcePath)
                let (baseView, basePool) = (try VolumeView(base), try base.pool().name)
                func plan(_ name: String) -> Storage.VolumePlan {
                    Storage.VolumePlan(
                        name: name, capacityBytes: disk.capacityBytes, format: "qcow2", backingPath: disk.sourcePath,
                        backingFormat: baseView.format ?? "raw")
                }
                _ = try Storage.remake(connection, pool: disk.pool, plan(disk.name))
                let own = Self.sourceVolume(disk, id)
                guard !mark.volumes.contains(where: { $0.name == own }) else { continue }
                let made = try Storage.remake(connection, pool: basePool, plan(own))
                description.moveDisk(from: disk.sourcePath, to: made.path, format: "qcow2")
                mark.move(base.name, basePool, to: own)
            }
            description.setMark(mark)
            _ = try connection.defineDomain(description.xml)
        }
    }

    // MARK: the machine

    /// The clone's seed, if it is to have one: with the source's user data, or with what the request says.
    private func seed(
        _ plan: ClonePlan, _ sourceID: String, _ disks: [Disk], _ operation: OperationContext
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
        _ plan: ClonePlan, _ sourceID: String, _ disks: [Disk], _ seed: MachineMark.Volume?, _ operation: OperationContext
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
                    plan.isLinked
                    ? try connection.volume(path: disk.sourcePath).pool().volume(named: Self.sourceVolume(disk, id)).path()
                    : disk.sourcePath
                paths[current] = (path, disk.format)
                mark.volumes.append(MachineMark.Volume(role: disk.role, pool: disk.pool, name: disk.name, disk: disk.disk))
            }
            if let seed { mark.volumes.append(seed) }
            if plan.isLinked { mark.volumes += (sourceMark?.volumes ?? []).filter { $0.role == .base } }
            let seedPath = try seed.map { (seed) throws(LibvirtError) in
                try connection.pool(named: seed.pool).volume(named: seed.name).path()
            }
            do throws(RPCError) {
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
    fileprivate func copied(_ disk: CloneWork.Disk) async -> Double? {
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
