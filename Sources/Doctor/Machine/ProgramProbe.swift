import Primitives
import Synchronization

/// A program that `martlet up` starts, or that checks what it is given.
struct ProgramProbe: Sendable {
    /// `alertmanager`
    let name: String
    /// What it may be called, Debian's name first.
    let names: [String]
    let debianPackage: String

    static let all = [
        ProgramProbe(name: "prometheus", names: ["prometheus"], debianPackage: "prometheus"),
        ProgramProbe(name: "alertmanager", names: ["prometheus-alertmanager", "alertmanager"], debianPackage: "prometheus-alertmanager"),
        ProgramProbe(
            name: "node_exporter", names: ["prometheus-node-exporter", "node_exporter"], debianPackage: "prometheus-node-exporter"),
        ProgramProbe(name: "promtool", names: ["promtool"], debianPackage: "prometheus"),
        ProgramProbe(name: "amtool", names: ["amtool"], debianPackage: "prometheus-alertmanager"),
    ]

    /// What came of looking for it.
    struct Found: Sendable, Equatable {
        /// `2.42.0+ds`; nil when it did not say.
        let version: String?
    }

    /// nil when it is not installed.
    func run(by deadline: Deadline) async -> Found? {
        guard let path = names.lazy.compactMap({ ProcessEnvironment.findProgram($0) }).first else { return nil }
        let output = await Self.output(of: path, by: deadline)
        return Found(version: output.flatMap(Self.version))
    }

    /// `prometheus, version 2.42.0+ds (branch: …`, or of the like.
    static func version(in output: String) -> String? {
        let words = output.prefix(400).split(whereSeparator: \.isWhitespace)
        guard let index = words.firstIndex(of: "version"), index + 1 < words.count else { return nil }
        return String(words[index + 1].prefix(40))
    }

    private static func output(of path: String, by deadline: Deadline) async -> String? {
        let environment = ["LC_ALL": "C", "PATH": "/usr/bin:/bin"]
        return await withCheckedContinuation { continuation in
            let once = Mutex<CheckedContinuation<String?, Never>?>(continuation)
            @Sendable func give(_ text: String?) {
                once.withLock { waiting in
                    defer { waiting = nil }
                    return waiting
                }?.resume(returning: text)
            }
            do throws(Failure) {
                try Thread.start("version") {
                    let request = ChildProcess.Request(program: path, arguments: ["--version"], environment: environment, directory: "/")
                    ChildProcess.run(request, by: deadline, outputBytes: 1 << 16, isUnwanted: { false }) { result in
                        // Some print it on stderr.
                        give((try? result.get()).map { String(decoding: $0.output + $0.errors, as: UTF8.self) })
                    }
                }
            } catch {
                give(nil)
            }
        }
    }
}
