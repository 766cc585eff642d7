import Ownership
import Primitives

/// Finds LLM servers among containers: by their labels, and by images that are known to hold one.
package enum ContainerServers {
    /// The labels that are looked at, for whoever makes the engine.
    package static let labels = [portLabel, kindLabel, nameLabel]

    static let portLabel = "martlet.llm.port"
    /// A kind, or `none` for one that shall be left alone.
    static let kindLabel = "martlet.llm.kind"
    static let nameLabel = "martlet.llm.name"

    /// A server in a container, named as the container's label has it, or as the container is.
    struct Found: Sendable {
        let target: ServerTarget
        /// Whether the engine itself says that this place is the container's. In the machine's own network its label alone says so, and
        /// whoever makes a container may write there what he likes.
        let isSure: Bool
        let startedAt: Double
    }

    /// Those that run, the surest first, of those the ones that have run for longest.
    static func found(_ containers: [EngineContainer]) -> [Found] {
        containers.filter(\.isRunning).compactMap { container in
            target(container).map {
                Found(target: $0, isSure: container.networkMode != "host", startedAt: container.startedAt ?? .infinity)
            }
        }.sorted { left, right in
            (left.isSure ? 0 : 1, left.startedAt, left.target.container) < (right.isSure ? 0 : 1, right.startedAt, right.target.container)
        }
    }

    static func target(_ container: EngineContainer) -> ServerTarget? {
        let word = container.labels[kindLabel]?.lowercased() ?? ""
        guard word != "none" else { return nil }
        let byImage = ServerKinds.all.first { kind in kind.images.contains { isImage(container.image, $0) } }
        let named = ServerKinds.kind(named: word)
        // A label that nobody understands is taken for one that says: this is a server.
        guard let kind = named ?? byImage else {
            guard container.labels[portLabel] != nil || !word.isEmpty else { return nil }
            return port(container, nil).flatMap { target(container, port: $0, kind: nil) }
        }
        return port(container, kind).flatMap { target(container, port: $0, kind: word == "auto" ? nil : kind) }
    }

    /// By the label, by the kind, or the only one that is published.
    private static func port(_ container: EngineContainer, _ kind: (any ServerKind.Type)?) -> Int? {
        if let text = container.labels[portLabel], let port = text.utf8.decimalNumber, (1...65_535).contains(port) { return port }
        let published = Set(container.ports.map(\.inside))
        if let kind, published.contains(kind.standardPort) || published.count != 1 { return kind.standardPort }
        return published.count == 1 ? published.first : kind?.standardPort
    }

    private static func target(_ container: EngineContainer, port: Int, kind: (any ServerKind.Type)?) -> ServerTarget? {
        guard let place = place(container, port: port) else { return nil }
        let name = container.labels[nameLabel].flatMap { $0.isEmpty ? nil : $0 } ?? container.name
        guard !name.isEmpty else { return nil }
        var address = ServerAddress(url: "http://\(place)")
        if let metricsPort = kind?.metricsPort {
            address.metricsURL = self.place(container, port: metricsPort).map { "http://\($0)/metrics" }
        }
        var target = ServerTarget(name: name, address: address, kind: kind?.name)
        target.origin = .container
        (target.container, target.containerID) = (container.name, container.id)
        return target
    }

    /// How the port is reached from here: on loopback where it is published there, else at the container's own address.
    private static func place(_ container: EngineContainer, port: Int) -> String? {
        if container.networkMode == "host" { return "127.0.0.1:\(port)" }
        if let published = container.ports.first(where: { $0.inside == port }) {
            let isEverywhere = ["", "0.0.0.0", "::"].contains(published.address)
            let host = isEverywhere ? "127.0.0.1" : published.address
            return host.contains(":") ? "[\(host)]:\(published.outside)" : "\(host):\(published.outside)"
        }
        guard let address = container.addresses.first else { return nil }
        return address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    /// Whether an image is of a repository: `docker.io/vllm/vllm-openai:v0.9` is of `vllm/vllm-openai`.
    static func isImage(_ image: String, _ repository: String) -> Bool {
        var name = image[...]
        if let digest = name.firstIndex(of: "@") { name = name[..<digest] }
        if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") { name = name[..<colon] }
        return name == repository || name.hasSuffix("/" + repository)
    }
}
