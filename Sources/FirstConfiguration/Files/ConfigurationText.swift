/// The text of a first `martlet.yml`.
struct ConfigurationText: Sendable {
    let entries: [ClusterEntry]

    /// The whole file.
    var whole: String {
        """
        # Settings of martlet, written by martlet init. A change is taken over on SIGHUP or POST /-/reload.
        # Every key: docs/settings.md, or martlet settings.
        proxmox:
          # One entry for each cluster, or node without a cluster.
          clusters:

        """ + entriesText
    }

    /// The entries alone, as they stand below `clusters:`.
    var entriesText: String { entries.map { Self.lines(of: $0).map { "    \($0)\n" }.joined() }.joined() }

    private static func lines(of entry: ClusterEntry) -> [String] {
        var lines: [String] = []
        if let found = entry.foundName { lines.append("# Cluster \(scalar(found))") }
        var keys: [String] = []
        if let name = entry.name {
            keys += ["# Value of the label cluster, in place of the cluster's own name.", "name: \(scalar(name))"]
        }
        if entry.endpoints.count == 1 {
            keys += ["endpoint: \(scalar(entry.endpoints[0]))"]
        } else {
            keys += ["# When one does not answer, the next is asked.", "endpoints:"] + entry.endpoints.map { "  - \(scalar($0))" }
        }
        switch entry.trust {
        case .system: break
        case .authority(let file): keys += ["# The authority that signed the nodes' certificates.", "ca_file: \(scalar(file))"]
        case .fingerprints(let texts):
            keys += ["# SHA-256 of the certificate: exactly this one is trusted. A renewed certificate has another."]
            keys += texts.count == 1 ? ["fingerprint: \(scalar(texts[0]))"] : ["fingerprint:"] + texts.map { "  - \(scalar($0))" }
        }
        keys += ["# One line, USER@REALM!NAME=SECRET; for nobody else to read.", "token_file: \(scalar(entry.tokenFile))"]
        return lines + keys.enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
    }

    /// A text as YAML reads it back, whatever is in it.
    static func scalar(_ text: String) -> String {
        let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        let isLetter = { (byte: UInt8) in (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "/") }
        let isPlain =
            text.utf8.first.map(isLetter) == true && !words.contains(text.lowercased()) && text.utf8.last != UInt8(ascii: ":")
            && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || ".-_:".utf8.contains($0) }
        if isPlain { return text }
        var line = "\""
        for letter in text.unicodeScalars {
            switch letter {
            case "\"", "\\": line += "\\\(letter)"
            case _ where letter.isASCII && letter.value >= 0x20 && letter.value < 0x7F: line.unicodeScalars.append(letter)
            default: line += escape(letter.value)
            }
        }
        return line + "\""
    }

    private static func escape(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        let (mark, width) = value <= 0xFF ? ("x", 2) : value <= 0xFFFF ? ("u", 4) : ("U", 8)
        return "\\\(mark)" + String(repeating: "0", count: width - digits.count) + digits
    }
}
