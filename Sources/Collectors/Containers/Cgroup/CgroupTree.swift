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
    private static let folderLimit = 20_000

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

    /// All containers and guests, by path, the outermost only; `isCut` when there were more folders than anybody has.
    ///
    /// - Parameter patterns: groups that count as containers too.
    func groups(_ patterns: [String]) -> (groups: [Group], isCut: Bool) {
        var found: [Group] = []
        var waiting = [(path: "", depth: 0)]
        var count = 0
        while let (path, depth) = waiting.popLast() {
            for name in Files.folders(in: path.isEmpty ? walked : "\(walked)/\(path)", limit: Self.folderLimit) {
                count += 1
                guard count <= Self.folderLimit else { return (found.sorted { $0.path < $1.path }, true) }
                let inner = path.isEmpty ? name : "\(path)/\(name)"
                let place = CgroupPlace(path: inner)
                switch place.kind {
                case .container, .lxc:
                    if !place.isMonitor { found.append(Group(path: inner, place: place, isNamedBySettings: false)) }
                case .vm: break
                case .unit, .host:
                    if patterns.contains(where: { Wildcard.matches(inner, $0) }) {
                        found.append(Group(path: inner, place: place, isNamedBySettings: true))
                    } else if depth + 1 < Self.depthLimit {
                        waiting.append((inner, depth + 1))
                    }
                }
            }
        }
        return (found.sorted { $0.path < $1.path }, false)
    }
}
