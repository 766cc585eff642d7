import GPUCollector
import Primitives
import Serving
import Settings

/// The program: reads the command line, runs one command, and turns a failure into one line and an exit status.
enum Program {
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
        "martlet", "Watches virtual machines, GPUs and LLM servers for Prometheus",
        flags: [
            Flag("log.level", "LEVEL", "debug, info, warn or error", standard: "info", setting: ["log", "level"]),
            Flag("log.format", "FORMAT", "logfmt or json", standard: "logfmt", setting: ["log", "format"]),
        ],
        commands: [
            UpCommand.command, ExporterCommand.command, DiscoveryCommand.command, DashboardsCommand.command, LogsCommand.command,
            DoctorCommand.command,
            InitCommand.command,
            SimulateCommand.command, MetricsCommand.command, SettingsCommand.command, FilesCommand.command, HealthCommand.command,
        ])

    static func run() -> Never {
        Heap.setUp()
        CoreDump.forbid()
        do {
            let words = Array(CommandLine.arguments.dropFirst())
            switch try CommandLineParser(words.first == NVMLReader.command ? NVMLReaderCommand.program : command).parse(words) {
            case .help(let text): finish(text)
            case .version: finish(version.line + "\n")
            case .run(let invocation): try run(invocation)
            }
        } catch {
            fail(error)
        }
    }

    private static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        switch invocation.path.first {
        case "exporter": try ExporterCommand.run(invocation)
        case "discovery": try DiscoveryCommand.run(invocation)
        case "dashboards": try DashboardsCommand.run(invocation)
        case "logs": try LogsCommand.run(invocation)
        case "doctor": try DoctorCommand.run(invocation)
        case "init": try InitCommand.run(invocation)
        case "up": try UpCommand.run(invocation)
        case "simulate": try SimulateCommand.run(invocation)
        case "metrics": finish(try MetricsCommand.text(invocation))
        case "files": try FilesCommand.run(invocation)
        case "health": try HealthCommand.run(invocation)
        case NVMLReader.command: try NVMLReaderCommand.run(invocation)
        default: finish(try SettingsCommand.text(invocation))
        }
    }

    static func finish(_ text: String) -> Never { ProgramEnd.finish(text) }

    static func fail(_ failure: Failure) -> Never { ProgramEnd.fail(failure, of: command.name) }

    static func leave(_ status: Int32) -> Never { ProgramEnd.leave(status) }
}
