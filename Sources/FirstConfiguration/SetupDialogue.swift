package import Primitives
import ProxmoxAPI

/// Asks for what a first configuration needs, tests each answer at once, and writes the files.
///
/// Each question is a method in an extension of its own. A flag answers in place of a person; where nobody is there, what is missing or
/// wrong is an error that names the flag.
package struct SetupDialogue: Sendable {
    let options: SetupOptions
    let conversation: any Conversation
    let probe: any ClusterProbe
    let files: FirstFiles
    /// Whether a file can be used as the settings of the program, and how many clusters it names.
    let check: @Sendable (_ path: String) throws(Failure) -> Int

    /// - Parameter check: reads a file as the program does that will use it; a failure says what is wrong in it.
    package init(
        options: SetupOptions, conversation: any Conversation, probe: any ClusterProbe, files: FirstFiles,
        check: @escaping @Sendable (_ path: String) throws(Failure) -> Int
    ) {
        self.options = options
        self.conversation = conversation
        self.probe = probe
        self.files = files
        self.check = check
    }

    /// How it ended, when the files are written.
    package enum Outcome: Sendable {
        case ready
        /// A token is let in and has no right to see anything.
        case seesNothing
    }

    package func run() async throws(Failure) -> Outcome {
        let existing = try existing()
        if conversation.isAttended {
            conversation.say("Sets martlet up for your Proxmox VE clusters. Nothing is written before the end; Ctrl-C leaves at any time.")
        }
        if let existing { tell(existing) }
        var entries: [ClusterEntry] = []
        var seesNothing = false
        repeat {
            let (entry, finding) = try await cluster(after: entries)
            entries.append(entry)
            seesNothing = seesNothing || finding.seesNothing
            guard conversation.isAttended else { break }
            conversation.show("")
        } while try await conversation.confirm("Another cluster?", standard: false)
        try await write(entries, existing: existing, seesNothing: seesNothing)
        return seesNothing ? .seesNothing : .ready
    }

    private func cluster(after entries: [ClusterEntry]) async throws(Failure) -> (ClusterEntry, ClusterFinding) {
        let isFirst = entries.isEmpty
        let reached = try await reach(given: isFirst ? options.endpoints.first : nil, known: entries)
        let access = try await letIn(at: reached, isFirst: isFirst)
        let finding = access.finding
        tell(finding)
        let others = try await others(of: reached, access, isFirst: isFirst)
        var entry = ClusterEntry(
            foundName: finding.name, endpoints: [reached.endpoint.baseURL] + others.map(\.url),
            trust: Self.trust(reached.trust, with: others.compactMap(\.fingerprint)), tokenFile: access.file ?? "",
            token: access.file == nil ? access.token : nil)
        if let name = finding.name, entries.contains(where: { ($0.name ?? $0.foundName) == name }) {
            conversation.say("There is a cluster of that name already, and their guests could not be told apart.")
            repeat {
                entry.name = try await conversation.answer(Question("Another name for this one", flag: "--config.file FILE"))
            } while entries.contains { ($0.name ?? $0.foundName) == entry.name }
        }
        if access.file == nil { entry.tokenFile = try await tokenPlace(for: access.token, after: entries) }
        return (entry, finding)
    }

    private static func trust(_ trust: ClusterEntry.Trust, with more: [String]) -> ClusterEntry.Trust {
        guard case .fingerprints(let texts) = trust else { return trust }
        return .fingerprints(texts + more.filter { !texts.contains($0) })
    }
}

extension ClusterFinding {
    /// What the label `cluster` will say: the cluster's name, or that of a node which stands alone.
    var name: String? { clusterName ?? (nodes.count == 1 ? nodes.first?.name : nil) }
}
