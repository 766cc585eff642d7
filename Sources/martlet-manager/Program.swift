import Objects
import Primitives
import Serving
import Settings

/// The program: reads the command line, runs one command, and turns a failure into one line and an exit status.
enum Program {
    static let name = "martlet-manager"
    static let version = Version(number: "0.1.0", revision: BuildRevision.text, swift: swiftVersion)

    private static var swiftVersion: String {
        #if compiler(>=6.4)
            "6.4 or newer"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    static let command = Command(
        name, "Manages virtual machines, through providers that each know one kind of hypervisor",
        flags: [
            Flag("log.level", "LEVEL", "debug, info, warn or error", standard: "info", setting: ["log", "level"]),
            Flag("log.format", "FORMAT", "logfmt or json", standard: "logfmt", setting: ["log", "format"]),
        ],
        commands: [ServeCommand.command] + ObjectCommands.commands + [
            ProviderCommand.command, MetricsCommand.command, SettingsCommand.command, ObjectsReferenceCommand.command,
            DefinitionsCommand.command,
        ])

    static func run() -> Never {
        Heap.setUp()
        CoreDump.forbid()
        do {
            switch try CommandLineParser(command).parse(Array(CommandLine.arguments.dropFirst())) {
            case .help(let text): ProgramEnd.finish(text)
            case .version: ProgramEnd.finish(version.line.replacingFirstWord(with: name) + "\n")
            case .run(let invocation):
                switch invocation.path.first {
                case let name? where ObjectCommands.names.contains(name): try ObjectCommands.run(invocation)
                case "serve": try ServeCommand.run(invocation)
                case "provider": try ProviderCommand.run(invocation)
                case "metrics": ProgramEnd.finish(try MetricsCommand.text(invocation))
                case "objects": ProgramEnd.finish(ObjectsReference.markdown)
                case "crds": ProgramEnd.finish(try DefinitionsCommand.text(invocation))
                default: ProgramEnd.finish(SettingsCommand.text)
                }
            }
        } catch {
            ProgramEnd.fail(error, of: name)
        }
    }
}

extension String {
    fileprivate func replacingFirstWord(with word: String) -> String { word + drop { $0 != " " } }
}
