import Primitives
import ProxmoxAPI
import Synchronization

/// Finds the client of a request, or says why there is none. Clients are kept, with their tickets; connections are the HTTP client's.
final class TargetDirectory: Sendable {
    /// Why a request gets no answer, as its answer says it.
    struct Refusal: Error, Sendable {
        let status: Int
        let message: String
    }

    /// Whom to ask, and how many requests may do so at a time.
    struct Found: Sendable {
        let client: ProxmoxClient
        let turns = AsyncSemaphore(limit: 4)
    }

    private struct Key: Hashable {
        let module: String
        let endpoints: [String]
    }

    private struct State {
        var clients: [Key: Found] = [:]
        /// The keys by last use, the oldest first.
        var order: [Key] = []
    }

    /// More than anybody scrapes; whoever asks for more targets of an allowed range makes the oldest go.
    private static let limit = 256

    private let settings: DropInSettings
    private let clusters: [DropInCluster]
    private let observer: ProxmoxClient.Observer?
    private let state = Mutex(State())

    init(_ settings: DropInSettings, _ clusters: [DropInCluster], observer: ProxmoxClient.Observer?) {
        self.settings = settings
        self.clusters = clusters
        self.observer = observer
    }

    /// The names that the parameter `module` may have.
    var modules: [String] { settings.modules.isEmpty ? ["default"] : settings.modules.keys.sorted() }

    /// - Parameter target: the parameter as it came; nil for none.
    func find(module name: String, target text: String?) throws(Refusal) -> Found {
        if let problem = settings.modulesProblem, settings.modules.isEmpty, clusters.isEmpty {
            throw Refusal(status: 500, message: problem.message)
        }
        guard modules.contains(name) else { throw Refusal(status: 400, message: "Module '\(shown(name))' not found in config") }
        do throws(Failure) {
            guard let module = settings.modules[name] else { return try configured(name, text) }
            let endpoint = try module.endpoint(try target(text, module))
            return client(Key(module: name, endpoints: [endpoint.authority])) {
                ProxmoxClient(
                    endpoint: endpoint, session: ProxmoxSession(module.account), timeoutSeconds: module.timeoutSeconds,
                    observer: observer)
            }
        } catch {
            throw Refusal(status: error.code == .unavailable ? 403 : 400, message: error.message)
        }
    }

    /// Where a module's credential may go.
    private func target(_ text: String?, _ module: DropInModule) throws(Failure) -> DropInTarget {
        let port = module.port
        if let own = module.allowedTargets {
            let target = try parsed(text ?? "localhost")
            guard own.allows(target, port: port) else {
                throw refusal(target.authority(port: port), "add it to allowed_targets of the module")
            }
            return target
        }
        if let cluster = clusters.first(where: { $0.name == text && text != nil }) ?? lone(text, port),
            let first = cluster.endpoints.first, let target = DropInTarget(first.authority)
        {
            return target
        }
        let target = try parsed(text ?? "localhost")
        let authority = target.authority(port: port)
        guard settings.allowedTargets.allows(target, port: port) || clusters.contains(where: { $0.has(authority) }) else {
            throw refusal(authority)
        }
        return target
    }

    /// Without modules, a configured cluster is asked with its own credential: the whole of it by its name, one node by its address.
    private func configured(_ module: String, _ text: String?) throws(Failure) -> Found {
        var found: (cluster: DropInCluster, endpoints: [ProxmoxEndpoint])?
        if let cluster = clusters.first(where: { $0.name == text && text != nil }) ?? lone(text, 8006) {
            found = (cluster, cluster.endpoints)
        }
        if found == nil {
            let authority = try parsed(text ?? "localhost").authority(port: 8006)
            for cluster in clusters {
                if let endpoint = cluster.endpoints.first(where: { $0.isAt(authority) }) { found = (cluster, [endpoint]) }
            }
            if found == nil { throw refusal(authority) }
        }
        guard let found, let first = found.endpoints.first else { throw refusal(text ?? "localhost") }
        return client(Key(module: module, endpoints: found.endpoints.map(\.authority))) {
            ProxmoxClient(
                endpoint: first, others: Array(found.endpoints.dropFirst()), session: ProxmoxSession(found.cluster.account),
                observer: observer)
        }
    }

    /// The only cluster, for a request that names no target and a setting that does not allow `localhost`.
    private func lone(_ text: String?, _ port: UInt16) -> DropInCluster? {
        guard text == nil, clusters.count == 1, let localhost = DropInTarget("localhost") else { return nil }
        return settings.allowedTargets.allows(localhost, port: port) && !settings.modules.isEmpty ? nil : clusters[0]
    }

    private func parsed(_ text: String) throws(Failure) -> DropInTarget {
        guard let target = DropInTarget(text) else {
            // What stands before @ may be a password.
            throw Failure(
                .malformed,
                text.contains("@") ? "target holds a user; expected HOST or HOST:PORT" : "target '\(shown(text))' is no HOST or HOST:PORT")
        }
        return target
    }

    private func refusal(_ authority: String, _ way: String? = nil) -> Failure {
        // Whoever asks without being allowed learns what to tell the operator, and not what else is allowed.
        let way =
            way
            ?? (settings.modules.isEmpty
                ? "name it in proxmox.clusters, or in --pve.allowed-targets with a pve.yml (--pve.config-file) beside it"
                : "add it to --pve.allowed-targets (names, globs, CIDRs)")
        return Failure(.unavailable, "target \(shown(authority)) is not allowed, so nothing was sent to it; to allow it, \(way)")
    }

    /// Text of a request, as an answer may repeat it.
    private func shown(_ text: String) -> String {
        String(decoding: text.utf8.prefix(100).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    private func client(_ key: Key, make: () -> ProxmoxClient) -> Found {
        state.withLock { state in
            state.order.removeAll { $0 == key }
            state.order.append(key)
            if let found = state.clients[key] { return found }
            let found = Found(client: make())
            state.clients[key] = found
            if state.order.count > Self.limit { state.clients[state.order.removeFirst()] = nil }
            return found
        }
    }
}

extension DropInCluster {
    fileprivate func has(_ authority: String) -> Bool { endpoints.contains { $0.isAt(authority) } }
}

extension ProxmoxEndpoint {
    /// Host names have no case, and an address has many spellings.
    ///
    /// - Parameter other: as `DropInTarget` writes it.
    fileprivate func isAt(_ other: String) -> Bool {
        (DropInTarget(authority)?.authority(port: 8006) ?? authority.lowercased()) == other
    }
}
