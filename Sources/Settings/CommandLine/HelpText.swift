/// The help of a command, as `--help` prints it.
struct HelpText {
    private let chain: [Command]

    /// - Parameter chain: the program, then each command down to the one asked about.
    init(_ chain: [Command]) { self.chain = chain }

    var text: String {
        guard let command = chain.last else { return "" }
        var usage = chain.map(\.name).joined(separator: " ")
        if !command.commands.isEmpty { usage += " COMMAND" }
        usage += " [FLAGS]"
        for argument in command.arguments { usage += " \(argument)" }
        for argument in command.optionalArguments { usage += " [\(argument)]" }
        var lines = [command.summary + ".", "", "Usage: " + usage]
        if !command.commands.isEmpty {
            lines += ["", "Commands:"] + columns(command.commands.map { ($0.name, $0.summary) })
        }
        let flags = chain.flatMap(\.flags).map { flag in
            var left = flag.placeholder == nil && flag.standard == "true" ? "--[no-]\(flag.name)" : "--\(flag.name)"
            if let short = flag.short { left = "-\(short), " + left }
            if let placeholder = flag.placeholder { left += " " + placeholder }
            var right = flag.help
            if let standard = flag.standard, flag.placeholder != nil { right += " [\(standard)]" }
            if flag.isRepeatable { right += " (repeatable)" }
            return (left, right)
        }
        lines += ["", "Flags:"] + columns(flags + [("-h, --help", "Show this help"), ("--version", "Show the version")])
        if !command.notes.isEmpty { lines += [""] + command.notes }
        return lines.joined(separator: "\n") + "\n"
    }

    private func columns(_ rows: [(String, String)]) -> [String] {
        let width = min(36, rows.map(\.0.count).max() ?? 0)
        return rows.map { left, right in
            let gap =
                left.count > width ? "\n" + String(repeating: " ", count: width + 4) : String(repeating: " ", count: width + 2 - left.count)
            return "  " + left + gap + right
        }
    }
}
