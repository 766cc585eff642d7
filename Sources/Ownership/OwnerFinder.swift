import Primitives
import Synchronization

/// Finds whom a process belongs to, by its control groups and, for virtual machines, its command line.
///
/// Reads files of /proc: ask on a thread that may block, as a process that hangs in the kernel may hold up its `cmdline`.
package final class OwnerFinder: Sendable {
    package let machines: VMDirectory
    private let root: String
    private let engine: ContainerEngine?
    private let cache = Mutex<[Int: Entry]>([:])
    private let keptSeconds: Double
    private let trust: MachineTrust

    /// What was found of a process, but for names that somebody may change.
    private struct Entry {
        let startTicks: UInt64
        let identity: Identity
        let until: ContinuousClock.Instant
    }

    private struct Identity {
        var place: CgroupPlace
        var isKernelThread = false
        /// Of a VM.
        var machine: MachineArguments?
    }

    private static let cacheLimit = 4096

    /// - Parameter engine: what knows the names of containers; without one their ids stand for them.
    package convenience init(fileSystemRoot: String = "", engine: ContainerEngine? = nil) {
        self.init(fileSystemRoot: fileSystemRoot, engine: engine, machines: VMDirectory(fileSystemRoot: fileSystemRoot), keptSeconds: 60)
    }

    /// - Parameter keptSeconds: a process may be moved to another group after it was started.
    init(fileSystemRoot: String, engine: ContainerEngine?, machines: VMDirectory, keptSeconds: Double) {
        root = fileSystemRoot
        self.engine = engine
        self.machines = machines
        self.keptSeconds = keptSeconds
        trust = MachineTrust(fileSystemRoot: fileSystemRoot)
    }

    /// Nil when there is no such process (any more), or its groups cannot be read. Whoever asks has seen the process on a card, which is
    /// remembered of its owner.
    package func owner(ofProcess pid: Int) -> Owner? {
        guard let identity = identity(ofProcess: pid) else { return nil }
        engine?.cardUsers.note(identity.place)
        return named(identity)
    }

    private func identity(ofProcess pid: Int) -> Identity? {
        let files = ProcessFiles(fileSystemRoot: root, pid: pid)
        // A pid may go to another process between two of the files.
        for _ in 0..<3 {
            guard let before = files.status() else { return nil }
            let known = cache.withLock { cache in
                cache[pid].flatMap { $0.startTicks == before.startTicks && $0.until > .now ? $0.identity : nil }
            }
            if let known { return known }
            let identity = read(files, before)
            guard files.status()?.startTicks == before.startTicks else { continue }
            guard let identity else { return nil }
            remember(pid, Entry(startTicks: before.startTicks, identity: identity, until: .now.advanced(by: .seconds(keptSeconds))))
            return identity
        }
        return nil
    }

    private func read(_ files: ProcessFiles, _ status: ProcessStatus) -> Identity? {
        if status.isKernelThread { return Identity(place: .host, isKernelThread: true) }
        guard let paths = files.cgroupPaths() else { return nil }
        var identity = Identity(place: .best(paths.map { CgroupPlace(path: $0) }))
        switch identity.place.kind {
        case .vm: identity.machine = MachineArguments(files.arguments())
        // QEMU that root started by hand or from a unit is a VM all the same. What others write on their command lines is nobody's word.
        case .unit, .host:
            if let machine = MachineArguments(files.arguments()), trust.isBelieved(files) { identity.machine = machine }
        case .lxc, .container: break
        }
        return identity
    }

    private func remember(_ pid: Int, _ entry: Entry) {
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit, cache[pid] == nil {
                let now = ContinuousClock.now
                cache = cache.filter { $0.value.until > now }
                if cache.count >= Self.cacheLimit { cache.removeAll(keepingCapacity: true) }
            }
            cache[pid] = entry
        }
    }

    private func named(_ identity: Identity) -> Owner {
        if identity.isKernelThread { return .kernel }
        let place = identity.place
        switch place.kind {
        case .container: return Owner(.container, id: place.ownerID, name: containerName(place), inner: place.inner)
        case .lxc:
            let name = machines.container(vmid: place.id)?.name ?? ""
            return Owner(.lxc, id: place.id, name: name.isEmpty ? place.id : name, inner: place.inner)
        case .vm: return machine(identity.machine, place) ?? Owner(.vm, id: place.id, name: machineName(vmid: place.id) ?? place.id)
        case .unit: return machine(identity.machine, nil) ?? Owner(.unit, id: place.id, name: place.id)
        case .host: return machine(identity.machine, nil) ?? .host
        }
    }

    private func containerName(_ place: CgroupPlace) -> String {
        if let name = engine?.container(id: place.id, user: place.user)?.name, !name.isEmpty { return name }
        return CgroupPlace.shortContainerID(place.ownerID)
    }

    /// Of a QEMU that says enough of itself. Proxmox names a VM by its vmid; others by the UUID, as NVML does.
    private func machine(_ arguments: MachineArguments?, _ place: CgroupPlace?) -> Owner? {
        guard let arguments else { return nil }
        let vmid = place?.runtime == "proxmox" ? place?.id : arguments.vmid
        if let vmid { return Owner(.vm, id: vmid, name: machineName(vmid: vmid) ?? arguments.name ?? vmid) }
        guard let id = arguments.uuid ?? place?.id ?? arguments.name else { return nil }
        return Owner(.vm, id: id, name: arguments.name ?? place?.id ?? id)
    }

    /// The file goes before the command line, which keeps the name that the VM was started with.
    private func machineName(vmid: String) -> String? {
        machines.guest(vmid: vmid).flatMap { $0.name.isEmpty ? nil : $0.name }
    }
}

extension CgroupPlace {
    /// What `docker ps` shows: twelve digits, of a user's container behind the user. Names of systemd-nspawn stay as they are.
    package static func shortContainerID(_ id: String) -> String {
        guard id.hasPrefix("user@"), let slash = id.firstIndex(of: "/") else { return id.utf8.count == 64 ? String(id.prefix(12)) : id }
        let rest = id[id.index(after: slash)...]
        return rest.utf8.count == 64 ? String(id[...slash] + rest.prefix(12)) : id
    }
}
