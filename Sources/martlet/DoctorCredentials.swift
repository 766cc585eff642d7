import Doctor
import Primitives
import ProxmoxConfiguration
import Settings

/// Credentials of clusters that whoever runs the doctor may not read, though the service may: systemd shows them to the service alone.
struct DoctorCredentials: Sendable {
    /// What is to be said of the clusters of the file; none when every credential can be read.
    let sections: [DoctorReport.Section]

    var areReadable: Bool { sections.isEmpty }

    init(_ configuration: Configuration) {
        let clusters = configuration.tree["proxmox"]["clusters"].sections.map { ($0, Self.failure(of: $0)) }
        guard clusters.contains(where: { $0.1 != nil }) else {
            sections = []
            return
        }
        sections = clusters.map { cluster, failure in
            let finding =
                failure.map { Self.problem($0.file, $0.failure, configuration.file) }
                ?? Finding("connection", .skipped, "not looked at, as the credential of another cluster of the same file cannot be read")
            return DoctorReport.Section(.cluster, Self.title(cluster), [finding])
        }
    }

    /// Of a path that is not absolute nobody knows whether it is the secret itself, so that one is left to the settings.
    private static func failure(of cluster: SettingsTree) -> (file: String, failure: Failure)? {
        guard let file = cluster.word("token_file") ?? cluster.word("password_file"), file.hasPrefix("/") else { return nil }
        do throws(Failure) {
            _ = try Files.readLine(file)
            return nil
        } catch {
            return (file, error)
        }
    }

    private static func title(_ cluster: SettingsTree) -> String {
        if let name = cluster.word("name") { return "cluster \(name)" }
        let address = cluster.word("endpoint") ?? cluster["endpoints"].elements.first?.text ?? ""
        // What stands before @ may be a password.
        return address.isEmpty || address.contains("@") ? "cluster" : "cluster at \(address)"
    }

    private static func problem(_ file: String, _ failure: Failure, _ settings: String?) -> Finding {
        let flag = settings.map { " --config.file \(AccountCommands.word(Files.absolute($0)))" } ?? ""
        let again = Finding.Remedy(
            .here, "run the doctor as root, or as the user that the exporter runs as", lines: ["sudo martlet doctor\(flag)"])
        var remedies = [again]
        let parts = file.split(separator: "/")
        if parts.count > 3, parts.starts(with: ["run", "credentials"]) {
            let unit = AccountCommands.word(String(parts[2]))
            remedies = [
                Finding.Remedy(.here, "systemd has the file there only while the service runs", lines: ["systemctl start \(unit)"]), again,
            ]
        }
        return Finding("credential", .problem, failure.message, remedies: remedies)
    }
}
