import Glibc
import Primitives
import Serving
import Settings
import Simulation
import Web

/// `martlet simulate llm`
enum SimulateLLMCommand {
    static let kinds = LLMKind.allCases.map(\.rawValue).joined(separator: ", ")

    static let command = Command(
        "llm", "Simulates servers of language models: metrics, health, models, streams of tokens",
        flags: [
            Flag(
                "listen", "ADDRESS", "Where the first server listens; the others have the ports after it, Triton three",
                standard: "127.0.0.1:18301"),
            Flag("control", "ADDRESS", "Where scenarios and faults are set", standard: "127.0.0.1:18300"),
            Flag(
                "servers", "LIST", "Kinds of servers with commas between them, and how many of each, as in vllm:2,ollama: \(kinds)",
                standard: "vllm"),
            Flag("kind", "LIST", "Another name of --servers, over which it goes"),
            Flag("server-version", "AGE", "new, or old: names of metrics were others then", standard: LLMVersion.new.rawValue),
            Flag("loki", "URL", "A Loki that gets the lines that the servers write"),
            Flag("model", "NAME", "Model of all servers, or several with commas, in place of their own"),
            Flag("cards", "COUNT", "Cards of the machine that they work on, 1 to 16, as of simulate gpu", standard: "8"),
            Flag(
                "profile", "NAME", "What its cards are for: \(GPUProfile.allCases.map(\.rawValue).joined(separator: ", "))",
                standard: GPUProfile.mixed.rawValue),
            Flag("time", "UNIXSECONDS", "Shows the servers as of this one moment; they do not move"),
        ] + SimulateCommand.world)

    static func run(_ values: SimulateCommand.Values) throws(Failure) -> Never {
        var options = LLMSimulator.Options()
        options.listen = try values.address("listen")
        options.control = try values.address("control")
        options.kinds = try kinds(values)
        guard let age = LLMVersion(rawValue: values.text("server-version")) else {
            throw Failure(.usage, "--server-version: expected old or new, not \"\(values.text("server-version"))\"")
        }
        options.age = age
        options.models = values.optional("model").map { $0.split(separator: ",").map(String.init) } ?? []
        options.lokiURL = values.optional("loki")
        options.cards = try values.count("cards", in: 1...16)
        options.profile = try values.profile("profile")
        options.cluster = values.text("cluster")
        options.nodes = try values.count("nodes", in: 1...1000)
        options.guests = try values.count("guests", in: 0...100_000)
        options.seed = UInt64(try values.count("seed", in: 0...Int.max))
        options.worldDirectory = values.optional("world")
        if values.optional("time") != nil {
            options.clock = .fixed(Double(try values.count("time", in: 0...4_100_000_000)))
            options.isStill = true
        }
        try readEnvironment(into: &options)
        let (ready, logger) = (options, values.logger)
        try ServiceRunner.run { stop throws(Failure) in
            let simulator = try await LLMSimulator.start(ready, logger: logger)
            for server in simulator.servers {
                logger.info(
                    "simulated server",
                    [
                        "url": server.address.url(), "kind": server.kind.rawValue, "version": server.version, "name": server.name,
                        "model": server.models.joined(separator: ","), "metrics": (server.metricsAddress ?? server.address).url(),
                    ])
            }
            logger.info("their scenarios and faults", ["url": simulator.address.url()])
            await stop.wait()
            await simulator.stop(withinSeconds: 2)
        }
    }

    /// `vllm:2,ollama` of one flag or the other.
    private static func kinds(_ values: SimulateCommand.Values) throws(Failure) -> [LLMKind] {
        let flag = values.optional("kind") == nil ? "servers" : "kind"
        var kinds: [LLMKind] = []
        for word in values.text(flag).split(separator: ",", omittingEmptySubsequences: false) {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 2, let count = parts.count == 2 ? Int(parts[1]) : 1, (1...64).contains(count), let name = parts.first
            else {
                throw Failure(
                    .usage, "--\(flag): expected kinds with commas between them, as in vllm:2,ollama, not \"\(values.text(flag))\"")
            }
            do throws(Failure) {
                kinds += [LLMKind](repeating: try LLMKind(named: name), count: count)
            } catch {
                throw Failure(.usage, "--\(flag): \(error.message)")
            }
        }
        return kinds
    }

    /// What simulations are told by variables where they run in containers.
    private static func readEnvironment(into options: inout LLMSimulator.Options) throws(Failure) {
        switch variable("MOCK_MODE") {
        case nil, "full": break
        case "partial": options.leavesOutTaken = true
        case "disabled":
            print("MOCK_MODE=disabled: nothing is simulated")
            exit(0)
        case let word?: throw Failure(.usage, "MOCK_MODE: expected full, partial or disabled, not \"\(word)\"")
        }
        options.scenario = variable("MOCK_SCENARIO")
        if let text = variable("MOCK_UPDATE_INTERVAL") {
            guard let seconds = Double(text), (0...3600).contains(seconds) else {
                throw Failure(.usage, "MOCK_UPDATE_INTERVAL: expected seconds from 0 to 3600, not \"\(text)\"")
            }
            options.updateSeconds = seconds
        }
    }

    private static func variable(_ name: String) -> String? {
        guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return nil }
        return text
    }
}
