import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC

/// Makes a machine what is said of processors, memory and disks: at once where it runs and can, else at its next start, which Describe then tells.
///
/// Disks only grow and are only added; firmware, image and networks stay as they were made.
struct ReconfigureWork: OperationWork {
    let hypervisor: Hypervisor

    /// With a volume's name: it was not there before, and is this operation's to make.
    static let madeNote = "made:"

    func run(_ operation: OperationContext) async throws(RPCError) {
        let desired = try DesiredState.read(operation.read(ReconfigureRequest.self).desiredJSON)
        let uuid = operation.target
        let machine = try await hypervisor.machine(uuid)
        let changes = try await changes(desired, machine)
        try await mend(machine)
        try await operation.step("processors", at: 0) { () throws(RPCError) in
            if let count = desired.vmClass?.cpu { try await setProcessors(count, desired, machine) }
        }
        try await operation.step("memory", at: 0.2) { () throws(RPCError) in
            if let mebibytes = desired.vmClass?.memoryMiB { try await setMemory(mebibytes << 10, desired, machine) }
        }
        operation.show("disks")
        for change in changes {
            switch change {
            case .grow(let disk, let bytes): try await grow(disk, bytes, machine)
            case .add(let addition): try await add(addition, machine, operation)
            }
        }
    }

    /// Where only one of its marks lists a volume, both shall.
    private func mend(_ machine: Hypervisor.Machine) async throws(RPCError) {
        guard let mark = machine.mark, !machine.isMarked(mark) else { return }
        try await hypervisor.act("write down whose the volumes of machine \(machine.name) are") { connection throws(LibvirtError) in
            try connection.domain(uuid: machine.uuid).setMark(mark)
        }
    }

    /// What changed stays changed; a disk that was made for it and that the machine does not have goes.
    func undo(_ operation: OperationContext) async throws(RPCError) {
        let uuid = operation.target
        let notes = (operation.operation?.notes ?? [:]).filter { $0.key.hasPrefix(Self.madeNote) }
        for note in notes.sorted(by: { $0.key < $1.key }) {
            for made in try MachineMark.Volume.read(note.value) {
                try await hypervisor.act("take back disk \(made.name)", seconds: 300) { connection throws(LibvirtError) in
                    try Self.takeBack(made, uuid, connection)
                }
            }
        }
    }

    private static func takeBack(_ made: MachineMark.Volume, _ uuid: String, _ connection: LibvirtConnection) throws(LibvirtError) {
        guard let volume = try DeleteWork.find(connection, made) else { return }
        // Of all machines, this one too; but its mark was the first to list it.
        guard try DeleteWork.isFree(volume, made, VolumeUse(connection, unmarked: uuid)) else { return }
        if let domain = try Hypervisor.domainIfThere(connection, uuid), var mark = try Hypervisor.machine(domain).mark {
            mark.volumes.removeAll { $0.pool == made.pool && $0.name == made.name }
            try domain.setMark(mark)
        }
        try volume.delete()
    }

    // MARK: what is to be done

    enum Change: Sendable {
        case grow(MachineView.Disk, bytes: UInt64)
        case add(Addition)
    }

    /// A disk that the machine does not have.
    struct Addition: Sendable, Equatable {
        let volume: MachineMark.Volume
        let capacityBytes: UInt64

        var format: String { DiskTrust.format(ofVolume: volume.name) }
    }

    /// Errors: `failedPrecondition` for a disk that would become smaller; `invalidArgument`.
    func changes(_ desired: DesiredState, _ machine: Hypervisor.Machine) async throws(RPCError) -> [Change] {
        if let vmClass = desired.vmClass { try MachineRequest.check(vmClass) }
        if let name = desired.name, name != machine.name {
            throw RPCError(.failedPrecondition, "desired_json.name: machine \(machine.name) cannot be given another name")
        }
        var changes: [Change] = []
        if let size = desired.vmClass?.diskDefaults?.sizeGiB, let root = machine.next.rootDisk {
            if let bytes = try await growth(root, toGiB: size, machine, "the first disk") { changes.append(.grow(root, bytes: bytes)) }
        }
        try MachineRequest.checkNames(desired.disks ?? [], "desired_json.disks")
        for (number, spec) in (desired.disks ?? []).enumerated() {
            try MachineRequest.check(spec, "desired_json.disks[\(number)]")
            let named = spec.name == nil ? DiskSpec(name: String(number + 1), sizeGiB: spec.sizeGiB, type: spec.type) : spec
            let volume = try Self.volume(named, desired, machine, hypervisor.settings)
            guard let disk = machine.next.disks.first(where: { $0.path?.hasSuffix("/" + volume.name) == true }) else {
                changes.append(.add(Addition(volume: volume, capacityBytes: UInt64(spec.sizeGiB) << 30)))
                continue
            }
            if let bytes = try await growth(disk, toGiB: spec.sizeGiB, machine, "disk \(named.name ?? "")") {
                changes.append(.grow(disk, bytes: bytes))
            }
        }
        return changes
    }

    /// nil when it is as large already.
    private func growth(
        _ disk: MachineView.Disk, toGiB size: Int, _ machine: Hypervisor.Machine, _ what: String
    ) async throws(RPCError) -> UInt64? {
        guard let path = disk.path else { return nil }
        let (uuid, isActive, target, wanted) = (machine.uuid, machine.isActive, disk.target, UInt64(size) << 30)
        let capacity = try await hypervisor.look("look at disk \(target) of machine \(machine.name)") { connection throws(LibvirtError) in
            // Of a running machine QEMU knows better than the pool.
            if isActive, let info = try? connection.domain(uuid: uuid).blockInfo(target) { return info.capacityBytes }
            return try connection.volume(path: path).info().capacityBytes
        }
        guard wanted >= capacity else {
            throw RPCError(
                .failedPrecondition,
                "\(what) of machine \(machine.name) has \(capacity) bytes, and \(size) GiB are fewer; a disk is never made smaller")
        }
        return wanted == capacity ? nil : wanted
    }

    /// The one that the machine's mark has for it, with whatever is in it; else one to be made.
    private static func volume(
        _ disk: DiskSpec, _ desired: DesiredState, _ machine: Hypervisor.Machine, _ settings: LibvirtProviderSettings
    ) throws(RPCError) -> MachineMark.Volume {
        let marked = machine.mark?.volumes ?? []
        if let volume = marked.first(where: { $0.role == .data && $0.disk == disk.name }) { return volume }
        let format = try MachineRequest.format(disk, "desired_json.disks")
        let name = Names.volume(machine.name, machine.uuid, "disk-" + Names.file(disk.name ?? "data"), format)
        let pool = desired.placement?.datastore ?? marked.first { $0.role == .root }?.pool ?? settings.pool
        return MachineMark.Volume(role: .data, pool: pool, name: name, disk: disk.name)
    }

    // MARK: doing it

    private func setProcessors(_ count: Int, _ desired: DesiredState, _ machine: Hypervisor.Machine) async throws(RPCError) {
        let keepsMaximum =
            desired.vmClass?.performanceProfile?.cpuHotAddEnabled == true || machine.next.maximumVirtualCPUs > machine.next.virtualCPUs
        let maximum = keepsMaximum ? max(count, machine.next.maximumVirtualCPUs) : count
        let (wanted, now) = (UInt32(clamping: count), machine.now)
        try await hypervisor.act("give machine \(machine.name) \(count) processors") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: machine.uuid)
            let next = try Hypervisor.view(domain, .inactive)
            if maximum > next.maximumVirtualCPUs { try domain.setMaximumVirtualCPUs(UInt32(clamping: maximum)) }
            if next.virtualCPUs != count { try domain.setVirtualCPUs(wanted, .config) }
            if maximum < next.maximumVirtualCPUs { try domain.setMaximumVirtualCPUs(UInt32(clamping: maximum)) }
            guard machine.isActive, now.virtualCPUs != count, count <= now.maximumVirtualCPUs else { return }
            // What the guest does not take while it runs it gets when it is started next.
            try? domain.setVirtualCPUs(wanted, .live)
        }
    }

    private func setMemory(_ kibibytes: Int, _ desired: DesiredState, _ machine: Hypervisor.Machine) async throws(RPCError) {
        let keepsMaximum =
            desired.vmClass?.performanceProfile?.memoryHotAddEnabled == true || machine.next.maximumMemoryKiB > machine.next.memoryKiB
        let maximum = keepsMaximum ? max(kibibytes, machine.next.maximumMemoryKiB) : kibibytes
        let now = machine.now
        try await hypervisor.act("give machine \(machine.name) \(kibibytes >> 10) MiB") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: machine.uuid)
            let next = try Hypervisor.view(domain, .inactive)
            if maximum > next.maximumMemoryKiB { try domain.setMaximumMemory(kibibytes: UInt(clamping: maximum)) }
            if next.memoryKiB != kibibytes { try domain.setMemory(kibibytes: UInt(clamping: kibibytes), .config) }
            if maximum < next.maximumMemoryKiB { try domain.setMaximumMemory(kibibytes: UInt(clamping: maximum)) }
            guard machine.isActive, now.memoryKiB != kibibytes, kibibytes <= now.maximumMemoryKiB else { return }
            try? domain.setMemory(kibibytes: UInt(clamping: kibibytes), .live)
        }
    }

    private func grow(_ disk: MachineView.Disk, _ bytes: UInt64, _ machine: Hypervisor.Machine) async throws(RPCError) {
        guard let path = disk.path else { return }
        let (uuid, target, format) = (machine.uuid, disk.target, disk.format)
        try await hypervisor.act("make disk \(target) of machine \(machine.name) larger") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: uuid)
            if try domain.isActive() {
                try domain.resizeBlock(target, bytes: bytes)
            } else {
                let volume = try connection.volume(path: path)
                try DiskTrust.check(VolumeView(volume), ofMachine: format)
                try volume.resize(bytes: bytes)
            }
        }
    }

    private func add(_ addition: Addition, _ machine: Hypervisor.Machine, _ operation: OperationContext) async throws(RPCError) {
        let (volume, uuid) = (addition.volume, machine.uuid)
        let isThere = try await hypervisor.look("look for volume \(volume.name) of pool \(volume.pool)") {
            connection throws(LibvirtError) in
            try Storage.volume(Storage.filePool(connection, volume.pool), volume.name) != nil
        }
        if !isThere { try await noteMade(volume, operation) }
        try await hypervisor.act("add a disk to machine \(machine.name)") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: uuid)
            let isActive = try domain.isActive()
            let there = try Hypervisor.machine(domain)
            func has(_ view: MachineView) -> Bool { view.disks.contains { $0.path?.hasSuffix("/" + volume.name) == true } }
            let made = has(there.next) ? nil : try Self.volume(addition, isInUse: has(there.now), connection)
            // First, so that it is never nobody's.
            var mark = there.mark ?? MachineMark(operation: "", uuid: uuid)
            if !mark.lists(volume) { mark.volumes.append(volume) }
            if !there.isMarked(mark) { try domain.setMark(mark) }
            guard let made else { return }
            let used = Set((there.next.disks + there.now.disks).map(\.target))
            guard let target = (0..<200).lazy.map(MachineDesign.target).first(where: { !used.contains($0) }) else {
                throw LibvirtError(.invalidState, "the machine has no place for another disk")
            }
            let device = MachinePlan.Disk(
                target: target, path: made.path, format: addition.format, isBlock: made.isBlock, serial: volume.disk)
            // Both at once, or neither.
            try domain.attachDevice(device.xml, isActive ? [.live, .config] : .config)
        }
    }

    func noteMade(_ volume: MachineMark.Volume, _ operation: OperationContext) async throws(RPCError) {
        try await operation.note(Self.madeNote + volume.name, MachineMark.Volume.note([volume]))
    }

    /// The addition's volume: the one that is there, with what is in it, or a new one. None is ever made anew.
    private static func volume(
        _ addition: Addition, isInUse: Bool, _ connection: LibvirtConnection
    ) throws(LibvirtError) -> VolumeView {
        let pool = try Storage.filePool(connection, addition.volume.pool)
        guard let there = try Storage.volume(pool, addition.volume.name) else {
            let plan = Storage.VolumePlan(
                name: addition.volume.name, capacityBytes: addition.capacityBytes, format: addition.format)
            return try VolumeView(pool.createVolume(plan.xml))
        }
        let view = try VolumeView(there)
        try DiskTrust.check(view, ofMachine: addition.format)
        guard view.capacityBytes <= addition.capacityBytes else {
            throw LibvirtError(
                .invalidState,
                "its volume \(view.name) is there with \(view.capacityBytes) bytes, and \(addition.capacityBytes) are fewer; a disk is never made smaller"
            )
        }
        if view.capacityBytes < addition.capacityBytes, !isInUse { try there.resize(bytes: addition.capacityBytes) }
        return view
    }
}
