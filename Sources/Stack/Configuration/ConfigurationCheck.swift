import Glibc
import Primitives

/// Lets promtool and amtool read what was written, so that a mistake shows before anything is started.
struct ConfigurationCheck {
    /// Where the checkers are; those that are not installed are left out.
    let programs: ProgramNames.Found
    /// What they see of our environment.
    let environment: [String: String]
    /// Where the files are.
    let state: StatePaths
    /// Not to be repeated in an error.
    var secrets: [Secret] = []

    /// Errors: the checker's own words, in one line. Blocks its thread.
    func run(alertmanagerConfiguration: String) throws(Failure) {
        if let promtool = programs.promtool {
            try run(promtool, ["check", "config", state.prometheusConfiguration])
        }
        if let amtool = programs.amtool {
            try run(amtool, ["check-config", alertmanagerConfiguration])
        }
    }

    private func run(_ program: String, _ arguments: [String]) throws(Failure) {
        let file = state.path("run/check.out")
        let output = try ChildProcess.openOutput(file, appending: false)
        defer {
            close(output)
            Files.remove(file)
        }
        let child = try ChildProcess(
            starting: ChildProcess.Request(program: program, arguments: arguments, environment: environment), output: output)
        guard let end = child.waitForEnd(until: .after(seconds: 30)) else {
            child.signalGroup(SIGKILL)
            _ = child.waitForEnd(until: .after(seconds: 5))
            throw Failure(.timeout, "\(program) did not finish checking \(arguments.last ?? "") within 30 s")
        }
        if end == .exited(status: 0) { return }
        let written = String(decoding: try Files.read(file), as: UTF8.self)
        let words = Self.complaint(in: written, hiding: secrets) ?? "\(end)"
        let name = program.split(separator: "/").last.map(String.init) ?? program
        throw Failure(.configuration, "\(name) refuses \(arguments.last ?? ""): \(words)")
    }

    /// What the checker complains of: the text behind `FAILED:` and the indented lines below it, in one line of bounded length.
    static func complaint(in output: String, hiding secrets: [Secret] = []) -> String? {
        var output = output
        for secret in secrets where !secret.isEmpty { output.replace(secret.reveal(), with: "\(secret)") }
        var parts: [String] = []
        var isComplaint = false
        for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
            if let words = line.firstRange(of: "FAILED:") {
                isComplaint = true
                parts.append(trimmed(line[words.upperBound...]))
            } else if isComplaint, line.hasPrefix("    ") {
                parts.append(trimmed(line))
            } else {
                isComplaint = false
            }
        }
        if parts.isEmpty { parts = output.split(separator: "\n").suffix(1).map(trimmed) }
        let text = parts.filter { !$0.isEmpty }.joined(separator: "; ")
        return text.isEmpty ? nil : text.count > 400 ? "\(text.prefix(400)) …" : text
    }

    private static func trimmed(_ line: Substring) -> String {
        var line = line.drop { $0.isWhitespace }
        while line.last?.isWhitespace == true { line.removeLast() }
        return String(line)
    }
}
