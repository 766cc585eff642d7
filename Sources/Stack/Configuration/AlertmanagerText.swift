import Primitives

/// Alertmanager's shipped configuration with what a person asked to be different, line by line.
struct AlertmanagerText {
    private var lines: [String]

    /// - Parameter shipped: the file as it stands in the repository, or with its addresses replaced.
    init(_ shipped: String) { lines = shipped.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

    /// The text of a plan.
    static func adjusted(_ shipped: String, _ plan: StackPlan) -> String {
        var text = AlertmanagerText(shipped)
        if let mail = plan.mail { text.fill(mail, passwordFile: Self.passwordFile(plan)) } else { text.leaveOut("mail") }
        if let window = plan.backupWindow { text.set(window) }
        if let url = plan.deadmanURL { text.call(url) }
        return text.lines.joined(separator: "\n")
    }

    /// The path of our file of the password, below the state directory.
    static let ownPasswordFile = "alertmanager/mail-password"

    /// The file that Alertmanager reads the password from.
    private static func passwordFile(_ plan: StackPlan) -> String {
        guard plan.mail?.barePassword == nil else { return StatePaths(root: Files.absolute(plan.stateDirectory)).path(ownPasswordFile) }
        return Files.absolute(plan.mail?.login?.passwordFile ?? "")
    }

    private mutating func fill(_ mail: StackPlan.Mail, passwordFile: String) {
        replace("  smtp_smarthost: ", by: ["  smtp_smarthost: \(yaml(mail.smarthost))"])
        replace("  smtp_from: ", by: ["  smtp_from: \(yaml(mail.from))"])
        var security = ["  smtp_require_tls: \(mail.demandsStartTLS)"]
        if let login = mail.login {
            security += [
                "  smtp_auth_username: \(yaml(login.username))",
                "  smtp_auth_password_file: \(yaml(passwordFile))",
            ]
        }
        replace("  smtp_require_tls: ", by: security)
        replace("      - to: ", by: ["      - to: \(yaml(mail.to))"])
    }

    /// Without hours in which somebody is muted, neither they nor the route that names them may stand there: Alertmanager takes no
    /// empty interval, and one without times is always.
    private mutating func set(_ window: BackupWindow) {
        guard window != .none else { return leaveOut("backup window") }
        guard let times = lines.firstIndex(of: "        times:") else { return }
        let end = lines[(times + 1)...].firstIndex { !$0.hasPrefix("          ") } ?? lines.endIndex
        let ranges = window.ranges.flatMap { ["          - start_time: '\($0.start)'", "            end_time: '\($0.end)'"] }
        lines.replaceSubrange((times + 1)..<end, with: ranges)
    }

    /// An end is no news to who waits for a call.
    private mutating func call(_ url: Secret) {
        replace(
            "  - name: deadman",
            by: ["  - name: deadman", "    webhook_configs:", "      - url: \(yaml(url.reveal()))", "        send_resolved: false"])
    }

    /// Replaces the one line that begins so.
    private mutating func replace(_ prefix: String, by new: [String]) {
        guard let index = lines.firstIndex(where: { $0.hasPrefix(prefix) }) else { return }
        lines.replaceSubrange(index...index, with: new)
    }

    /// Takes out what stands between the comments `NAME: begin` and `NAME: end`, with them.
    private mutating func leaveOut(_ name: String) {
        var isInside = false
        lines.removeAll { line in
            let comment = line.drop { $0 == " " }
            if comment == "# \(name): begin" { isInside = true }
            defer { if comment == "# \(name): end" { isInside = false } }
            return isInside
        }
    }
}

/// A JSON string, which is also one of YAML.
func yaml(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.append(quoted: text)
    return String(decoding: bytes, as: UTF8.self)
}
