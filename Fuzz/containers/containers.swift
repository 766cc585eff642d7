@testable import ContainerCollector
import FuzzSupport
import Glibc
@testable import Metrics
@testable import Ownership
import Primitives

// What the kernel, Proxmox and a container engine say of groups, processes, guests and containers.

private struct Families {
    var catalogue = Catalogue()
    let own: ContainerFamilies
    let compatible: CAdvisorFamilies

    init() {
        own = ContainerFamilies(&catalogue, shownLabels: ["team"])
        compatible = CAdvisorFamilies(&catalogue)
    }
}

private let families = Families()
/// Made once, as it takes longer than reading an input.
private let table = try? FamilyTable([families.catalogue], textOnly: true)
private let folder = Folder()

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    switch input.choice % 12 {
    case 0: group(input.bytes, version: .one)
    case 1, 2: group(input.bytes, version: .two)
    case 3: owner(cgroup: input.bytes, arguments: Array("/usr/bin/kvm\0-id\0101\0-name\0web01\0".utf8))
    case 4: owner(cgroup: Array("0::/qemu.slice/101.scope\n".utf8), arguments: input.bytes)
    case 5: status(input.bytes)
    case 6: network(input.bytes)
    case 7: guests(input.bytes)
    case 8: place(input.text)
    case 9: inspections(input.bytes)
    case 10: lists(input.bytes)
    default: events(input.bytes, pieceBytes: 1 + Int(input.choice / 12))
    }
    return 0
}

// MARK: files

/// A tree of /proc, /sys and /etc of which every file that a test fills is one in memory.
private struct Folder {
    let path: String
    let text = UnlinkedFile()
    let arguments = UnlinkedFile()
    let status = UnlinkedFile()

    static let groups = ["memory", "cpu,cpuacct", "blkio", "pids", "freezer"]

    init() {
        var name = Array("/tmp/martlet-fuzz-tree-XXXXXX".utf8CString)
        mkdtemp(&name)
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let two = [
            "cpu.stat", "cpu.max", "memory.current", "memory.max", "memory.swap.current", "memory.peak", "memory.stat", "memory.events",
        ]
        let both = [
            "io.stat", "pids.current", "pids.max", "cgroup.events", "cgroup.procs", "cpu.pressure", "memory.pressure", "io.pressure",
        ]
        for file in two + both { link("two/group/\(file)", text) }
        let one = [
            "cpuacct.usage", "cpuacct.stat", "cpu.stat", "cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.shares", "memory.usage_in_bytes",
            "memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.stat", "memory.oom_control", "pids.current", "pids.max",
            "freezer.state", "cgroup.procs", "blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_serviced_recursive",
        ]
        for group in Self.groups { for file in one { link("one/sys/fs/cgroup/\(group)/group/\(file)", text) } }
        link("two/cgroup.controllers", text)
        link("root/proc/7/cgroup", text)
        link("root/proc/7/net/dev", text)
        link("root/proc/7/cmdline", arguments)
        link("root/proc/7/stat", status)
        for file in ["qemu-server/101.conf", "qemu-server/102.conf", "lxc/103.conf"] { link("root/etc/pve/\(file)", text) }
        link("root/etc/libvirt/qemu/a.xml", text)
    }

    /// Two hierarchies have the same place below their roots.
    var one: CgroupTree? { CgroupTree(fileSystemRoot: path + "/one") }
    var two: CgroupTree? { CgroupTree(fileSystemRoot: path + "/new") }
    var root: String { path + "/root" }

    private func link(_ place: String, _ file: UnlinkedFile) {
        let whole = "\(path)/\(place.hasPrefix("two/") ? "new/sys/fs/cgroup/" + place.dropFirst(4) : place)"
        var made = ""
        for part in whole.split(separator: "/").dropLast() {
            made += "/\(part)"
            mkdir(made, 0o700)
        }
        demand(symlink(file.path, whole) == 0, "the tree can be made")
    }
}

private func group(_ bytes: [UInt8], version: CgroupTree.Version) {
    folder.text.hold(bytes)
    guard let tree = version == .one ? folder.one : folder.two else { return demand(false, "there is a tree") }
    demand(tree.version == version, "of its version")
    let figures = CgroupReader(tree: tree, files: KernelFileReader()).figures("group", wantsFine: true)
    demand(figures.cpuLimit.map { $0 >= 0 } ?? true, "a limit is a number")
    demand(figures.processes ?? 0 >= 0 && figures.firstProcess ?? 1 > 0, "processes can be counted")
    var reading = ContainerReading(container("group", id: "group"))
    reading.figures = figures
    var devices = BlockDevices(fileSystemRoot: folder.root)
    reading.devices = figures.devices.map { devices.addable($0) }
    demandSound([reading])
}

private func network(_ bytes: [UInt8]) {
    folder.text.hold(bytes)
    guard let found = NetworkReader(fileSystemRoot: folder.root, files: KernelFileReader()).read(ofProcess: 7, isOwn: true) else { return }
    demand(found.interfaces.count <= 256, "interfaces are few")
    var reading = ContainerReading(container("group", id: "group"))
    reading.figures = CgroupFigures()
    reading.network = found.outward
    demandSound([reading])
}

private func status(_ bytes: [UInt8]) {
    guard let status = ProcessStatus(parsing: bytes) else { return }
    folder.status.hold(bytes)
    demand(ProcessFiles(fileSystemRoot: folder.root, pid: 7).status() == status, "a file says what its bytes say")
}

// MARK: owners

private func owner(cgroup: [UInt8], arguments: [UInt8]) {
    folder.text.hold(cgroup)
    folder.arguments.hold(arguments)
    folder.status.hold(Array("7 (a b) S 1 1 1 0 -1 4194560 1 0 0 0 5 3 0 0 20 0 1 0 100 4096 64 1 1 1\n".utf8))
    let machines = VMDirectory(fileSystemRoot: "/nonexistent")
    let finder = OwnerFinder(fileSystemRoot: folder.root, engine: nil, machines: machines, keptSeconds: 60)
    guard let owner = finder.owner(ofProcess: 7) else { return }
    demand(finder.owner(ofProcess: 7) == owner, "who is asked for twice is the same")
    demand(!owner.name.isEmpty, "an owner has a name")
    for text in [owner.id, owner.name, owner.inner] { demandShort(text) }
}

private func place(_ path: String) {
    let place = CgroupPlace(path: path)
    demand(place.depth <= path.utf8.filter { $0 == 0x2F }.count + 1, "a group is in its path: \(place)")
    demand((place.kind == .host) == place.id.isEmpty, "who is not the host has an id: \(place)")
    demand((place.kind == .host) == (place.depth == 0), "and a group: \(place)")
    let parts = path.split(separator: "/").prefix(place.depth)
    // What is inside a group changes nothing but what is said of the inside.
    let outer = CgroupPlace(path: parts.joined(separator: "/"))
    demand(
        outer.kind == place.kind && outer.id == place.id && outer.depth == place.depth, "the group alone is the same: \(place), \(outer)")
}

private func guests(_ bytes: [UInt8]) {
    folder.text.hold(bytes)
    let machines = VMDirectory(fileSystemRoot: folder.root, keptSeconds: 60, missSeconds: 60)
    for guest in [machines.guest(vmid: "101"), machines.container(vmid: "103")] {
        guard let guest else { return demand(false, "a guest that has a file is there") }
        for text in [guest.id, guest.name, guest.uuid] + guest.gpus { demandShort(text) }
        if !guest.uuid.isEmpty, let found = machines.guest(uuid: guest.uuid) {
            // Two have the same file: they cannot be told apart.
            demand(!["101", "102"].contains(found.id) || found.uuid != guest.uuid, "a UUID leads to one guest: \(found)")
        }
    }
}

private func demandShort(_ text: String) {
    demand(text.utf8.count <= 128, "a name is short")
    demand(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, "a name is one line: \(text.debugDescription)")
}

// MARK: the engine

private func inspections(_ bytes: [UInt8]) {
    var book = EngineBook()
    // One after the other, as lines.
    for line in bytes.split(separator: 0x0A).prefix(16) {
        let found: EngineContainer
        switch EngineRequests.inspection(in: Array(line), ["team"]) {
        case .told(let container): found = container
        case .gone: continue
        case .untold(let failure), .silent(let failure):
            demandFitForTerminal("\(failure)")
            continue
        }
        demand(EngineContainer.isID(found.id) && found.gpus.count <= 64 && found.restartCount >= 0, "a container is one: \(found)")
        for moment in [found.startedAt, found.finishedAt] { demand(moment?.isFinite ?? true, "a moment is one") }
        if let event = EngineEvent(line: Array(#"{"Action":"start","id":"\#(found.id)"}"#.utf8)) { _ = book.take(event) }
        book.take(found, now: 1_795_320_000)
    }
    let machines = VMDirectory(fileSystemRoot: "/nonexistent")
    for isAnswering in [true, false] {
        let shown = book.shown(now: 1_795_320_000)
        let tree = shown.prefix(2).map { container in
            CgroupTree.Group(
                path: "system.slice/docker-\(container.id).scope", place: CgroupPlace(path: "system.slice/docker-\(container.id).scope"),
                isNamedBySettings: false)
        }
        let census = Census(groups: tree, engine: shown, product: "docker", user: "", isAnswering: isAnswering, machines: machines)
        demand(Set(census.containers.map(\.name)).count == census.containers.count, "no two containers have one name")
        let memory = ContainerMemory()
        demandSound(
            census.containers.map { container in
                var reading = ContainerReading(container)
                reading.isAnswering = isAnswering
                if container.group != nil { reading.figures = CgroupFigures(memoryUsage: 1) }
                reading.startTime = container.engine?.startedAt
                reading.oomKills = memory.oomKills(container, counted: 1)
                return reading
            })
    }
}

private func lists(_ bytes: [UInt8]) {
    do throws(Failure) {
        let about = try EngineRequests.about(bytes)
        demandShort(about.version)
        let listed = try EngineRequests.list(bytes, limit: 20)
        demand(listed.count <= 20 && listed.allSatisfy { EngineContainer.isID($0.id) }, "a list is short")
        var book = EngineBook()
        demand(Set(book.take(list: listed, now: 1)).isSubset(of: listed.map(\.id)), "who is listed is inspected")
    } catch {
        demandFitForTerminal("\(error)")
    }
}

private func events(_ bytes: [UInt8], pieceBytes: Int) {
    var whole = LineSplitter()
    var parts = LineSplitter()
    let lines = whole.take(bytes)
    var found: [[UInt8]] = []
    for first in stride(from: 0, to: bytes.count, by: pieceBytes) {
        found += parts.take(bytes[first..<min(first + pieceBytes, bytes.count)])
    }
    demand(found == lines, "pieces of \(pieceBytes) bytes give the same lines")
    var book = EngineBook()
    for line in lines + [bytes] {
        guard let event = EngineEvent(line: line) else { continue }
        demand(EngineContainer.isID(event.id) && event.action.count <= 32, "an event is one: \(event)")
        demandShort(event.name)
        _ = book.take(event)
    }
}

// MARK: what is drawn

private func container(_ name: String, id: String) -> Census.Container {
    Census.Container(
        name: name, id: id, user: "", runtime: "cgroup", image: "",
        group: CgroupTree.Group(path: "group", place: CgroupPlace(path: "group"), isNamedBySettings: true), engine: nil, gpus: [])
}

/// What is written of them is a sound exposition.
private func demandSound(_ readings: [ContainerReading]) {
    guard let table else { return demand(false, "the catalogue is one") }
    var samples = FamilySamples(SampleBuffer(part: "containers"), families.catalogue, .all)
    for reading in readings { families.own.write(reading, into: &samples) }
    var devices = BlockDevices(fileSystemRoot: folder.root)
    families.compatible.write(readings, now: 1_795_320_000, &devices, into: &samples)
    let (buffer, dropped, droppedOfUsers) = samples.finish(limit: 1_000_000)
    demand(dropped.isEmpty && droppedOfUsers.isEmpty, "there is room")
    demandSound(Exposition(table, [[buffer]]))
}
