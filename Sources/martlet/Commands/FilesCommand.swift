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
                "Writes them into a folder, for programs that run elsewhere, as in containers, at the addresses that they have there",
                flags: [
                    Configuration.fileFlag, Flag("prometheus.address", "HOST:PORT", "Where Prometheus is", standard: "127.0.0.1:9090"),
                    Flag("alertmanager.address", "HOST:PORT", "Where Alertmanager is", standard: "127.0.0.1:9093"),
                    Flag("exporter.address", "HOST:PORT", "Where the exporter is", standard: "127.0.0.1:9221"),
                    Flag("discovery.address", "HOST:PORT", "Where discovery is", standard: "127.0.0.1:8000"),
                    Flag("grafana.url", "URL", "Where people open Grafana; alerts lead there", standard: "http://127.0.0.1:3000"),
                    Flag("webhook.url", "URL", "Where notifications go", standard: "http://127.0.0.1:9099/alerts"),
                    Flag("webhook.url-file", "FILE", "File from which Alertmanager 0.26 or newer reads that URL, by its path there"),
                    Flag(
                        "deadman.url-file", "FILE",
                        "The same of the URL that is called as long as alerting works; an empty file is none"),
                    Flag("grafana.password-file", "FILE", "Writes a random password there, unless one is there already"),
                ], arguments: ["DIR"])
        ])

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        var export = FilesExport(directory: invocation.arguments.first ?? "")
        export.prometheus = try address("prometheus.address", invocation)
        export.alertmanager = try address("alertmanager.address", invocation)
        export.exporter = try address("exporter.address", invocation)
        export.discovery = try address("discovery.address", invocation)
        export.grafana = try url("grafana.url", invocation)
        while export.grafana.hasSuffix("/") { export.grafana.removeLast() }
        export.webhook = try url("webhook.url", invocation)
        export.webhookFile = try path("webhook.url-file", invocation)
        if let file = try path("deadman.url-file", invocation), try !Files.readLine(file).isEmpty { export.deadmanFile = file }
        try StackSettings(try Configuration(invocation).tree["stack"], invocation).adjustTexts(of: &export.plan)
        try export.write()
        if let file = invocation.value("grafana.password-file") { try writePassword(file) }
        Program.finish("written to \(Files.absolute(export.directory))\n")
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
        let text = invocation.value(flag) ?? ""
        let rest = ["http://", "https://"].first(where: text.hasPrefix).map { text.dropFirst($0.count) }
        guard let rest, !rest.isEmpty, !rest.hasPrefix("/"), isPlain(text) else {
            // It may hold a secret, so it is not repeated.
            throw Failure(.usage, "--\(flag): expected a URL with http:// or https:// in front, and no space, quote or #")
        }
        return text
    }

    /// Of a file, as the program sees it that reads it.
    private static func path(_ flag: String, _ invocation: CommandLineParser.Invocation) throws(Failure) -> String? {
        guard let file = invocation.value(flag) else { return nil }
        guard file.hasPrefix("/"), isPlain(file) else {
            throw Failure(.usage, "--\(flag): expected an absolute path, as in /etc/alertmanager/\(flag.prefix { $0 != "." })-url")
        }
        return file
    }

    /// Whether YAML takes the text as it is, wherever it stands in a line.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"'#`{}|<>\\^".utf8.contains($0) }
    }

    /// A password of 128 random bits, for whoever may read the file: it lies where only Grafana looks.
    private static func writePassword(_ file: String) throws(Failure) {
        if let present = try? Files.readLine(file), !present.isEmpty { return }
        let halves = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }
        let password = halves.map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined()
        try Files.write(Array((password + "\n").utf8), to: file, mode: 0o444)
    }
}
