import Primitives
import ProxmoxAPI
import Web

/// Another node of a cluster that can be asked.
struct OtherNode: Sendable {
    let url: String
    /// SHA-256 of its certificate, where certificates are trusted one by one.
    let fingerprint: String?
}

extension SetupDialogue {
    func tell(_ finding: ClusterFinding) {
        guard !finding.nodes.isEmpty else {
            return conversation.say("Which cluster it is, the token is not shown.")
        }
        let names = finding.nodes.prefix(20).map { node in
            Self.plain(node.name) + (node.isLocal ? " (asked)" : node.isOnline ? "" : " (offline)")
        }
        let nodes =
            names.joined(separator: ", ") + (finding.nodes.count > names.count ? " and \(finding.nodes.count - names.count) more" : "")
        conversation.show("")
        conversation.say(
            finding.clusterName.map { "Cluster \(Self.plain($0)), with \(finding.nodes.count) nodes: \(nodes)." }
                ?? "A node without a cluster: \(nodes).")
    }

    /// A name from the API as a person reads it: in quotes only when it is no plain word.
    private static func plain(_ name: String) -> String {
        let isPlain =
            name.utf8.count <= 64
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || "-_.".utf8.contains(byte)
            }
        return isPlain ? name : ConfigurationText.scalar(name)
    }

    /// Other nodes to ask when the first does not answer: those of the flags, or those of the cluster that answer here and are believed.
    func others(of reached: ReachedNode, _ access: Access, isFirst: Bool) async throws(Failure) -> [OtherNode] {
        if isFirst, options.endpoints.count > 1 { return try await given(reached) }
        let port = reached.endpoint.authority.split(separator: ":").last.map(String.init) ?? "8006"
        let candidates = access.finding.nodes.filter { $0.isOnline && !$0.isLocal && $0.address != nil }
        guard access.finding.nodes.contains(where: \.isLocal), !candidates.isEmpty, reached.endpoint.isEncrypted else { return [] }
        conversation.show("Looking whether the other nodes can be asked too ...")
        let found = await withTaskGroup(of: (Int, OtherNode?).self) { group in
            // As many as anybody wants to have asked in turn.
            for (index, node) in candidates.prefix(16).enumerated() {
                group.addTask { (index, await other(node, port: port, reached, access)) }
            }
            var found: [(Int, OtherNode?)] = []
            for await result in group { found.append(result) }
            return found.sorted { $0.0 < $1.0 }.compactMap(\.1)
        }
        guard !found.isEmpty else {
            conversation.say(
                "None of them can from here, at the address that the cluster knows. So this node alone is asked for its whole cluster; while "
                    + "it is down, nothing is seen. Other names for the nodes can be added later, under endpoints.")
            return []
        }
        for node in found { conversation.show("  \(node.url)") }
        let isWanted = try await conversation.confirm("Ask these when the first does not answer?", standard: true)
        return isWanted ? found : []
    }

    /// nil when it does not answer or is not believed.
    private func other(
        _ node: ClusterFinding.Node, port: String, _ reached: ReachedNode, _ access: Access
    ) async -> OtherNode? {
        guard let address = node.address else { return nil }
        var (trust, fingerprint) = (reached.trust, nil as String?)
        if case .fingerprints = trust {
            // Each node has a certificate of its own. This one's word on the others' is as good as its word on everything else.
            guard let text = await probe.fingerprint(of: node.name, at: reached.endpoint, with: access.credential) else { return nil }
            (trust, fingerprint) = (.fingerprints([text]), text)
        }
        let host = address.contains(":") ? "[\(address)]" : address
        guard let believed = try? httpTrust(trust),
            let endpoint = try? ProxmoxEndpoint(address: "https://\(host):\(port)", trust: believed),
            endpoint.authority != reached.endpoint.authority, case .proxmox = await probe.greeting(of: endpoint)
        else { return nil }
        return OtherNode(url: endpoint.baseURL, fingerprint: fingerprint)
    }

    /// The other endpoints of the command line: each must be good.
    private func given(_ reached: ReachedNode) async throws(Failure) -> [OtherNode] {
        var nodes: [OtherNode] = []
        for address in options.endpoints.dropFirst() {
            let endpoint = try ProxmoxEndpoint(address: address, trust: try httpTrust(reached.trust))
            switch await probe.greeting(of: endpoint) {
            case .proxmox: nodes.append(OtherNode(url: endpoint.baseURL, fingerprint: nil))
            case .other(let words): throw Failure(.unavailable, "--endpoint \(endpoint.authority): \(words)")
            case .untrusted(let problem, _, let message):
                let found = problem.found.map { "; its SHA-256 is \($0), for one more --fingerprint" } ?? ""
                throw Failure(.configuration, "--endpoint \(endpoint.authority): \(message)\(found)")
            }
        }
        return nodes
    }
}
