import Primitives
import Serving
import Settings
import Simulation
import Web

/// `martlet simulate loki`
enum SimulateLoki {
    static let command = Command(
        "loki", "Takes lines as Loki does, keeps them in memory and answers who asks for them",
        flags: [
            Flag("listen", "ADDRESS", "Where to listen", standard: "127.0.0.1:3100"),
            Flag(
                "rate-mib", "COUNT", "MiB of lines that are taken in a second; twice that at once, and as much of each stream",
                standard: "4"),
            Flag("memory-mib", "COUNT", "MiB of lines that are kept; of more the oldest go", standard: "64"),
        ],
        notes: ["PUT /api/v1/scenario says what goes wrong with pushes: 429, 500, 400, timeout, 401, 413 or 260; normal ends it."])

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        var options = LokiSimulator.Options()
        do { options.listen = try ListenAddress(parsing: invocation.value("listen") ?? "") } catch {
            throw Failure(.usage, "--listen: \(error.message)")
        }
        let rate = Double(try count("rate-mib", in: 1...4096, invocation)) * 1_048_576
        (options.limits.bytesPerSecond, options.limits.burstBytes) = (rate, 2 * rate)
        (options.limits.streamBytesPerSecond, options.limits.streamBurstBytes) = (rate, 4 * rate)
        options.limits.keptBytes = try count("memory-mib", in: 1...16_384, invocation) << 20
        let logger = Logger(
            level: invocation.value("log.level").flatMap(Logger.Level.init(rawValue:)) ?? .info,
            format: invocation.value("log.format").flatMap(Logger.Format.init(rawValue:)) ?? .logfmt)
        let ready = options
        try ServiceRunner.run { stop throws(Failure) in
            let simulator = try LokiSimulator.start(ready, logger: logger)
            logger.info("simulated Loki", ["url": simulator.address.url()])
            await stop.wait()
            await simulator.stop(withinSeconds: 2)
        }
    }

    private static func count(_ flag: String, in range: ClosedRange<Int>, _ invocation: CommandLineParser.Invocation) throws(Failure) -> Int
    {
        let text = invocation.value(flag) ?? ""
        guard let number = Int(text), range.contains(number) else {
            throw Failure(.usage, "--\(flag): expected a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
        }
        return number
    }
}
