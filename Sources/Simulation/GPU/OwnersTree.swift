import Glibc
import Primitives
import Synchronization

/// The small part of `/proc`, `/sys/fs/cgroup` and `/etc/pve` in which it is found who works on the cards.
final class OwnersTree: Sendable {
    /// A process as `/proc` shows it.
    struct Process {
        let pid: Int
        let cgroup: String
        let arguments: [String]
        /// Seconds since the world's epoch.
        let startedAt: Double
        /// Bytes over its network card, if it has a network of its own.
        var received: Int?
    }

    let root: String
    /// What was written last, below the root, so that what is no more is removed.
    private let written = Mutex(Set<String>())
    private let folders = Mutex(Set<String>())

    /// What was written is listed there, so that what an earlier run left goes too.
    private var list: String { "\(root)/written" }

    /// - Parameter root: an absolute path.
    init(root: String) {
        self.root = root
        let earlier = (try? Files.read(list)).map { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) } ?? []
        written.withLock { $0 = Set(earlier.filter { !$0.hasPrefix("/") && !$0.split(separator: "/").contains("..") }) }
    }

    /// Ticks of the kernel's clock in a second.
    private static let ticks = 100.0

    /// Errors: a folder that cannot be written.
    func write(_ cards: GPUWorld, at moment: Double) throws(Failure) {
        // Others could put links there between two looks.
        if Files.exists(root), !Files.isOurs(root) {
            throw Failure(.environment, "\(root) belongs to somebody else, or everybody may write there: take a folder of your own")
        }
        var files = TenantFiles(cards: cards, moment: moment).files
        let bootedAt = cards.plan.cards.map(\.loadedAt).min() ?? 0
        for process in TenantFiles.processes(of: cards, at: moment) {
            let folder = "proc/\(process.pid)"
            files["\(folder)/cgroup"] = "0::\(process.cgroup)\n"
            files["\(folder)/cmdline"] = process.arguments.map { $0 + "\0" }.joined()
            files["\(folder)/stat"] = Self.stat(process, bootedAt: bootedAt)
            files["\(folder)/net/dev"] = Self.network(process.received ?? 0)
        }
        files["proc/1/net/dev"] = Self.network(0)
        files["proc/1/stat"] = "1 (systemd) S 0 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0\n"
        files["proc/1/cgroup"] = "0::/init.scope\n"
        files["proc/1/cmdline"] = "/sbin/init\0"
        let machine = MachineFiles(world: cards.world, at: moment)
        files.merge(machine.files) { $1 }
        files["proc/stat"] = machine.processors + "btime \(Int(cards.world.timeline.epoch + bootedAt))\nprocesses 4212\n"
        files["sys/fs/cgroup/cgroup.controllers"] = "cpuset cpu io memory hugetlb pids rdma misc\n"
        let paths = Set(files.keys)
        let earlier = written.withLock { written in
            defer { written = paths }
            return written
        }
        // Both first: a crash on the way leaves no file that nobody knows.
        if earlier != paths { try put(earlier.union(paths).sorted().joined(separator: "\n"), at: "written") }
        for (path, text) in files { try put(text, at: path) }
        let gone = earlier.subtracting(paths)
        // The deepest first, so that folders are empty when their turn comes.
        for path in gone.sorted(by: { $0.count { $0 == "/" } > $1.count { $0 == "/" } }) {
            let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
            // The list is a file, and may name what is not ours to remove.
            guard isPlain(folder) else { continue }
            Files.remove("\(root)/\(path)")
            if !folder.isEmpty { rmdir("\(root)/\(folder)") }
        }
        if !gone.isEmpty { folders.withLock { $0 = [] } }
    }

    private func put(_ text: String, at path: String) throws(Failure) {
        let whole = "\(root)/\(path)"
        if let end = whole.lastIndex(of: "/") {
            let folder = String(whole[..<end])
            if folders.withLock({ $0.insert(folder).inserted }) {
                try Self.makeDirectories(folder)
                guard isPlain(String(folder.dropFirst(root.count + 1))) else {
                    throw Failure(.environment, "\(folder) leads out of \(root): there is a link on the way")
                }
            }
        }
        try Files.write(Array(text.utf8), to: whole)
    }

    /// Whether a folder below the root is reached without a link.
    private func isPlain(_ folder: String) -> Bool {
        var place = root
        for part in folder.split(separator: "/") {
            place += "/" + part
            if Files.linkTarget(place) != nil { return false }
        }
        return true
    }

    private static func makeDirectories(_ path: String) throws(Failure) {
        var place = ""
        for part in path.split(separator: "/") {
            place += "/" + part
            if !Files.exists(place) { try Files.makeDirectory(place) }
        }
    }

    /// Field 22 is when it began, in ticks since the start of the machine.
    private static func stat(_ process: Process, bootedAt: Double) -> String {
        let name = process.arguments.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? ""
        let start = Int(max(0, process.startedAt - bootedAt) * ticks)
        let comm = String(name.prefix(15))
        return "\(process.pid) (\(comm)) S 1 \(process.pid) \(process.pid) 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 12 0 \(start) 0 0\n"
    }

    private static func network(_ received: Int) -> String {
        func line(_ name: String, _ received: Int, _ sent: Int) -> String {
            "\(name): \(received) \(received / 900) 0 0 0 0 0 0 \(sent) \(sent / 900) 0 0 0 0 0 0\n"
        }
        return """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed

            """ + line("    lo", 0, 0) + line("  eth0", received, received * 3)
    }
}
