import Primitives
import Settings
import Testing

@Suite("The command line")
struct CommandLineTests {
    /// A program with everything that a program may have.
    static let program = Command(
        "martlet", "Watches a virtualisation estate",
        flags: [
            Flag("log.level", "LEVEL", "What is worth a line", standard: "info", setting: ["log", "level"]),
            Flag("config.file", "FILE", "Settings"),
        ],
        commands: [
            Command(
                "exporter", "Answers scrapes",
                flags: [
                    Flag(
                        "web.listen-address", "ADDRESS", "Where to listen", standard: "127.0.0.1:9221", isRepeatable: true,
                        setting: ["web", "listen_address"]),
                    Flag("collector.proxmox", nil, "Whether Proxmox is asked", standard: "true", setting: ["collectors", "proxmox"]),
                    Flag("once", nil, "Scrape once and end"),
                ]),
            Command("simulate", "Plays an estate", commands: [Command("proxmox", "Plays Proxmox VE"), Command("hosts", "Plays hosts")]),
            Command("files", "Gives files away", flags: [Flag("force", nil, "Overwrite")], arguments: ["KIND", "DIR"]),
        ])

    private func parse(_ words: [String]) throws -> CommandLineParser.Outcome { try CommandLineParser(Self.program).parse(words) }

    private func run(_ words: String...) throws -> CommandLineParser.Invocation {
        guard case .run(let invocation) = try parse(words) else { throw Failure(.usage, "not to be run") }
        return invocation
    }

    // MARK: what is understood

    @Test("Both ways to write a value, before and behind the command, with one dash or two")
    func values() throws {
        for words in [
            ["--log.level", "warn", "exporter"], ["--log.level=warn", "exporter"], ["exporter", "--log.level", "warn"],
            ["exporter", "-log.level=warn"],
        ] {
            guard case .run(let invocation) = try parse(words) else {
                Issue.record("not to be run")
                continue
            }
            #expect(invocation.path == ["exporter"])
            #expect(invocation.value("log.level") == "warn")
            #expect(invocation.isGiven("log.level"))
        }
        let bare = try run("exporter")
        #expect(bare.value("log.level") == "info")
        #expect(!bare.isGiven("log.level"))
        #expect(bare.value("config.file") == nil)
        #expect(bare.value("unheard.of") == nil)
    }

    static let oddValues: [(String, String)] = [
        ("--config.file=", ""), ("--config.file=a=b", "a=b"), ("--config.file=--x", "--x"), ("--config.file=é 😀", "é 😀"),
        ("--config.file=-", "-"),
    ]

    @Test("Anything may stand behind the equals sign", arguments: oddValues)
    func oddValue(_ word: String, _ expected: String) throws { #expect(try run(word, "exporter").value("config.file") == expected) }

    @Test("The next word is the value, whatever it looks like")
    func greedyValue() throws {
        #expect(try run("--config.file", "--help", "exporter").value("config.file") == "--help")
        #expect(try run("--config.file", "--", "exporter").value("config.file") == "--")
    }

    @Test("Repeatable flags gather")
    func repetition() throws {
        let invocation = try run("exporter", "--web.listen-address", ":1", "--web.listen-address=:2")
        #expect(invocation.values("web.listen-address") == [":1", ":2"])
        #expect(invocation.value("web.listen-address") == ":2")
        #expect(try run("exporter").values("web.listen-address") == [])
        #expect(try run("exporter").value("web.listen-address") == "127.0.0.1:9221")
    }

    static let switchings: [([String], Bool)] = [
        ([], true), (["--collector.proxmox"], true), (["--no-collector.proxmox"], false), (["--collector.proxmox=false"], false),
        (["--collector.proxmox=on"], true), (["--no-collector.proxmox", "--collector.proxmox"], true),
        (["--collector.proxmox", "--no-collector.proxmox"], false),
        (["--no-collector.proxmox", "--no-collector.proxmox"], false),
    ]

    @Test("Switches have a --no- form, and the last word holds", arguments: switchings)
    func switches(_ words: [String], _ expected: Bool) throws {
        guard case .run(let invocation) = try parse(["exporter"] + words) else { throw Failure(.usage, "not to be run") }
        #expect(invocation.isOn("collector.proxmox") == expected)
        #expect(!invocation.isOn("once"))
    }

    @Test("Arguments, also behind -- where dashes mean nothing")
    func arguments() throws {
        #expect(try run("files", "rules", "/tmp").arguments == ["rules", "/tmp"])
        #expect(try run("files", "rules", "--force", "/tmp").arguments == ["rules", "/tmp"])
        #expect(try run("files", "--", "--force", "-h").arguments == ["--force", "-h"])
        #expect(try run("files", "-", "").arguments == ["-", ""])
        #expect(try !run("files", "--", "--force", "x").isOn("force"))
        #expect(try run("simulate", "proxmox").path == ["simulate", "proxmox"])
    }

    @Test("Flags that stand for settings are handed on, given ones only")
    func settings() throws {
        #expect(try run("exporter").settings.isEmpty)
        let settings = try run(
            "--log.level", "warn", "exporter", "--web.listen-address=:1", "--web.listen-address=:2", "--no-collector.proxmox", "--once"
        ).settings
        #expect(settings.map(\.name) == ["log.level", "web.listen-address", "collector.proxmox"])
        #expect(settings.map(\.path) == [["log", "level"], ["web", "listen_address"], ["collectors", "proxmox"]])
        #expect(settings.map(\.values) == [["warn"], [":1", ":2"], ["false"]])
        #expect(settings.map(\.isList) == [false, true, false])
    }

    // MARK: what is not

    static let mistakes: [([String], String)] = [
        (["exporter", "--log.levle", "x"], "unknown flag --log.levle; did you mean --log.level?"),
        (["exporter", "--zzz"], "unknown flag --zzz; see martlet exporter --help"),
        (["exporter", "-x"], "unknown flag -x; see martlet exporter --help"),
        (["exporter", "--=x"], "unknown flag --; see martlet exporter --help"),
        (["exporter", "--no-log.level"], "unknown flag --no-log.level; did you mean --log.level?"),
        (["exporter", "--no-zzz"], "unknown flag --no-zzz; see martlet exporter --help"),
        (["--once", "exporter"], "unknown flag --once; see martlet --help"),
        (["exporter", "--log.level"], "--log.level needs a value; see martlet exporter --help"),
        (["exporter", "--log.level", "a", "--log.level", "b"], "--log.level is given twice; see martlet exporter --help"),
        (["--log.level=a", "exporter", "--log.level=a"], "--log.level is given twice; see martlet exporter --help"),
        (["exporter", "--once=maybe"], "--once is a switch and takes no value, or true or false; see martlet exporter --help"),
        (["exporter", "--once="], "--once is a switch and takes no value, or true or false; see martlet exporter --help"),
        (["exporter", "--no-once=false"], "--no-once takes no value; see martlet exporter --help"),
        (["exporter", "--no-once=true"], "--no-once takes no value; see martlet exporter --help"),
        (["exporter", "extra"], "unexpected argument \"extra\"; see martlet exporter --help"),
        (["exporter", "exporter"], "unexpected argument \"exporter\"; see martlet exporter --help"),
        (["exportre"], "unknown command \"exportre\"; did you mean exporter?"),
        (["zzz"], "unknown command \"zzz\"; see martlet --help"),
        ([""], "unknown command \"\"; see martlet --help"),
        (["simulate", "proxmocks"], "unknown command \"proxmocks\"; did you mean proxmox?"),
        (["simulate", "zzz"], "unknown command \"zzz\"; see martlet simulate --help"),
        (["files"], "KIND is missing; see martlet files --help"),
        (["files", "rules"], "DIR is missing; see martlet files --help"),
        (["files", "a", "b", "c"], "unexpected argument \"c\"; see martlet files --help"),
    ]

    @Test("A mistake is told with the way out", arguments: mistakes)
    func mistake(_ words: [String], _ expected: String) { #expect(message(.usage) { try parse(words) } == expected) }

    // MARK: help

    private func help(_ words: String...) throws -> String? {
        guard case .help(let text) = try parse(words) else { return nil }
        return text
    }

    @Test("--version and --help, wherever they stand")
    func versionAndHelp() throws {
        for words in [["--version"], ["exporter", "--version"], ["exporter", "--once", "--version"]] {
            guard case .version = try parse(words) else {
                Issue.record("no version: \(words)")
                continue
            }
        }
        #expect(try help("-h") == help("--help"))
        #expect(try help() == help("--help"))
        #expect(try help("simulate") == help("simulate", "--help"))
        #expect(try help("exporter", "-h")?.hasPrefix("Answers scrapes.") == true)
    }

    @Test("The program's help")
    func programHelp() throws {
        #expect(
            try help("--help") == """
                Watches a virtualisation estate.

                Usage: martlet COMMAND [FLAGS]

                Commands:
                  exporter  Answers scrapes
                  simulate  Plays an estate
                  files     Gives files away

                Flags:
                  --log.level LEVEL   What is worth a line [info]
                  --config.file FILE  Settings
                  -h, --help          Show this help
                  --version           Show the version

                """)
    }

    @Test("A command's help")
    func commandHelp() throws {
        #expect(
            try help("exporter", "--help") == """
                Answers scrapes.

                Usage: martlet exporter [FLAGS]

                Flags:
                  --log.level LEVEL             What is worth a line [info]
                  --config.file FILE            Settings
                  --web.listen-address ADDRESS  Where to listen [127.0.0.1:9221] (repeatable)
                  --[no-]collector.proxmox      Whether Proxmox is asked
                  --once                        Scrape once and end
                  -h, --help                    Show this help
                  --version                     Show the version

                """)
    }

    @Test("Help of a command with arguments; a flag too long for its column stands on a line of its own")
    func argumentHelp() throws {
        #expect(try help("files", "-h")?.contains("Usage: martlet files [FLAGS] KIND DIR\n") == true)
        let long = Command("x", "Does x", flags: [Flag("a-flag-whose-name-fills-the-whole-column", "VALUE", "Help")])
        guard case .help(let text) = try CommandLineParser(long).parse(["-h"]) else {
            Issue.record("no help")
            return
        }
        #expect(
            text.contains(
                "  --a-flag-whose-name-fills-the-whole-column VALUE\n                                        Help\n"
                    + "  -h, --help                            Show this help\n"
            ))
    }
}
