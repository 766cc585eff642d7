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
            return conversation.say("The token may not see the names of the cluster and its nodes.")
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
        return isPlain ? name : ForeignText.inQuotes(name, limit: 40)
    }

    /// Other nodes to ask when the first does not answer: those of the flags, or those of the cluster that answer here and are believed.
    func others(of reached: ReachedNode, _ access: Access, isFirst: Bool) async throws(Failure) -> [OtherNode] {
        if isFirst, options.endpoints.count > 1 { return try await given(reached) }
        let port = reached.endpoint.authority.split(separator: ":").last.map(String.init) ?? "8006"
        let candidates = access.finding.nodes.filter { $0.isOnline && !$0.isLocal && $0.address != nil }
        guard access.finding.nodes.contains(where: \.isLocal), !candidates.isEmpty, reached.endpoint.isEncrypted else { return [] }
        // Where nobody says yes to them, what the cluster tells is not written.
        guard conversation.isAttended else {
            conversation.say("This node alone is asked for its whole cluster; one more --endpoint for each other node that may be asked.")
            return []
        }
        conversation.show("Looking whether the other nodes can be asked too ...")
        let results = await withTaskGroup(of: (Int, Result<OtherNode, Unusable>).self) { group in
            // As many as anybody wants to have asked in turn.
            for (index, node) in candidates.prefix(16).enumerated() {
                group.addTask { (index, await other(node, port: port, reached, access)) }
            }
            var results: [(Int, Result<OtherNode, Unusable>)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
        let found = results.compactMap { try? $0.get() }
        guard !found.isEmpty else {
            conversation.say("None of them can be, at the address that the cluster knows:")
            for case .failure(let reason) in results {
                conversation.show(WrappedText.broken("\(reason.address): \(reason.words)", indent: "  "))
            }
            conversation.say(
                "So this node alone is asked for its whole cluster; while "
                    + "it is down, nothing is seen. Other names for the nodes can be added later, under endpoints.")
            return []
        }
        for node in found { conversation.show("  \(node.url)") }
        let isWanted = try await conversation.confirm("Ask these when the first does not answer?", standard: true)
        return isWanted ? found : []
    }

    /// A node that cannot be asked, and why.
    private struct Unusable: Error {
        let address: String
        let words: String
    }

    private func other(
        _ node: ClusterFinding.Node, port: String, _ reached: ReachedNode, _ access: Access
    ) async -> Result<OtherNode, Unusable> {
        let shown = ForeignText.line(node.address ?? node.name, limit: 45)
        func cannot(_ words: String) -> Result<OtherNode, Unusable> {
            .failure(Unusable(address: shown, words: ForeignText.line(words, limit: 200)))
        }
        guard let address = node.address.flatMap({ IPAddress($0) }), Self.isUsable(address, beside: reached.endpoint) else {
            return cannot("no IP address that another machine could be asked at")
        }
        var (trust, fingerprint) = (reached.trust, nil as String?)
        if case .fingerprints = trust {
            // Each node has a certificate of its own. This one's word on the others' is as good as its word on everything else.
            guard let text = await probe.fingerprint(of: node.name, at: reached.endpoint, with: access.credential) else {
                return cannot("the cluster does not tell its certificate")
            }
            (trust, fingerprint) = (.fingerprints([text]), text)
        }
        guard let believed = try? httpTrust(trust),
            let endpoint = try? ProxmoxEndpoint(
                address: "https://\(address.isSix ? "[\(address)]" : "\(address)"):\(port)", trust: believed)
        else { return cannot("the cluster tells a certificate's SHA-256 that is none") }
        guard endpoint.authority != reached.endpoint.authority else { return cannot("the node that was asked has the same address") }
        switch await probe.greeting(of: endpoint) {
        case .proxmox: return .success(OtherNode(url: endpoint.baseURL, fingerprint: fingerprint))
        case .other(let words):
            let words = Self.plainWords(words, of: endpoint)
            // The address stands in front already.
            return cannot(words.firstRange(of: " port \(port): ").map { String(words[$0.upperBound...]) } ?? words)
        case .untrusted(let problem, _, let message):
            return cannot(problem.kind == .wrongFingerprint ? "shows another certificate than the cluster tells" : message)
        }
    }

    /// Whether an address that the cluster tells can be another machine's: one of this machine or this link alone would have the token sent
    /// to whoever is there. Where the first node is on this machine, so may the others.
    static func isUsable(_ address: IPAddress, beside first: ProxmoxEndpoint) -> Bool {
        func isLoopback(_ address: IPAddress) -> Bool {
            address.isSix ? address.bytes == [UInt8](repeating: 0, count: 15) + [1] : address.bytes[0] == 127
        }
        let bytes = address.bytes
        if isLoopback(address) {
            let host = first.authority.prefix(upTo: first.authority.lastIndex(of: ":") ?? first.authority.endIndex)
            return host == "localhost" || IPAddress(String(host.filter { !"[]".contains($0) })).map(isLoopback) == true
        }
        if address.isSix { return !(bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80 || bytes[0] == 0xFF || bytes.allSatisfy { $0 == 0 }) }
        return !(bytes[0] == 169 && bytes[1] == 254 || bytes[0] >= 224 || bytes[0] == 0)
    }

    /// The other endpoints of the command line: each must be good.
    private func given(_ reached: ReachedNode) async throws(Failure) -> [OtherNode] {
        var nodes: [OtherNode] = []
        for address in options.endpoints.dropFirst() {
            let endpoint = try ProxmoxEndpoint(address: address, trust: try httpTrust(reached.trust))
            switch await probe.greeting(of: endpoint) {
            case .proxmox: nodes.append(OtherNode(url: endpoint.baseURL, fingerprint: nil))
            case .other(let words): throw Failure(.unavailable, "--endpoint \(endpoint.authority): \(Self.plainWords(words, of: endpoint))")
            case .untrusted(let problem, _, let message):
                let found = problem.found.map { "; its SHA-256 is \($0), for one more --fingerprint" } ?? ""
                let words =
                    problem.kind == .wrongFingerprint ? "its certificate is none of those of --fingerprint" : ForeignText.line(message)
                throw Failure(.configuration, "--endpoint \(endpoint.authority): \(words)\(found)")
            }
        }
        return nodes
    }
}
