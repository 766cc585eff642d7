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

    func run(_ operation: OperationContext) async throws(RPCError) {
        let desired = try DesiredState.read(operation.read(ReconfigureRequest.self).desiredJSON)
        let uuid = operation.target
        let machine = try await hypervisor.machine(uuid)
        let changes = try await changes(desired, machine)
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
            case .add(let disk, let plan): try await add(disk, plan, machine)
            }
        }
    }

    /// What changed stays changed; a disk that was made and not attached goes.
    func undo(_ operation: OperationContext) async throws(RPCError) {
        let desired = try DesiredState.read(operation.read(ReconfigureRequest.self).desiredJSON)
        let (uuid, hypervisor) = (operation.target, hypervisor)
        let machine: Hypervisor.Machine
        do throws(RPCError) { machine = try await hypervisor.machine(uuid) } catch {
            guard error.code == .notFound else { throw error }
            return
        }
        for disk in desired.disks ?? [] where Self.volume(disk, machine) == nil {
            let pool = Self.pool(desired, machine, hypervisor.settings)
            let name = try Self.plan(disk, machine).name
            guard !machine.now.disks.contains(where: { $0.path?.hasSuffix("/" + name) == true }) else { continue }
            try await hypervisor.act("take back disk \(name)") { connection throws(LibvirtError) in
                _ = try Storage.remove(connection, pool: pool, volume: name)
            }
        }
    }

    // MARK: what is to be done

    enum Change: Sendable {
        case grow(MachineView.Disk, bytes: UInt64)
        case add(DiskSpec, pool: String)
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
        for (number, spec) in (desired.disks ?? []).enumerated() {
            try MachineRequest.check(spec, "desired_json.disks[\(number)]")
            let named = spec.name == nil ? DiskSpec(name: String(number + 1), sizeGiB: spec.sizeGiB, type: spec.type) : spec
            guard let volume = Self.volume(named, machine),
                let disk = machine.next.disks.first(where: { $0.path?.hasSuffix("/" + volume.name) == true })
            else {
                changes.append(.add(named, pool: Self.pool(desired, machine, hypervisor.settings)))
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

    private static func volume(_ disk: DiskSpec, _ machine: Hypervisor.Machine) -> MachineMark.Volume? {
        machine.next.mark?.volumes.first { $0.role == .data && $0.disk == disk.name }
    }

    private static func pool(_ desired: DesiredState, _ machine: Hypervisor.Machine, _ settings: LibvirtProviderSettings) -> String {
        desired.placement?.datastore ?? machine.next.mark?.volumes.first { $0.role == .root }?.pool ?? settings.pool
    }

    private static func plan(_ disk: DiskSpec, _ machine: Hypervisor.Machine) throws(RPCError) -> Storage.VolumePlan {
        let format = try MachineRequest.format(disk, "desired_json.disks")
        let name = Names.volume(machine.name, machine.uuid, "disk-" + Names.file(disk.name ?? "data"), format)
        return Storage.VolumePlan(name: name, capacityBytes: UInt64(disk.sizeGiB) << 30, format: format)
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
        let (uuid, target) = (machine.uuid, disk.target)
        try await hypervisor.act("make disk \(target) of machine \(machine.name) larger") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: uuid)
            if try domain.isActive() {
                try domain.resizeBlock(target, bytes: bytes)
            } else {
                try connection.volume(path: path).resize(bytes: bytes)
            }
        }
    }

    private func add(_ disk: DiskSpec, _ pool: String, _ machine: Hypervisor.Machine) async throws(RPCError) {
        let plan = try Self.plan(disk, machine)
        let uuid = machine.uuid
        try await hypervisor.act("add a disk to machine \(machine.name)") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: uuid)
            let isActive = try domain.isActive()
            let next = try Hypervisor.view(domain, .inactive)
            let now = isActive ? try Hypervisor.view(domain) : next
            func has(_ view: MachineView) -> Bool { view.disks.contains { $0.path?.hasSuffix("/" + plan.name) == true } }
            if !has(next) {
                let volume =
                    has(now)
                    ? try VolumeView(connection.pool(named: pool).volume(named: plan.name))
                    : try Storage.remake(connection, pool: pool, plan)
                let used = Set((next.disks + now.disks).map(\.target))
                guard let target = (0..<200).lazy.map(MachineDesign.target).first(where: { !used.contains($0) }) else {
                    throw LibvirtError(.invalidState, "the machine has no place for another disk")
                }
                let device = MachinePlan.Disk(
                    target: target, path: volume.path, format: plan.format, isBlock: volume.isBlock, serial: disk.name)
                // Both at once, or neither.
                try domain.attachDevice(device.xml, isActive ? [.live, .config] : .config)
            }
            var mark = next.mark ?? MachineMark(operation: "", uuid: uuid)
            guard !mark.volumes.contains(where: { $0.name == plan.name }) else { return }
            mark.volumes.append(MachineMark.Volume(role: .data, pool: pool, name: plan.name, disk: disk.name))
            try domain.setMark(mark)
        }
    }
}

extension LibvirtDomain {
    /// Writes the mark, for now and for the next start.
    func setMark(_ mark: MachineMark) throws(LibvirtError) {
        let isActive = try isActive()
        try setMetadata(mark.xml, prefix: MachineMark.prefix, namespace: MachineMark.namespace, .config)
        if isActive { try setMetadata(mark.xml, prefix: MachineMark.prefix, namespace: MachineMark.namespace, .live) }
    }
}
