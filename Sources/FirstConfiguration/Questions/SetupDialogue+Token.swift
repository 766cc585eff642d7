import Primitives
import ProxmoxAPI
import ProxmoxConfiguration
import Settings

/// A token that was tried, and what it is shown.
struct Access: Sendable {
    let credential: ProxmoxCredential
    /// `USER@REALM!NAME=SECRET`
    let token: Secret
    /// Where it was read from, if from a file.
    let file: String?
    let finding: ClusterFinding
}

extension SetupDialogue {
    /// Asks for a token until one is let in, and for its rights.
    func letIn(at node: ReachedNode, isFirst: Bool) async throws(Failure) -> Access {
        var given = isFirst ? try givenToken() : nil
        var isIntroduced = given != nil
        var hasCommands = false
        while true {
            if !isIntroduced {
                hasCommands = try await introduce(node)
                isIntroduced = true
            }
            let candidate: (token: Secret, file: String?)
            if let given { candidate = given } else { candidate = (try await askedToken(hasCommands: hasCommands), nil) }
            given = nil
            guard case .token? = try? ProxmoxCredential.token(parsing: candidate.token.reveal()) else { continue }
            if let access = try await test(candidate.token, file: candidate.file, at: node) { return access }
        }
    }

    // MARK: where it comes from

    private func givenToken() throws(Failure) -> (token: Secret, file: String?)? {
        if let file = options.tokenFile.map(options.path), Files.exists(file) {
            let line = try Files.readLine(file)
            do throws(Failure) {
                _ = try ProxmoxCredential.token(parsing: line)
            } catch {
                throw Failure(.configuration, "--token-file: \(file): \(error.message)")
            }
            if let secret = options.tokenSecret?.reveal(), ![line, String(line.drop { $0 != "=" }.dropFirst())].contains(secret) {
                throw Failure(
                    .configuration,
                    "PROXMOX_TOKEN_VALUE is not the secret in \(file): unset the variable, or give --token-file a file that is not there yet"
                )
            }
            return (Secret(line), file)
        }
        guard let secret = options.tokenSecret else { return nil }
        let text = "\(options.identity)=\(secret.reveal())"
        do throws(Failure) {
            _ = try ProxmoxCredential.token(parsing: text)
        } catch {
            throw Failure(.configuration, "PROXMOX_TOKEN_VALUE, --user, --token-name: \(error.message)")
        }
        return (Secret(text), nil)
    }

    /// The commands that make a token, for who has none; whether they were shown.
    private func introduce(_ node: ReachedNode) async throws(Failure) -> Bool {
        guard conversation.isAttended else { return false }
        conversation.show("")
        if try await conversation.confirm("Do you have an API token for martlet already?", standard: false) { return false }
        let commands = AccountCommands(user: options.user, token: options.tokenName)
        let version = try await majorVersion(of: node)
        conversation.show("")
        conversation.say(
            "Then paste this into a shell of root on any node of the cluster. It makes a token that may look and nothing else.")
        conversation.show("\n" + commands.script(majorVersion: version))
        return true
    }

    private func majorVersion(of node: ReachedNode) async throws(Failure) -> Int {
        if let version = node.majorVersion ?? options.majorVersion { return version }
        while true {
            let question = Question("Is it Proxmox VE 8 or 9? (pveversion on the node tells)", standard: "9", flag: "--pve-version 9")
            if let version = Int(try await conversation.answer(question)), [8, 9].contains(version) { return version }
            conversation.say("Please type 8 or 9.")
        }
    }

    private func askedToken(hasCommands: Bool) async throws(Failure) -> Secret {
        conversation.say(
            "Now the token: USER@REALM!NAME=SECRET, or the table that \(hasCommands ? "the command above prints" : "pveum printed with it"), "
                + "or the secret alone. What you type or paste is not shown.")
        while true {
            let question = Question("Token", flag: "--token-file FILE, or set PROXMOX_TOKEN_VALUE")
            let paste = TokenPaste(try await conversation.hiddenAnswer(question) { TokenPaste($0).isWhole })
            if let token = try await whole(paste) {
                let name = ProxmoxCredential.identity(of: token)
                conversation.say("Read: token \(quoted(name)), a secret of \(token.reveal().count - name.count - 1) letters.")
                return token
            }
            conversation.say("No token could be read from that; a token reads USER@REALM!NAME=SECRET. Please try again.")
        }
    }

    /// Asks for the half that is missing.
    private func whole(_ paste: TokenPaste) async throws(Failure) -> Secret? {
        switch (paste.identity, paste.secret) {
        case (nil, nil): return nil
        case (_?, _?): return paste.token()
        case (nil, let secret?):
            // What is no secret of a token is asked for again at once.
            guard !secret.isEmpty, paste.token(identity: options.identity) != nil else { return nil }
            return try await named(paste)
        case (let identity?, nil):
            let question = Question("Secret of \(quoted(identity))", flag: "--token-file FILE")
            return TokenPaste(try await conversation.hiddenAnswer(question) { _ in true }).token(identity: identity)
        }
    }

    /// Asks whose the secret is, until that is told.
    private func named(_ paste: TokenPaste) async throws(Failure) -> Secret? {
        while true {
            let question = Question("Token ID (USER@REALM!NAME)", standard: options.identity, flag: "--token-name NAME")
            let answer = try await conversation.answer(question)
            if answer.contains("="), let whole = TokenPaste([answer]).token() { return whole }
            let identity = TokenIdentity.isName(answer) ? "\(options.user)!\(answer)" : answer
            if TokenIdentity.isWhole(identity), let token = paste.token(identity: identity) { return token }
            conversation.say("That is no token's ID, which reads USER@REALM!NAME. The secret is kept; please try again.")
        }
    }

    // MARK: whether it is good

    /// nil when it is not, which has been said.
    private func test(_ token: Secret, file: String?, at node: ReachedNode) async throws(Failure) -> Access? {
        let credential = ProxmoxCredential.token(token)
        var isRepeated = false
        while true {
            conversation.show("Testing the token ...")
            let finding: ClusterFinding
            do throws(ProbeRefusal) {
                finding = try await probe.finding(at: node.endpoint, with: credential)
            } catch {
                try conversation.refuse(
                    error.isOfCredential
                        ? "the node refuses the token; name and secret must belong together: \(error.message)"
                        : Self.plainWords(error.message, of: node.endpoint),
                    flag: file == nil ? "PROXMOX_TOKEN_VALUE" : "--token-file")
                if !error.isOfCredential, try await conversation.confirm("Test the same token again?", standard: true) { continue }
                return nil
            }
            defer { isRepeated = true }
            if try await hasRights(finding, identity: credential.identity, isRepeated: isRepeated) {
                return Access(credential: credential, token: token, file: file, finding: finding)
            }
        }
    }

    /// Names what is missing; false asks for another test.
    private func hasRights(_ finding: ClusterFinding, identity: String, isRepeated: Bool) async throws(Failure) -> Bool {
        let missing = finding.missing.filter { !$0.isDangerous }
        if isRepeated, !missing.isEmpty {
            conversation.say("Still missing: \(missing.map { "\($0.privilege) on \($0.path)" }.joined(separator: ", ")).")
            return !(try await conversation.confirm("Test again?", standard: true))
        }
        if missing.isEmpty {
            conversation.say("Proxmox VE \(quotedVersion(finding)) lets it in, and it may see all that martlet asks for.")
        } else {
            conversation.show("")
            conversation.say("Proxmox VE \(quotedVersion(finding)) lets it in, but it lacks rights. What will not be there without them:")
            for right in missing {
                conversation.show("\n  \(right.privilege) on \(right.path)\n" + WrappedText.broken(right.purpose, indent: "    "))
            }
        }
        for right in finding.missing where right.isDangerous {
            conversation.say(
                "Left out with intent: \(right.privilege), without which there is no \(right.purpose). On this version its holder may also run "
                    + "programs inside guests.")
        }
        guard !missing.isEmpty else { return true }
        let parts = identity.split(separator: "!", maxSplits: 1).map(String.init)
        // A file may hold a token whose secret stands where its name belongs.
        if parts.count == 2, TokenIdentity.isWhole(identity) {
            conversation.show("\nThese commands give them, in a shell of root on a node:\n")
            conversation.show(AccountCommands(user: parts[0], token: parts[1]).roleScript(majorVersion: finding.majorVersion ?? 9))
        }
        guard conversation.isAttended else { return true }
        conversation.say("Run them, then press Enter to test again; no goes on without these rights.")
        return !(try await conversation.confirm("Test again?", standard: true))
    }

    private func quotedVersion(_ finding: ClusterFinding) -> String {
        let isPlain = finding.version.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && finding.version.utf8.count <= 20
        return isPlain ? finding.version : ForeignText.inQuotes(finding.version, limit: 20)
    }
}

extension ProxmoxCredential {
    /// `monitor@pve!martlet` of a whole token.
    fileprivate static func identity(of token: Secret) -> String { ProxmoxCredential.token(token).identity }
}
