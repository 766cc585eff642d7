import CollectorConformance
import Glibc
import Primitives

@testable import GPUCollector

/// A helper that is a shell script, in a folder of its own.
struct ScriptedHelper {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// - Parameter script: what it does; `say` prints a line of the file of that name.
    func supervisor(_ script: String, lines: [String: ReaderLine] = [:], stuckAfter: Double = 0.5, silence: Double = 30) throws
        -> ReaderSupervisor
    {
        for (name, line) in lines { try Files.write(line.bytes, to: "\(folder.path)/\(name)") }
        let text = "cd '\(folder.path)'\nsay() { cat \"$1\"; }\necho $$ >> pids\n\(script)\n"
        return ReaderSupervisor(
            ReaderSupervisor.Options(
                program: "/bin/sh", arguments: ["-c", text], environment: ["PATH": "/usr/bin:/bin"], stuckAfterSeconds: stuckAfter,
                silenceSeconds: silence))
    }

    /// Of all helpers that were started, in order.
    var pids: [Int32] {
        guard let bytes = try? Files.read("\(folder.path)/pids") else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
    }

    static func hello(_ cards: [String], code: Int32 = 0) -> ReaderLine {
        var hello = ReaderLine.Hello(code: code)
        (hello.driverVersion, hello.cudaVersion, hello.cards, hello.count) = ("575.57.08", "12.8", cards, cards.count)
        if code != 0 { hello.reason = "nvmlInitWithFlags: \(ReturnCode(code))" }
        return .hello(hello)
    }

    static func card(_ uuid: String, index: Int = 0) -> ReaderLine {
        var identity = CardIdentity(uuid: uuid, index: index)
        (identity.name, identity.minorNumber) = ("NVIDIA H200", index)
        return .card(CardSample(identity: identity, facts: [.power: 300, .utilization: 0.5]))
    }
}

/// Waits for what another thread does; the last answer after ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        usleep(10_000)
    }
    return condition()
}
