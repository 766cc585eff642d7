import Primitives
import ProxmoxAPI
import ProxmoxConfiguration

extension SetupDialogue {
    /// A configuration that is there already.
    struct Existing: Sendable {
        let path: String
        /// How many clusters it names; nil when it cannot be read as settings.
        let clusters: Int?
        let problem: String?
    }

    /// What stands where we are to write. Where nobody is there that is an error, unless it may be put aside.
    func existing() throws(Failure) -> Existing? {
        let path = options.configurationFile
        guard Files.exists(path), !options.isForced else { return nil }
        guard conversation.isAttended else {
            throw Failure(
                .configuration,
                "\(path) is there already and is never written over; --force keeps it under another name, --config.file names another place"
            )
        }
        do throws(Failure) {
            return Existing(path: path, clusters: try check(path), problem: nil)
        } catch {
            return Existing(path: path, clusters: nil, problem: error.message)
        }
    }

    func tell(_ existing: Existing) {
        conversation.show("")
        if let problem = existing.problem {
            conversation.say("\(existing.path) is there already, and cannot be used as it is: \(problem).")
        } else {
            conversation.say("\(existing.path) is there already, with \(existing.clusters ?? 0) clusters.")
        }
        conversation.say(
            "It will not be changed: at the end you get the lines to put into it. With --force it is kept under another name and a new one written."
        )
    }

    // MARK: the token

    /// Asks where to keep a token.
    func tokenPlace(for token: Secret, after entries: [ClusterEntry]) async throws(Failure) -> String {
        if let file = options.tokenFile.map(options.path), entries.isEmpty {
            // One that is there was tried, and its token is not the one that was let in.
            if !Files.exists(file) { return file }
            conversation.say("\(file) holds another token, and is not written over.")
        }
        let standard = freePlace(for: token, after: entries)
        conversation.show("")
        while true {
            let question = Question("File for the token", standard: standard, unattended: standard, flag: "--token-file FILE")
            let path = options.path(try await conversation.answer(question))
            if holds(path, token) || !Files.exists(path) && !entries.contains(where: { $0.tokenFile == path }) { return path }
            conversation.say("\(path) is there already and is never written over; please name another.")
        }
    }

    private func freePlace(for token: Secret, after entries: [ClusterEntry]) -> String {
        let first = options.secretsFolder + "/token"
        for number in 1..<1000 {
            let path = number == 1 ? first : "\(first)-\(number)"
            let isTaken = Files.exists(path) && !holds(path, token) || entries.contains { $0.tokenFile == path }
            if !isTaken { return path }
        }
        return first
    }

    private func holds(_ path: String, _ token: Secret) -> Bool {
        Files.exists(path) && (try? Files.readLine(path)) == token.reveal()
    }

    // MARK: writing

    func write(_ entries: [ClusterEntry], existing: Existing?, seesNothing: Bool) async throws(Failure) {
        let entries = named(entries, beside: existing?.clusters ?? 0)
        let path = Files.absolute(options.configurationFile)
        let text = ConfigurationText(entries: entries)
        let tokens = entries.compactMap { entry -> FirstFiles.File? in
            guard let token = entry.token, !holds(entry.tokenFile, token) else { return nil }
            return FirstFiles.File(
                path: entry.tokenFile, bytes: Array((token.reveal() + "\n").utf8), mode: 0o600,
                folderMode: Self.folderMode(ofToken: entry.tokenFile))
        }
        let backup = Files.exists(path) && options.isForced ? Self.backupPlace(for: path) : nil
        var list = tokens
        if existing == nil {
            list.append(
                FirstFiles.File(path: path, bytes: Array(text.whole.utf8), mode: 0o644, folderMode: 0o755, backup: backup))
        }
        conversation.show("")
        if !list.isEmpty {
            conversation.show("To be written:")
            for file in list { conversation.show("  \(file.path)" + (file.mode == 0o600 ? "  (mode 0600, the token)" : "")) }
            guard try await conversation.confirm("Write?", standard: true) else {
                throw Failure(.environment, "nothing was written, as you wished")
            }
        }
        try files.write(list) { temporary throws(Failure) in
            guard existing == nil else { return }
            let count = try check(temporary)
            guard count == entries.count else {
                throw Failure(.configuration, "what was written reads back as \(count) clusters, not \(entries.count)")
            }
        }
        if let backup { conversation.show("The configuration that was there is now \(backup).") }
        if let existing { showLines(text, for: existing) }
        showNext(path, seesNothing: seesNothing)
    }

    /// What is below /etc is for services too, which run as others; each file in it says for itself who may read it.
    static func folderMode(ofToken path: String) -> UInt32 { path.hasPrefix("/etc/") ? 0o755 : 0o700 }

    /// Where there are several clusters each says its name, which does not change then when a node tells another one.
    private func named(_ entries: [ClusterEntry], beside others: Int) -> [ClusterEntry] {
        guard entries.count + others > 1 else { return entries }
        var names: Set<String> = Set(entries.compactMap { $0.name ?? $0.foundName })
        return entries.map { entry in
            var entry = entry
            guard entry.name == nil else { return entry }
            entry.name = entry.foundName
            // It is not shown what it is called: the host tells it apart.
            if entry.name == nil, let endpoint = entry.endpoints.first {
                let host = endpoint.split(separator: "/").last.map(String.init) ?? endpoint
                entry.name = names.contains(host) ? host + "-\(names.count)" : host
                names.formUnion([entry.name ?? host])
            }
            return entry
        }
    }

    private static func backupPlace(for path: String) -> String {
        (1..<1000).map { "\(path).\($0)" }.first { !Files.exists($0) } ?? "\(path).old"
    }

    private func showLines(_ text: ConfigurationText, for existing: Existing) {
        conversation.show("")
        let hasClusters = (existing.clusters ?? 0) > 0
        conversation.say(
            hasClusters
                ? "Put these lines into \(existing.path), at the end of proxmox.clusters:"
                : "Put these lines into \(existing.path); if it has a section proxmox, only what is below it:")
        conversation.show("")
        conversation.show((hasClusters ? "" : "proxmox:\n  clusters:\n") + text.entriesText)
    }

    private func showNext(_ path: String, seesNothing: Bool) {
        if options.hasHostVariable {
            conversation.show("")
            conversation.say("The variable PROXMOX_HOST is set here. It names a cluster too, so unset it before you run anything of this.")
        }
        let flag = path == Files.absolute("martlet.yml") ? "" : " --config.file \(AccountCommands.word(path))"
        let martlet = AccountCommands.word(options.program)
        conversation.show("")
        conversation.show(seesNothing ? "What to run next:" : "Done. What to run next:")
        conversation.show(
            """

              \(martlet) doctor\(flag)
                  says what is missing and how to mend it
              \(martlet) up\(flag)
                  the whole stack: exporter, Prometheus, Alertmanager (make run does the same)
              \(martlet) exporter\(flag)
                  the exporter alone, on http://127.0.0.1:9221/metrics
              \(martlet) discovery\(flag)
                  which guests and nodes to scrape, for a Prometheus that you have already
            """)
        if seesNothing { conversation.show("\nWritten, but the token sees nothing yet") }
    }
}
