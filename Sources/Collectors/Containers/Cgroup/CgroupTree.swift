import Ownership
import Primitives

/// The control groups below a root, of version 2 or 1, and the containers among them.
struct CgroupTree {
    enum Version: Equatable { case one, two }

    /// A group that is a container or guest as a whole.
    struct Group: Equatable {
        /// Below the hierarchy, without a slash before it: `system.slice/docker-….scope`.
        let path: String
        let place: CgroupPlace
        /// One that the settings name, by its last part.
        let isNamedBySettings: Bool
    }

    let version: Version
    /// The folder of version 2, or that which has a folder for each controller of version 1.
    let top: String
    /// The folder of version 2 beside controllers of version 1, which has pressure.
    let unified: String?
    private let walked: String

    static let place = "/sys/fs/cgroup"
    private static let depthLimit = 16
    /// Of what root makes, and of all branches together.
    private static let folderLimit = 20_000
    private static let branchFolderLimit = 2_000
    private static let userContainerLimit = 100

    /// Nil when no hierarchy is mounted.
    init?(fileSystemRoot: String) {
        let top = fileSystemRoot + Self.place
        self.top = top
        if Files.exists(top + "/cgroup.controllers") {
            (version, unified, walked) = (.two, nil, top)
            return
        }
        version = .one
        unified = Files.exists(top + "/unified/cgroup.controllers") ? top + "/unified" : nil
        let controllers = ["memory", "pids", "cpuacct", "cpu,cpuacct", "systemd"]
        guard let controller = controllers.first(where: { Files.exists("\(top)/\($0)/.") }) else { return nil }
        walked = "\(top)/\(controller)"
    }

    struct Found {
        /// By path.
        var groups: [Group] = []
        /// There were more folders than anybody has in what root makes.
        var isCut = false
        /// What was left out of users' slices and of units, at least; by the slice or unit.
        var dropped: [String: Int] = [:]
    }

    /// A part of the tree that somebody else than root fills: a user's slice, or a unit.
    private struct Branch {
        var name: String
        var isUser = false
        var waiting: [(path: String, depth: Int)]
        /// How many of `waiting` were walked.
        var walked = 0
        var folders = 0
        var containers = 0
    }

    /// All containers and guests, the outermost only. What root makes is walked first, then branches by turns, each within bounds of its own,
    /// so that nobody's groups cost others theirs.
    ///
    /// - Parameter patterns: groups that count as containers too.
    func groups(_ patterns: [String]) -> Found {
        var found = Found()
        var branches: [Branch] = []
        var root = Branch(name: "", waiting: [("", 0)])
        while step(&root, Self.folderLimit, patterns, &found, &branches) {}
        found.isCut = found.dropped.removeValue(forKey: "") != nil
        var (total, isWalking) = (0, true)
        while isWalking {
            isWalking = false
            for index in branches.indices {
                let before = branches[index].folders
                let room = min(Self.branchFolderLimit - before, Self.folderLimit - total)
                var none: [Branch] = []
                if step(&branches[index], before + room, patterns, &found, &none) { isWalking = true }
                total += branches[index].folders - before
            }
        }
        found.groups.sort { $0.path < $1.path }
        return found
    }

    /// Walks the next folder of a branch; false when there is none.
    private func step(_ branch: inout Branch, _ limit: Int, _ patterns: [String], _ found: inout Found, _ branches: inout [Branch]) -> Bool
    {
        guard branch.walked < branch.waiting.count else { return false }
        let (path, depth) = branch.waiting[branch.walked]
        branch.walked += 1
        let room = max(0, limit - branch.folders)
        let names = Files.folders(in: path.isEmpty ? walked : "\(walked)/\(path)", limit: room + 1)
        for name in names.prefix(room) {
            branch.folders += 1
            let inner = path.isEmpty ? name : "\(path)/\(name)"
            let place = CgroupPlace(path: inner)
            switch place.kind {
            case .container, .lxc:
                guard !place.isMonitor else { continue }
                branch.containers += 1
                if branch.isUser, branch.containers > Self.userContainerLimit {
                    found.dropped[branch.name, default: 0] += 1
                } else {
                    found.groups.append(Group(path: inner, place: place, isNamedBySettings: false))
                }
            case .vm: break
            case .unit, .host:
                if patterns.contains(where: { Wildcard.matches(inner, $0) }) {
                    found.groups.append(Group(path: inner, place: place, isNamedBySettings: true))
                } else if depth + 1 < Self.depthLimit {
                    if branch.name.isEmpty, let other = Self.branch(inner, name, depth) {
                        branches.append(Branch(name: other.name, isUser: other.isUser, waiting: [(inner, depth + 1)]))
                    } else {
                        branch.waiting.append((inner, depth + 1))
                    }
                }
            }
        }
        guard names.count > room else { return true }
        // What is waiting has no room either.
        found.dropped[branch.name, default: 0] += 1
        branch.walked = branch.waiting.count
        return false
    }

    /// The branch that begins with a folder, if one does.
    private static func branch(_ path: String, _ name: String, _ depth: Int) -> (name: String, isUser: Bool)? {
        if depth == 1, path.hasPrefix("user.slice/") || path.hasPrefix("user/") {
            return name == "user-0.slice" || name == "root" ? nil : (name, true)
        }
        return name.hasSuffix(".service") || name.hasSuffix(".scope") ? (name, false) : nil
    }
}
