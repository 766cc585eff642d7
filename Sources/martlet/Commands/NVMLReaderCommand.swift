import GPUCollector
import Primitives
import Settings

/// `martlet nvml-reader`: what the GPU collector runs to call NVIDIA's library. It is in no help, as nobody starts it by hand.
enum NVMLReaderCommand {
    static let program = Command(
        "martlet", "Watches virtual machines, GPUs and LLM servers for Prometheus",
        commands: [
            Command(
                NVMLReader.command, "Calls NVIDIA's library and prints what it says, as lines of JSON",
                flags: [
                    Flag("interval", "SECONDS", "Time between two samples of a card", standard: "5"),
                    Flag("library", "FILE", "The library", standard: ""),
                    Flag("root", "DIR", "Where the driver's files are looked for", standard: ""),
                    Flag("survey", "BOOL", "Only says which cards answer, and leaves", standard: "false"),
                ])
        ])

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        var options = NVMLReader.Options()
        guard let seconds = invocation.value("interval").flatMap(Double.init), (0.1...3600).contains(seconds) else {
            throw Failure(.usage, "--interval: expected seconds from 0.1 to 3600")
        }
        options.intervalSeconds = seconds
        options.library = invocation.value("library").flatMap { $0.isEmpty ? nil : $0 }
        options.fileSystemRoot = invocation.value("root") ?? ""
        options.isSurvey = invocation.value("survey") == "true"
        NVMLReader.run(options)
    }
}
