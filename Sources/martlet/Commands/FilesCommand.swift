import Glibc
import Primitives
import Settings
import Stack
import Web

/// `martlet files export DIR`
enum FilesCommand {
    static let command = Command(
        "files", "The files that the stack ships: rules, configuration, boards",
        commands: [
            Command(
                "export",
                "Writes them into a folder, for programs that run elsewhere, as in containers, at the addresses that they have there; "
                    + "rules_dir and config_file of the settings are copied in place of the shipped files, as they stand",
                flags: [
                    Configuration.fileFlag, Flag("prometheus.address", "HOST:PORT", "Where Prometheus is", standard: "127.0.0.1:9090"),
                    Flag("alertmanager.address", "HOST:PORT", "Where Alertmanager is", standard: "127.0.0.1:9093"),
                    Flag("exporter.address", "HOST:PORT", "Where the exporter is", standard: "127.0.0.1:9221"),
                    Flag("discovery.address", "HOST:PORT", "Where discovery is", standard: "127.0.0.1:8000"),
                    Flag("llm-exporter.address", "HOST:PORT", "Where an exporter beside servers of language models is, if there is one"),
                    Flag("llm-exporter.cluster", "NAME", "Cluster of its machine, as logs of that name it; without it, the machine's name"),
                    Flag("llm-exporter.node", "NAME", "Name of its machine, likewise", standard: FilesExport.ModelHost.standardNode),
                    Flag(
                        "grafana.url", "URL", "Where people open Grafana; alerts lead there", standard: StackSettings.standardDashboardsURL),
                    Flag(
                        "webhook.url", "URL",
                        "Where notifications go; any but this closes DIR/alertmanager to all but its owner and group, and a command line can be "
                            + "read by all", standard: FilesExport.shippedWebhook),
                    Flag("webhook.url-file", "FILE", "File from which Alertmanager 0.26 or newer reads that URL, by its path there"),
                    Flag(
                        "deadman.url-file", "FILE",
                        "The same of the URL that is called as long as alerting works; an empty file is none"),
                    Flag(
                        "grafana.password-file", "FILE",
                        "Writes a random password there, unless one is there already, into a folder that is closed to other users"),
                ], arguments: ["DIR"])
        ])

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        var export = FilesExport(directory: invocation.arguments.first ?? "")
        export.prometheus = try address("prometheus.address", invocation)
        export.alertmanager = try address("alertmanager.address", invocation)
        export.exporter = try address("exporter.address", invocation)
        export.discovery = try address("discovery.address", invocation)
        if invocation.value("llm-exporter.address") != nil {
            // Empty where a variable of Compose is not set.
            func word(_ flag: String, orElse standard: String) -> String {
                invocation.value(flag).flatMap { $0.isEmpty ? nil : $0 } ?? standard
            }
            let node = word("llm-exporter.node", orElse: FilesExport.ModelHost.standardNode)
            export.modelHost = FilesExport.ModelHost(
                address: try address("llm-exporter.address", invocation), cluster: word("llm-exporter.cluster", orElse: node), node: node)
        }
        export.grafana = try url("grafana.url", invocation)
        export.webhook = try url("webhook.url", invocation)
        export.webhookFile = try path("webhook.url-file", invocation)
        if let file = try path("deadman.url-file", invocation), try !Files.readLine(file).isEmpty { export.deadmanFile = file }
        try StackSettings(try Configuration(invocation).tree["stack"], invocation).adjust(&export)
        // Whatever the shell's mask is: programs of other users read these files.
        umask(0o022)
        try export.write()
        if let file = invocation.value("grafana.password-file") { try writePassword(file) }
        var words = "written to \(Files.absolute(export.directory))\n"
        if let folder = export.closedFolder {
            words += "\(folder) may hold a secret: only its owner and its group get in, and Alertmanager's user must be one of them\n"
        }
        Program.finish(words)
    }

    /// A host, a name perhaps, and a port.
    private static func address(_ flag: String, _ invocation: CommandLineParser.Invocation) throws(Failure) -> String {
        let text = invocation.value(flag) ?? ""
        let port = text.lastIndex(of: ":").map { text[text.index(after: $0)...] } ?? ""
        let host = text.dropLast(port.count + 1)
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard isPlain(text), !host.isEmpty, isBracketed || !host.contains(":"), !text.contains("/"), !text.contains("@"),
            port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port), number > 0
        else {
            throw Failure(.usage, "--\(flag): expected HOST:PORT, as in prometheus:9090, not \"\(text.contains("@") ? "…" : text)\"")
        }
        return text
    }

    private static func url(_ flag: String, _ invocation: CommandLineParser.Invocation) throws(Failure) -> String {
        try url(invocation.value(flag) ?? "") { Failure(.usage, "--\(flag): \($0)") }
    }

    static func url(_ text: String, orElse failure: (String) -> Failure) throws(Failure) -> String {
        let rest = ["http://", "https://"].first(where: text.hasPrefix).map { text.dropFirst($0.count) }
        guard let rest, !rest.isEmpty, !rest.hasPrefix("/"), isPlain(text) else {
            // It may hold a secret, so it is not repeated.
            throw failure("expected a URL with http:// or https:// in front, and no space, quote or #")
        }
        return text
    }

    /// Of a file, as the program sees it that reads it.
    private static func path(_ flag: String, _ invocation: CommandLineParser.Invocation) throws(Failure) -> String? {
        guard let file = invocation.value(flag) else { return nil }
        return try path(file) { Failure(.usage, "--\(flag): \($0), as in /etc/alertmanager/\(flag.prefix { $0 != "." })-url") }
    }

    static func path(_ file: String, orElse failure: (String) -> Failure) throws(Failure) -> String {
        guard file.hasPrefix("/"), isPlain(file) else { throw failure("expected an absolute path") }
        return file
    }

    /// Whether YAML takes the text as it is, wherever it stands in a line.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"'#`{}|<>\\^".utf8.contains($0) }
    }

    /// A password of 128 random bits. Its file is readable for all, as Grafana in a container is another user, and its folder is not open to all:
    /// whoever mounts one of the two into a container gives it to that container alone.
    private static func writePassword(_ file: String) throws(Failure) {
        if let present = try? Files.readLine(file), !present.isEmpty { return }
        let folder = String(Files.absolute(file).prefix(through: Files.absolute(file).lastIndex(of: "/") ?? file.startIndex))
        if !Files.exists(folder) { try Files.makeClosedDirectory(folder) }
        guard !Files.isOpenToOthers(folder) else {
            throw Failure(
                .environment,
                "--grafana.password-file: every user could read a password in \(folder); name a file in a folder that others cannot enter (chmod o=)"
            )
        }
        let halves = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }
        let password = halves.map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined()
        try Files.write(Array((password + "\n").utf8), to: file, mode: 0o444)
    }
}
