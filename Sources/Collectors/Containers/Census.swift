import Ownership
import Primitives

/// All containers at a moment: groups of the kernel and the engine's word about them, put together.
struct Census {
    struct Container {
        /// What it is called, unlike any other.
        var name: String
        /// 64 digits, of a user's behind `user@1000/`; of a guest its vmid or name, of a group that the settings name its path.
        let id: String
        /// The number of the user whose container it is; empty for the machine's.
        let user: String
        /// docker, podman, containerd, cri-o, nspawn, lxc, or cgroup for one that the settings name.
        let runtime: String
        let image: String
        /// Nil when it has none: it does not run.
        let group: CgroupTree.Group?
        /// The engine's word, as old as it may be.
        let engine: EngineContainer?
        /// Cards that it was given; nil when nobody says.
        let gpus: [String]?
    }

    /// The machine's by name, then those of users by turns, so that none of them stands behind all of another's.
    let containers: [Container]

    /// - Parameter engine: containers of the machine's engine, or of a user's.
    /// - Parameter user: whose engine it is.
    /// - Parameter isAnswering: whether the engine answers now; if not, what does not run is not shown.
    init(
        groups: [CgroupTree.Group], engine: [EngineContainer], product: String, user: String, isAnswering: Bool, machines: VMDirectory
    ) {
        let byID = Dictionary(engine.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        var all: [Container] = []
        for group in groups {
            let id = group.isNamedBySettings ? group.path : group.place.ownerID
            // Two groups of one container are its own and one of its runtime; the outer one comes first.
            guard seen.insert("\(group.isNamedBySettings) \(group.place.kind) \(id)").inserted else { continue }
            let known = group.place.kind == .container && group.place.user == user ? byID[group.place.id] : nil
            all.append(Self.container(group, id, known, product, machines))
        }
        if isAnswering {
            let whose = user.isEmpty ? "" : "user@\(user)/"
            for container in engine where seen.insert("false container \(whose)\(container.id)").inserted {
                all.append(
                    Container(
                        name: container.name, id: whose + container.id, user: user, runtime: product, image: container.image, group: nil,
                        engine: container,
                        gpus: container.gpus))
            }
        }
        containers = Self.byTurns(Self.distinct(all))
    }

    private static func container(
        _ group: CgroupTree.Group, _ id: String, _ engine: EngineContainer?, _ product: String, _ machines: VMDirectory
    ) -> Container {
        func made(_ name: String, _ runtime: String, image: String = "", gpus: [String]? = nil) -> Container {
            Container(
                name: shortLine(name), id: shortLine(id, limit: 256), user: group.place.user, runtime: runtime, image: image, group: group,
                engine: engine,
                gpus: gpus)
        }
        if group.isNamedBySettings {
            let last = group.path.split(separator: "/").last.map(String.init) ?? group.path
            return made(last.hasSuffix(".service") ? String(last.dropLast(".service".count)) : last, "cgroup")
        }
        if group.place.kind == .lxc {
            let guest = machines.container(vmid: id)
            return made(guest.flatMap { $0.name.isEmpty ? nil : $0.name } ?? id, "lxc", gpus: guest?.gpus)
        }
        let runtime = group.place.runtime.isEmpty ? (engine == nil ? "" : product) : group.place.runtime
        guard let engine else { return made(CgroupPlace.shortContainerID(id), runtime) }
        let name = engine.name.isEmpty ? CgroupPlace.shortContainerID(id) : engine.name
        return made(name, runtime, image: engine.image, gpus: engine.gpus)
    }

    /// By name. Of several of one name the machine's keeps it, and of these the engine's, as no other of its own has it; the others get their
    /// id behind it.
    private static func distinct(_ all: [Container]) -> [Container] {
        func rank(_ container: Container) -> Int { (container.user.isEmpty ? 0 : 2) + (container.engine == nil ? 1 : 0) }
        // All of the machine's first: a user may also choose what another's name would become.
        var all = all.sorted { ($0.user.isEmpty ? 0 : 1, $0.name, rank($0), $0.id) < ($1.user.isEmpty ? 0 : 1, $1.name, rank($1), $1.id) }
        var taken: Set<String> = []
        for index in all.indices where !taken.insert(all[index].name).inserted {
            all[index].name = shortLine("\(all[index].name) (\(CgroupPlace.shortContainerID(all[index].id)))", limit: 256)
            // Hostile names may look like that, too.
            if !taken.insert(all[index].name).inserted {
                all[index].name = "\(shortLine(all[index].id, limit: 200)) \(index)"
                taken.insert(all[index].name)
            }
        }
        return all
    }

    private static func byTurns(_ all: [Container]) -> [Container] {
        var turns: [String: Int] = [:]
        let ranked = all.enumerated().map { index, container in
            defer { turns[container.user, default: 0] += 1 }
            return (turn: container.user.isEmpty ? -1 : turns[container.user, default: 0], index: index, container: container)
        }
        return ranked.sorted { ($0.turn, $0.index) < ($1.turn, $1.index) }.map(\.container)
    }
}
