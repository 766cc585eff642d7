import Glibc
import JSON
import Primitives
import ProviderRPC
import RPC
import SimulatedProvider

@main
struct ProviderKillBed {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count >= 3, let kind = SimulatedSettings.Kind(rawValue: words[0]) else {
            Files.writeAll(Array("usage: provider-kill-bed local|upid|moref FOLDER run SEED|resume|settle\n".utf8), to: STDERR_FILENO)
            exit(2)
        }
        do {
            try Files.makeDirectory(words[1], mode: 0o700)
            let settings = SimulatedSettings(kind, folder: words[1], taskSeconds: 0.06, pollSeconds: 0.005)
            let provider = try await SimulatedProvider(settings)
            let client = Client(InProcessTransport([provider.rpcService(), provider.engine.taskService()]))
            say("ready")
            switch words[2] {
            case "run": try await run(client, settings, seed: words.count > 3 ? words[3] : "0")
            case "resume": try await Task.sleep(for: .seconds(60))
            default: try await settle(client, settings)
            }
            await provider.shutdown(by: .after(seconds: 10))
        } catch {
            Files.writeAll(Array("provider-kill-bed: \(error)\n".utf8), to: STDERR_FILENO)
            exit(1)
        }
    }

    private static func say(_ text: String) { Files.writeAll(Array("\(text)\n".utf8), to: STDOUT_FILENO) }

    /// Two lanes, each with machines of its own, until the end of the process.
    private static func run(_ client: Client, _ settings: SimulatedSettings, seed: String) async throws {
        let ledger = try Ledger(settings.folder + "/ledger")
        // Three of four seeds meet a hypervisor that is not well: what fails must be taken back, what is not answered asked for again.
        var faults = Faults()
        switch (Int(seed) ?? 0) % 4 {
        case 1: (faults.failsAt, faults.failingKinds) = (0.5, ["clone"])
        case 2:
            faults.losesAnswers = [
                "create": 1, "clone": 1, "define": 1, "volume": 1, "snapshot": 1, "delete": 1, "undefine": 1, "power": 1,
            ]
        case 3: faults.slowness = 3
        default: break
        }
        try faults.write(to: settings.faultsFile)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in ["a", "b"] {
                group.addTask {
                    for round in 0..<1000 { try await Lane(client: client, ledger: ledger, name: "\(lane)\(seed)-\(round)").round(round) }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func settle(_ client: Client, _ settings: SimulatedSettings) async throws {
        var writer = JSONWriter()
        let entries = try Ledger.read(settings.folder + "/ledger")
        var ends: [(Ledger.Entry, String, ProviderTask)] = []
        for entry in entries {
            let answer = try await client.send(entry)
            ends.append((entry, answer, try await client.end(answer)))
        }
        writer.array { writer in
            for (entry, answer, task) in ends {
                writer.object { writer in
                    writer.member("key", entry.key)
                    writer.member("method", entry.method)
                    for (name, value) in entry.members.sorted(by: { $0.key < $1.key }) {
                        writer.key(text: name)
                        writer.string(value)
                    }
                    writer.member("answer", answer)
                    writer.member("isSame", entry.answer == nil || entry.answer == answer)
                    writer.member("wasAnswered", entry.answer != nil)
                    writer.member("state", "\(task.state)")
                    writer.member("code", Int(task.code))
                    writer.member("error", task.error)
                }
            }
        }
        say(String(decoding: writer.bytes, as: UTF8.self))
    }
}
