import Ownership
import Primitives

/// All containers at a moment: groups of the kernel and the engine's word about them, put together.
struct Census {
    struct Container {
        /// What it is called, unlike any other.
        var name: String
        /// 64 digits; of a guest its vmid or name, of a group that the settings name its path.
        let id: String
        /// docker, podman, containerd, cri-o, nspawn, lxc, or cgroup for one that the settings name.
        let runtime: String
        let image: String
        /// Nil when it has none: it does not run.
        let group: CgroupTree.Group?
        /// The engine's word, as old as it may be.
        let engine: EngineContainer?
        /// Cards that it was given.
        let gpus: [String]

        var hasGPU: Bool { !gpus.isEmpty }
    }

    let containers: [Container]

    /// - Parameter isAnswering: whether the engine answers now; if not, what does not run is not shown.
    init(groups: [CgroupTree.Group], engine: [EngineContainer], product: String, isAnswering: Bool, machines: VMDirectory) {
        let byID = Dictionary(engine.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        var all: [Container] = []
        for group in groups {
            let id = group.isNamedBySettings ? group.path : group.place.id
            // Two groups of one container are its own and one of its runtime; the outer one comes first.
            guard seen.insert("\(group.isNamedBySettings) \(group.place.kind) \(id)").inserted else { continue }
            all.append(Self.container(group, id, byID[group.place.id], product, machines))
        }
        if isAnswering {
            for container in engine where seen.insert("false container \(container.id)").inserted {
                all.append(
                    Container(
                        name: container.name, id: container.id, runtime: product, image: container.image, group: nil, engine: container,
                        gpus: container.gpus))
            }
        }
        containers = Self.distinct(all)
    }

    private static func container(
        _ group: CgroupTree.Group, _ id: String, _ engine: EngineContainer?, _ product: String, _ machines: VMDirectory
    ) -> Container {
        func made(_ name: String, _ runtime: String, image: String = "", gpus: [String] = []) -> Container {
            Container(
                name: shortLine(name), id: shortLine(id, limit: 256), runtime: runtime, image: image, group: group, engine: engine,
                gpus: gpus)
        }
        if group.isNamedBySettings {
            let last = group.path.split(separator: "/").last.map(String.init) ?? group.path
            return made(last.hasSuffix(".service") ? String(last.dropLast(".service".count)) : last, "cgroup")
        }
        if group.place.kind == .lxc {
            let guest = machines.container(vmid: id)
            return made(guest.flatMap { $0.name.isEmpty ? nil : $0.name } ?? id, "lxc", gpus: guest?.gpus ?? [])
        }
        let runtime = group.place.runtime.isEmpty ? (engine == nil ? "" : product) : group.place.runtime
        guard let engine else { return made(CgroupPlace.shortContainerID(id), runtime) }
        let name = engine.name.isEmpty ? CgroupPlace.shortContainerID(id) : engine.name
        return made(name, runtime, image: engine.image, gpus: engine.gpus)
    }

    /// By name. Of several of one name the engine's keeps it, as no other of its own has it; the others get their id behind it.
    private static func distinct(_ all: [Container]) -> [Container] {
        var all = all.sorted { ($0.name, $0.engine == nil ? 1 : 0, $0.id) < ($1.name, $1.engine == nil ? 1 : 0, $1.id) }
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
}
