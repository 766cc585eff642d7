import CollectorConformance
import Glibc
import Testing

@testable import Ownership

@Suite struct OwnerFinderTests {
    private static let id = CgroupPlaceTests.id

    /// A process as /proc shows it.
    private static func process(
        _ folder: TemporaryFolder, _ pid: Int, cgroup: String?, arguments: [String] = ["/bin/server"], start: Int = 100,
        flags: Int = 4_194_560,
        command: String = "server", users: [Int] = [0, 0, 0, 0]
    ) throws {
        let numbers = users.map(String.init).joined(separator: "\t")
        try folder.write("proc/\(pid)/status", "Name:\t\(command)\nUmask:\t0022\nUid:\t\(numbers)\nGid:\t0\t0\t0\t0\n")
        let status = "\(pid) (\(command)) S 1 \(pid) \(pid) 0 -1 \(flags) 120 0 0 0 5 3 0 0 20 0 1 0 \(start) 4096 64 1844674407 1 1\n"
        try folder.write("proc/\(pid)/stat", status)
        try folder.write("proc/\(pid)/cmdline", arguments.map { $0 + "\0" }.joined())
        if let cgroup { try folder.write("proc/\(pid)/cgroup", cgroup) }
    }

    private static func finder(_ folder: TemporaryFolder, kept: Double = 60) -> OwnerFinder {
        let machines = VMDirectory(fileSystemRoot: folder.path, keptSeconds: 0, missSeconds: 0)
        return OwnerFinder(fileSystemRoot: folder.path, engine: nil, machines: machines, keptSeconds: kept)
    }

    @Test func `a container of Podman on version 1`() throws {
        let folder = try TemporaryFolder()
        let group = "/libpod_parent/libpod-\(Self.id)"
        // As this kernel shows it, with version 2 beside.
        let lines = ["9:name=systemd", "8:pids", "4:memory", "2:cpuacct", "1:cpu"].map { "\($0):\(group)\n" }.joined()
        try Self.process(folder, 10, cgroup: lines + "0::/\n")
        let owner = Self.finder(folder).owner(ofProcess: 10)
        #expect(owner == Owner(.container, id: Self.id, name: "f45d1efb6a97"))
    }

    @Test func `a guest of Proxmox by its file, its command line, its vmid`() throws {
        let folder = try TemporaryFolder()
        let arguments = ["/usr/bin/kvm", "-id", "101", "-name", "started-as,debug-threads=on", "-uuid", "x"]
        try Self.process(folder, 10, cgroup: "0::/qemu.slice/101.scope\n", arguments: arguments)
        let finder = Self.finder(folder)
        #expect(finder.owner(ofProcess: 10) == Owner(.vm, id: "101", name: "started-as"))
        try folder.write("etc/pve/qemu-server/101.conf", "name: renamed\n")
        #expect(finder.owner(ofProcess: 10)?.name == "renamed")
        try Self.process(folder, 11, cgroup: "0::/qemu.slice/102.scope\n", arguments: [])
        #expect(finder.owner(ofProcess: 11) == Owner(.vm, id: "102", name: "102"))
    }

    @Test func `libvirt's by the UUID, as NVML names it`() throws {
        let folder = try TemporaryFolder()
        try Self.process(
            folder, 10, cgroup: "0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator\n",
            arguments: ["/usr/bin/qemu-system-x86_64", "-name", "guest=web one,debug-threads=on", "-uuid", "AA-BB"])
        #expect(Self.finder(folder).owner(ofProcess: 10) == Owner(.vm, id: "aa-bb", name: "web one"))
    }

    @Test func `QEMU that somebody started from a session or a unit`() throws {
        let folder = try TemporaryFolder()
        try Self.process(
            folder, 10, cgroup: "0::/user.slice/user-0.slice/session-1.scope\n", arguments: ["qemu-system-aarch64", "-name", "trial"])
        try Self.process(folder, 11, cgroup: "0::/\n", arguments: ["kvm", "-id", "7"])
        let finder = Self.finder(folder)
        #expect(finder.owner(ofProcess: 10) == Owner(.vm, id: "trial", name: "trial"))
        #expect(finder.owner(ofProcess: 11) == Owner(.vm, id: "7", name: "7"))
    }

    @Test func `a command line is nobody's word but root's and QEMU's`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "etc/passwd", "root:x:0:0::/root:/bin/sh\nlibvirt-qemu:x:64055:108::/:/bin/false\nmallory:x:1000:1000::/:/bin/sh\n")
        try folder.write("etc/pve/qemu-server/100.conf", "name: prod-db\n")
        let arguments = ["/usr/bin/kvm", "-id", "100", "-name", "prod-db"]
        // A user; one who runs a program of root's under that name; a name of a program that only looks so; no word of the user at all.
        try Self.process(folder, 10, cgroup: "0::/system.slice/a.service\n", arguments: arguments, users: [65534, 65534, 65534, 65534])
        try Self.process(folder, 11, cgroup: "0::/\n", arguments: arguments, users: [1000, 0, 0, 0])
        try Self.process(folder, 12, cgroup: "0::/\n", arguments: arguments)
        try #require(symlink("/usr/bin/python3", "\(folder.path)/proc/12/exe") == 0)
        try Self.process(folder, 13, cgroup: "0::/\n", arguments: arguments)
        remove("\(folder.path)/proc/13/status")
        // Libvirt's, and root's of an older version that was upgraded since.
        try Self.process(folder, 20, cgroup: "0::/\n", arguments: arguments, users: [64055, 64055, 64055, 64055])
        try Self.process(folder, 21, cgroup: "0::/\n", arguments: arguments)
        try #require(symlink("/usr/bin/qemu-system-x86_64 (deleted)", "\(folder.path)/proc/21/exe") == 0)
        let finder = Self.finder(folder)
        #expect(finder.owner(ofProcess: 10) == Owner(.unit, id: "a.service", name: "a.service"))
        for pid in 11...13 { #expect(finder.owner(ofProcess: pid) == .host) }
        for pid in 20...21 { #expect(finder.owner(ofProcess: pid) == Owner(.vm, id: "100", name: "prod-db")) }
    }

    @Test func `who was seen on a card is remembered with whose it is`() throws {
        let folder = try TemporaryFolder()
        let engine = ContainerEngine(sockets: [])
        try Self.process(folder, 10, cgroup: "0::/user.slice/user-1000.slice/user@1000.service/docker-\(Self.id).scope\n")
        let finder = OwnerFinder(fileSystemRoot: folder.path, engine: engine)
        #expect(engine.cardUsers.isEmpty)
        #expect(finder.owner(ofProcess: 10) == Owner(.container, id: "user@1000/\(Self.id)", name: "user@1000/f45d1efb6a97"))
        #expect(engine.cardUsers.contains(CgroupPlace(path: "/user.slice/user-1000.slice/x.service/docker-\(Self.id).scope")))
        #expect(!engine.cardUsers.contains(CgroupPlace(path: "/docker/\(Self.id)")))
    }

    @Test func `there is an end to who is remembered`() {
        let users = CardUsers()
        let path = { (number: Int) in "/system.slice/unit\(number).service" }
        for number in 0..<(2 * CardUsers.limit) { users.note(CgroupPlace(path: path(number))) }
        #expect(users.count <= CardUsers.limit)
        #expect(users.contains(CgroupPlace(path: path(2 * CardUsers.limit - 1))))
    }

    @Test func `LXC, also what runs in a container in it`() throws {
        let folder = try TemporaryFolder()
        try folder.write("etc/pve/lxc/204.conf", "hostname: llm\n")
        try Self.process(folder, 10, cgroup: "0::/lxc/204/ns/system.slice/docker-\(Self.id).scope\n")
        try Self.process(folder, 11, cgroup: "12:memory:/lxc/205/ns\n1:name=systemd:/lxc/205/ns/init.scope\n")
        let finder = Self.finder(folder)
        #expect(finder.owner(ofProcess: 10) == Owner(.lxc, id: "204", name: "llm", inner: "f45d1efb6a97"))
        #expect(finder.owner(ofProcess: 11)?.id == "205")
        #expect(finder.owner(ofProcess: 11)?.name == "205")
    }

    @Test func `units, the machine and its kernel`() throws {
        let folder = try TemporaryFolder()
        try Self.process(folder, 10, cgroup: "0::/system.slice/ollama.service\n")
        try Self.process(folder, 11, cgroup: "0::/\n")
        // PF_KTHREAD, in the root group like all of the kernel's.
        try Self.process(folder, 12, cgroup: "0::/\n", arguments: [], flags: 2_129_984, command: "nv_queue (x) y")
        let finder = Self.finder(folder)
        #expect(finder.owner(ofProcess: 10) == Owner(.unit, id: "ollama.service", name: "ollama.service"))
        #expect(finder.owner(ofProcess: 11) == .host)
        #expect(finder.owner(ofProcess: 12) == .kernel)
    }

    @Test func `who is gone has no owner, and a pid that is used again has another`() throws {
        let folder = try TemporaryFolder()
        let finder = Self.finder(folder)
        #expect(finder.owner(ofProcess: 10) == nil)
        try Self.process(folder, 10, cgroup: "0::/system.slice/a.service\n", start: 100)
        #expect(finder.owner(ofProcess: 10)?.id == "a.service")
        // Within the time that an answer is kept, the same process is not read again, and another one is.
        try folder.write("proc/10/cgroup", "0::/system.slice/moved.service\n")
        #expect(finder.owner(ofProcess: 10)?.id == "a.service")
        try Self.process(folder, 10, cgroup: "0::/system.slice/b.service\n", start: 200)
        #expect(finder.owner(ofProcess: 10)?.id == "b.service")
        remove(folder.path + "/proc/10/stat")
        #expect(finder.owner(ofProcess: 10) == nil)
    }

    @Test func `a process that is moved is followed after a while`() throws {
        let folder = try TemporaryFolder()
        let finder = Self.finder(folder, kept: 0)
        try Self.process(folder, 10, cgroup: "0::/system.slice/docker.service\n")
        #expect(finder.owner(ofProcess: 10)?.kind == .unit)
        try folder.write("proc/10/cgroup", "0::/system.slice/docker-\(Self.id).scope\n")
        #expect(finder.owner(ofProcess: 10)?.kind == .container)
    }

    @Test func `groups that cannot be read are no host's`() throws {
        let folder = try TemporaryFolder()
        try Self.process(folder, 10, cgroup: nil)
        try Self.process(folder, 11, cgroup: "")
        try Self.process(folder, 12, cgroup: "no line of this kind\n")
        try folder.write("proc/13/stat", "13 (broken")
        let finder = Self.finder(folder)
        for pid in 10...13 { #expect(finder.owner(ofProcess: pid) == nil) }
    }

    @Test func `hostile names are cut on one line`() throws {
        let folder = try TemporaryFolder()
        let name = String(repeating: "ü", count: 500)
        try Self.process(folder, 10, cgroup: "0::/qemu.slice/1.scope\n", arguments: ["kvm", "-id", "1", "-name", name + "\n\u{1B}[2J"])
        try Self.process(folder, 11, cgroup: "0::/system.slice/a\tb\u{7F}\(name).service\n")
        let finder = Self.finder(folder)
        #expect(finder.owner(ofProcess: 10)?.name == String(repeating: "ü", count: 64))
        let unit = finder.owner(ofProcess: 11)
        #expect(unit?.name.hasPrefix("a b ü") == true)
        #expect(unit?.id.utf8.count ?? 0 <= 128)
    }

    @Test func `more processes than are remembered`() throws {
        let folder = try TemporaryFolder()
        let finder = Self.finder(folder)
        for pid in 1...4200 { try Self.process(folder, pid, cgroup: "0::/system.slice/u\(pid % 7).service\n") }
        for pid in 1...4200 { #expect(finder.owner(ofProcess: pid)?.id == "u\(pid % 7).service") }
    }

    @Test func `this process has an owner`() {
        #expect(OwnerFinder().owner(ofProcess: Int(getpid())) != nil)
    }
}
