import Primitives
import Settings

enum UpCommand {
    static let command = Command("up", "Runs the whole stack on this machine")
    static let shape = SettingsShape.section([])
    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never { Program.finish("") }
}
enum SimulateCommand {
    static let command = Command("simulate", "Runs simulated infrastructure")
    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never { Program.finish("") }
}
