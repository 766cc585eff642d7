import Glibc
import Primitives
import Testing
import Web
import WebConfiguration

/// A file of the table.
struct ConfigurationFile: Sendable, CustomTestStringConvertible {
    private static let folder = #filePath.dropLast("ConfigurationFile.swift".count) + "Files"

    /// `good/tls`.
    let name: String

    var testDescription: String { name }

    static func all(in part: String) -> [ConfigurationFile] {
        names(in: "\(folder)/\(part)").filter { $0.hasSuffix(".yml") }.map { ConfigurationFile(name: "\(part)/\($0.dropLast(4))") }
    }

    func bytes() throws -> [UInt8] { try Files.read("\(Self.folder)/\(name).yml") }

    /// What stands behind `$2` in the file, without the cost.
    func hashes() throws -> [String] {
        let lines = String(decoding: try bytes(), as: UTF8.self).split(whereSeparator: \.isNewline)
        return lines.compactMap { line in line.firstRange(of: "$2").map { String(line[$0.upperBound...].dropFirst(5).prefix(20)) } }
            .filter { $0.count == 20 }
    }

    /// What comes of the file, in a folder that has the certificates which it names.
    func outcome() throws -> (wasRead: Bool, text: String) {
        let folder = try ConfigurationFolder()
        let path = try folder.write(try bytes())
        do {
            let configuration = try WebConfiguration(file: path)
            let lines = outline(configuration.doors) + configuration.warnings.map { "warning: \($0)" }
            return (true, folder.withoutPath(lines.isEmpty ? "nothing" : lines.joined(separator: "\n")))
        } catch {
            #expect(error.code == .configuration)
            #expect(!error.message.contains("\n"))
            return (false, folder.withoutPath(error.message))
        }
    }

    // MARK: outcomes

    static func outcomes() throws -> [String: String] {
        var outcomes: [String: String] = [:]
        var name = ""
        for line in String(decoding: try Files.read(outcomesPath), as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix("== ") {
                name = String(line.dropFirst(3))
            } else {
                outcomes[name] = (outcomes[name].map { $0 + "\n" } ?? "") + line
            }
        }
        return outcomes
    }

    static func record(_ files: [ConfigurationFile]) throws {
        let blocks = try files.map { "== \($0.name)\n\(try $0.outcome().text)\n" }
        try Files.write(Array(blocks.joined(separator: "\n").utf8), to: outcomesPath)
    }

    private static let outcomesPath = "\(folder)/outcomes.txt"

    private static func names(in folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) })
        }
        return names.sorted()
    }
}

/// A folder with certificates that are none, as nobody opens them here.
final class ConfigurationFolder {
    let path = "/tmp/martlet-web-configuration-\(UInt64.random(in: 0 ... .max))"
    private static let files: [(name: String, mode: UInt32)] = [
        ("server.crt", 0o644), ("server.key", 0o600), ("open.key", 0o644), ("ca.crt", 0o644), ("inner/server.crt", 0o644),
    ]

    init() throws {
        try Files.makeDirectory("\(path)/inner")
        for file in Self.files { try Files.write([], to: "\(path)/\(file.name)", mode: file.mode) }
    }

    deinit {
        for file in Self.files { Files.remove("\(path)/\(file.name)") }
        Files.remove("\(path)/web.yml")
        rmdir("\(path)/inner")
        rmdir(path)
    }

    /// Puts a configuration there; its path.
    func write(_ bytes: [UInt8], mode: UInt32 = 0o644) throws -> String {
        try Files.write(bytes, to: "\(path)/web.yml", mode: mode)
        return "\(path)/web.yml"
    }

    /// The folder's random name must not be part of what a test compares.
    func withoutPath(_ text: String) -> String {
        text.split(separator: "\(path)/", omittingEmptySubsequences: false).joined()
    }
}

/// Settings as lines of text, for comparisons; what is as it is by itself is left out.
func outline(_ doors: DoorSettings) -> [String] {
    var lines: [String] = []
    if let tls = doors.tls {
        lines.append("certificate \(text(tls.certificate)), key \(text(tls.key))")
        if tls.clientAuthentication != .none { lines.append("clients \(tls.clientAuthentication)") }
        if let authorities = tls.clientAuthorities { lines.append("authorities \(text(authorities))") }
        if !tls.allowedNames.isEmpty { lines.append("names \(tls.allowedNames.joined(separator: ", "))") }
        if !tls.prefersServerCipherSuites { lines.append("the client's order counts") }
        let standard = try? TLSSettings(certificate: tls.certificate, key: tls.key).priority
        if let priority = try? tls.priority, priority != standard { lines.append(priority) }
    }
    lines += doors.headers.map { "\($0.name): \($0.value)" }
    lines += doors.users.sorted { $0.key < $1.key }.map { "user \"\($0.key)\", cost \($0.value.cost), \($0.value)" }
    if !doors.openPaths.isEmpty { lines.append("open \(doors.openPaths.sorted().joined(separator: ", "))") }
    if let limit = doors.rateLimit { lines.append("one request in \(limit.intervalSeconds) s, \(limit.burst) at once") }
    return lines
}

private func text(_ material: TLSSettings.Material) -> String {
    switch material {
    case .file(let path): "in \(path)"
    case .inline(let text): "here, \(text.reveal().utf8.count) bytes"
    }
}
