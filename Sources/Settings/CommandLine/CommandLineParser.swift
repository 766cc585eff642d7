package import Primitives

/// Reads a command line against a tree of commands.
///
/// `--flag value`, `--flag=value`, `--switch`, `--no-switch`; flags may stand before or behind subcommands that have them.
package struct CommandLineParser: Sendable {
    /// What was asked for.
    package enum Outcome: Sendable {
        case run(Invocation)
        /// The help text, for stdout.
        case help(String)
        case version
    }

    package struct Invocation: Sendable {
        /// The commands' names below the program's: `["simulate", "proxmox"]`.
        package let path: [String]
        package let arguments: [String]
        private let values: [String: [String]]
        private let flags: [Flag]

        init(path: [String], arguments: [String], values: [String: [String]], flags: [Flag]) {
            self.path = path
            self.arguments = arguments
            self.values = values
            self.flags = flags
        }

        /// The last value given, else the flag's standard one.
        package func value(_ name: String) -> String? { values[name]?.last ?? flags.first { $0.name == name }?.standard }
        package func values(_ name: String) -> [String] { values[name] ?? [] }
        package func isGiven(_ name: String) -> Bool { values[name] != nil }
        /// A switch.
        package func isOn(_ name: String) -> Bool { value(name) == "true" }

        /// The values that go over the settings.
        package var settings: [SettingsFlagValue] {
            flags.compactMap { flag in
                guard let path = flag.setting, let given = values[flag.name] else { return nil }
                return SettingsFlagValue(name: flag.name, path: path, values: given, isList: flag.isRepeatable)
            }
        }
    }

    private let program: Command

    package init(_ program: Command) { self.program = program }

    /// - Parameter words: the command line without the program's own name. Failures are `usage`.
    package func parse(_ words: [String]) throws(Failure) -> Outcome {
        var chain = [program]
        var values: [String: [String]] = [:]
        var arguments: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                arguments += rest
                break
            }
            if word == "-h" || word == "--help" { return .help(HelpText(chain).text) }
            if word == "--version" { return .version }
            if word.hasPrefix("-"), word.count > 1 {
                try readFlag(word, &rest, chain, &values)
            } else if let current = chain.last, let next = current.commands.first(where: { $0.name == word }) {
                chain.append(next)
            } else {
                arguments.append(word)
            }
        }
        let command = chain[chain.count - 1]
        if !command.commands.isEmpty {
            guard let unknown = arguments.first else {
                return .help(HelpText(chain).text)
            }
            throw usage("unknown command \"\(unknown)\"", nearest(to: unknown, among: command.commands.map(\.name)), chain)
        }
        let most = command.arguments.count + command.optionalArguments.count
        guard arguments.count <= most || command.optionalArguments.last?.hasSuffix("...") == true else {
            throw usage("unexpected argument \"\(arguments[most])\"", nil, chain)
        }
        guard arguments.count >= command.arguments.count else {
            throw usage("\(command.arguments[arguments.count]) is missing", nil, chain)
        }
        return .run(
            Invocation(path: chain.dropFirst().map(\.name), arguments: arguments, values: values, flags: chain.flatMap(\.flags)))
    }

    private func readFlag(
        _ word: String, _ rest: inout ArraySlice<String>, _ chain: [Command], _ values: inout [String: [String]]
    ) throws(Failure) {
        var name = word.drop { $0 == "-" }
        var value: String?
        if let equals = name.firstIndex(of: "=") {
            value = String(name[name.index(after: equals)...])
            name = name[..<equals]
        }
        let flags = chain.flatMap(\.flags)
        if !word.hasPrefix("--"), let letter = name.first, let flag = flags.first(where: { $0.short == letter }),
            !flags.contains(where: { $0.name == name })
        {
            // `-n default`, `-n=default` or `-ndefault`.
            let rest = word.dropFirst(2)
            if !rest.isEmpty, value == nil || rest.first != "=" {
                guard flag.placeholder != nil else { throw usage("\(word): -\(letter) is a switch and takes no value", nil, chain) }
                value = String(rest)
            }
            name = flag.name[...]
        }
        if let flag = flags.first(where: { $0.name == name }) {
            if flag.placeholder == nil {
                guard let on = value.map(SettingsShape.flag(of:)) ?? true else {
                    throw usage("--\(name) is a switch and takes no value, or true or false", nil, chain)
                }
                values[flag.name, default: []].append(on ? "true" : "false")
                return
            }
            // A flag of ours is never meant for a value; who means it writes --flag=--value.
            if value == nil, let next = rest.first, flags.contains(where: { next == "--\($0.name)" || next.hasPrefix("--\($0.name)=") }) {
                throw usage("--\(name) needs a value, and \(next.prefix { $0 != "=" }) follows", nil, chain)
            }
            guard let given = value ?? rest.popFirst() else { throw usage("--\(name) needs a value", nil, chain) }
            guard flag.isRepeatable || values[flag.name] == nil else { throw usage("--\(name) is given twice", nil, chain) }
            values[flag.name, default: []].append(given)
            return
        }
        if name.hasPrefix("no-"), let flag = flags.first(where: { $0.name == name.dropFirst(3) && $0.placeholder == nil }) {
            guard value == nil else { throw usage("--\(name) takes no value", nil, chain) }
            values[flag.name, default: []].append("false")
            return
        }
        let switches = flags.filter { $0.placeholder == nil }.map { "no-" + $0.name }
        let near =
            nearest(to: String(name), among: name.hasPrefix("no-") ? switches : flags.map(\.name))
            ?? nearest(to: String(name), among: flags.map(\.name))
        let written = word.prefix { $0 != "=" }
        throw usage("unknown flag \(written)", near.map { "--\($0)" }, chain)
    }

    private func usage(_ message: String, _ near: String?, _ chain: [Command]) -> Failure {
        let hint = near.map { "did you mean \($0)?" } ?? "see \(chain.map(\.name).joined(separator: " ")) --help"
        return Failure(.usage, "\(message); \(hint)")
    }
}
