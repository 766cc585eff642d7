import FirstConfiguration
import Glibc
import Primitives
import ProxmoxConfiguration
import Settings
import Web

/// `martlet init`
enum InitCommand {
    static let command = Command(
        "init", "Asks for a Proxmox VE cluster and a token, tests both, and writes a first martlet.yml",
        flags: [
            Flag(
                "endpoint", "HOST", "Address of a node: HOST, HOST:PORT or URL; more of them are other nodes of its cluster",
                isRepeatable: true),
            Flag("fingerprint", "SHA256", "Trust exactly the certificate with this SHA-256, one for each endpoint", isRepeatable: true),
            Flag("ca-file", "FILE", "Trust the authority in this PEM file, a copy of the cluster's /etc/pve/pve-root-ca.pem"),
            Flag(
                "token-file", "FILE",
                "File that has the token, USER@REALM!NAME=SECRET; if it is not there, where to keep it: by default "
                    + "/etc/martlet/token, of other users than root ~/.config/martlet/token"),
            Flag("user", "USER@REALM", "Whose token it is, with the secret in PROXMOX_TOKEN_VALUE", standard: SetupOptions().user),
            Flag("token-name", "NAME", "Name of the token", standard: SetupOptions().tokenName),
            Flag("pve-version", "8|9", "Major version of Proxmox VE, where the node does not tell", standard: "9"),
            Flag("config.file", "FILE", "The file to write", standard: SetupOptions().configurationFile),
            Flag("force", nil, "Write a new file where there is one; the old one is kept under another name"),
            Flag("yes", nil, "Ask nothing: flags answer, and what they leave open has its standard answer"),
            Flag("non-interactive", nil, "The same as --yes"),
            Flag(
                "print-commands", nil,
                "Print what makes a token on a node, and nothing else: martlet init --print-commands | ssh root@NODE sh"),
        ],
        notes: [
            "Exit status: 0 when the files are written, 3 when they are and the token sees nothing yet, 1 when nothing was written,",
            "2 for a wrong command line.",
        ])

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        do throws(Failure) {
            try begin(invocation)
        } catch {
            fail(error)
        }
    }

    private static func begin(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let options = try options(invocation)
        if invocation.isOn("print-commands") {
            let commands = AccountCommands(user: options.user, token: options.tokenName)
            Program.finish(commands.script(majorVersion: options.majorVersion ?? 9))
        }
        let (terminal, files) = (Terminal(), FirstFiles())
        try Signals.handle { signal in
            terminal.restore()
            files.whenSettled { isWritten in
                Files.writeAll(Array("\n\(isWritten ? "" : "martlet: stopped; nothing was written\n")".utf8), to: STDERR_FILENO)
                Program.leave(signal == .reload ? 129 : 130)
            }
        }
        let dialogue = SetupDialogue(
            options: options, conversation: conversation(invocation, terminal), probe: NetworkProbe(http: try HTTPClient()), files: files,
            check: check)
        Task.detached {
            do throws(Failure) {
                switch try await dialogue.run() {
                case .ready: Program.leave(0)
                case .seesNothing: Program.leave(3)
                }
            } catch {
                fail(error)
            }
        }
        while true { pause() }
    }

    /// As `Program.fail` does, but at a terminal in lines that fit; elsewhere one failure is one line.
    private static func fail(_ failure: Failure) -> Never {
        guard isatty(STDERR_FILENO) == 1 else { Program.fail(failure) }
        let text = WrappedText.broken("martlet: \(failure.description)", width: Terminal.columns(of: STDERR_FILENO))
        Files.writeAll(Array("\(text)\n".utf8), to: STDERR_FILENO)
        Program.leave(failure.code == .usage ? 2 : 1)
    }

    /// What the program is called by, for commands to be typed: its name where the PATH leads to it, or else the path that it was called by.
    private static func calledBy(path: String?) -> String {
        guard let called = CommandLine.arguments.first, called.contains("/") else { return "martlet" }
        let found = (path ?? "").split(separator: ":").map { "\($0)/martlet" }.first { Files.isExecutable($0) }
        func isSame(_ one: String, _ other: String) -> Bool {
            var (first, second) = (stat(), stat())
            return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino
        }
        return found.map { isSame($0, called) } == true ? "martlet" : called
    }

    private static func conversation(_ invocation: CommandLineParser.Invocation, _ terminal: Terminal) -> any Conversation {
        let isSilenced = invocation.isOn("yes") || invocation.isOn("non-interactive")
        if !isSilenced, Terminal.isThere { return terminal }
        return UnattendedConversation(reason: isSilenced ? "nothing may be asked" : "there is no terminal to ask at") { text in
            Files.writeAll(Array(text.utf8), to: STDOUT_FILENO)
        }
    }

    /// Reads a file as the other commands will, without what the environment says now; how many clusters it names.
    @Sendable
    private static func check(_ path: String) throws(Failure) -> Int {
        let tree = try SettingsTree(file: path, environment: [:], flags: [], shape: Configuration.shape)
        return try ConfiguredClusters(tree["proxmox"], environment: [:]).all.count
    }

    private static func options(_ invocation: CommandLineParser.Invocation) throws(Failure) -> SetupOptions {
        let environment = ProcessEnvironment.all
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var options = SetupOptions()
        options.endpoints = invocation.values("endpoint")
        options.fingerprints = invocation.values("fingerprint")
        options.authorityFile = invocation.value("ca-file")
        options.tokenFile = invocation.value("token-file")
        options.user = try user(invocation.value("user") ?? options.user)
        options.tokenName = try tokenName(invocation.value("token-name") ?? options.tokenName)
        options.tokenSecret = variable("PROXMOX_TOKEN_VALUE").map { Secret($0) }
        if invocation.isGiven("pve-version") {
            guard let version = invocation.value("pve-version").flatMap({ Int($0) }), [8, 9].contains(version) else {
                throw Failure(.usage, "--pve-version: expected 8 or 9")
            }
            options.majorVersion = version
        }
        options.configurationFile = invocation.value("config.file") ?? options.configurationFile
        options.isForced = invocation.isOn("force")
        options.hasHostVariable = variable("PROXMOX_HOST") != nil
        options.home = variable("HOME")
        options.program = calledBy(path: variable("PATH"))
        if geteuid() != 0 {
            let folder = variable("XDG_CONFIG_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? options.home.map { $0 + "/.config" }
            options.secretsFolder = (folder ?? Files.absolute(".")) + "/martlet"
        }
        return options
    }

    private static func user(_ text: String) throws(Failure) -> String {
        guard TokenIdentity.isUser(text) else {
            throw Failure(.usage, "--user: expected USER@REALM, as in monitor@pve")
        }
        return text
    }

    private static func tokenName(_ text: String) throws(Failure) -> String {
        guard TokenIdentity.isName(text) else {
            throw Failure(
                .usage, "--token-name: expected the name alone, as in martlet; its user is --user, and its secret is given nowhere here")
        }
        return text
    }
}
