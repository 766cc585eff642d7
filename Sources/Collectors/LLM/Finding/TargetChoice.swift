/// Who is asked of all that are named or found, and what each is called. Who is there twice is asked once.
///
/// The settings come first, then what the engine says of its containers, then the ports of the settings, and last what labels say: whoever
/// may start a container takes nobody's place and nobody's name with it.
struct TargetChoice {
    /// A container that is not shown, or not by the name that its label has.
    struct Remark: Hashable, Sendable {
        let container: String
        let message: String
    }

    private(set) var targets: [ServerTarget]
    private(set) var remarks: [Remark] = []
    private var places: Set<String>
    private var names: Set<String>

    /// - Parameter found: in the order in which they may choose.
    /// - Parameter limit: most that there may be in all.
    init(configured: [ServerTarget], found: [ContainerServers.Found], ports: [Int], limit: Int) {
        targets = configured
        names = Set(configured.map(\.name))
        places = Set(configured.map(\.address.endpoint))
        let room = max(0, limit - configured.count - ports.count)
        // Nobody's label may say that he is the server at a port of the settings.
        let portNames = Set(ports.map { "127.0.0.1:\($0)" })
        var accepted = accept(found.filter(\.isSure), room)
        for port in ports { add(port) }
        accepted += accept(found.filter { !$0.isSure }, room - accepted.count)
        let ownNames = Set(found.map(\.target.container))
        // Those that are called as their containers are choose first.
        for target in accepted where target.name == target.container { add(target, ["", target.address.authority], of: target.name) }
        for target in accepted where target.name != target.container {
            let isTaken = names.contains(target.name) || ownNames.contains(target.name) || portNames.contains(target.name)
            if target.name.range(of: "://") != nil {
                remark(target, "the name of its label looks like a URL and is not used")
                add(target, ["", target.address.authority], of: target.container)
            } else {
                if isTaken { remark(target, "the name of its label, \(target.name), is somebody else's") }
                add(target, isTaken ? [target.container, target.address.authority] : ["", target.container], of: target.name)
            }
        }
    }

    /// Those whose place is not somebody else's.
    private mutating func accept(_ found: [ContainerServers.Found], _ room: Int) -> [ServerTarget] {
        var accepted: [ServerTarget] = []
        for target in found.map(\.target) {
            guard !places.contains(target.address.endpoint) else {
                remark(target, "its place, \(target.address.url), is somebody else's")
                continue
            }
            guard accepted.count < room else {
                remark(target, "there are more servers than are asked")
                continue
            }
            places.insert(target.address.endpoint)
            accepted.append(target)
        }
        return accepted
    }

    private mutating func add(_ port: Int) {
        var target = ServerTarget(name: "127.0.0.1:\(port)", address: ServerAddress(url: "http://127.0.0.1:\(port)"))
        target.origin = .port
        guard places.insert(target.address.endpoint).inserted else { return }
        add(target, ["", "port"], of: target.name)
    }

    /// Takes the first name that is free.
    ///
    /// - Parameter suffixes: what tells it from others of the name, the best first.
    private mutating func add(_ target: ServerTarget, _ suffixes: [String], of name: String) {
        let choices = suffixes.map { $0.isEmpty ? name : "\(name) (\($0))" }
        guard let free = choices.first(where: { !names.contains($0) }) else { return remark(target, "its name \(name) is somebody else's") }
        names.insert(free)
        var target = target
        target.name = free
        targets.append(target)
    }

    private mutating func remark(_ target: ServerTarget, _ message: String) {
        remarks.append(Remark(container: target.container, message: message))
    }
}
