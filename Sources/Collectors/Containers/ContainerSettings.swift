package import Primitives
package import Settings

/// The section `containers` of the settings.
package struct ContainerSettings: Sendable {
    /// The Unix socket of Docker or Podman; nil looks where they have theirs.
    package var engineSocket: String?
    package var hasCAdvisorNames = false
    /// Labels of containers that `_info` shows.
    package var labels = Self.standardLabels
    /// Most series of containers in a scrape.
    package var limit = 20_000
    /// Control groups that count as containers beside those that are, with `*` for any letters.
    package var cgroups: [String] = []

    static let standardLabels = ["com.docker.compose.project", "com.docker.compose.service"]
    private static let labelLimit = 20

    package init() {}

    /// What may stand in the section beside `enabled`.
    package static let keys = [
        SettingsKey(
            "engine_socket", .text,
            "The Unix socket of Docker or Podman, an absolute path, which is only read; none asks no engine, and names stay ids.",
            standard: "the first of /run/docker.sock, /var/run/docker.sock and /run/podman/podman.sock"),
        SettingsKey("cadvisor_names", .flag, "Also write the families that dashboards for cAdvisor read.", standard: "false"),
        SettingsKey(
            "labels", .texts, "Labels of containers that llm_monitor_container_info shows, as label_NAME; at most \(labelLimit).",
            standard: standardLabels.joined(separator: ", ")),
        SettingsKey(
            "limit", .integer(100...1_000_000),
            "Most series of containers in a scrape; families past it are left out whole, the last of the reference first, and counted.",
            standard: "20000"),
        SettingsKey(
            "cgroups", .texts,
            "Control groups that count as containers too, as in system.slice/ollama.service; * stands for any letters."),
    ]

    /// - Parameter tree: the section `containers`.
    package init(_ tree: SettingsTree) throws(Failure) {
        engineSocket = tree.word("engine_socket")
        if let path = engineSocket, path != "none", !path.hasPrefix("/") || path.utf8.count > 107 {
            throw tree["engine_socket"].failure(
                "engine_socket: \(quoted(path)) is no absolute path of at most 107 bytes; write it from the root, as in /run/docker.sock")
        }
        hasCAdvisorNames = tree["cadvisor_names"].flag ?? false
        labels = tree["labels"].texts ?? Self.standardLabels
        guard labels.count <= Self.labelLimit else {
            throw tree["labels"].failure("labels: \(labels.count) labels are named; \(Self.labelLimit) may be")
        }
        let names = labels.map(Self.labelName)
        for (index, name) in names.enumerated() where names[..<index].contains(name) {
            throw tree["labels"].failure("labels: \(quoted(labels[index])) would be a second \(name); name it once")
        }
        limit = tree["limit"].integer ?? 20_000
        cgroups = (tree["cgroups"].texts ?? []).map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }
    }

    /// `com.docker.compose.project` becomes `label_com_docker_compose_project`.
    static func labelName(_ name: String) -> String {
        let letters = name.utf8.map { byte -> UInt8 in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: byte
            default: UInt8(ascii: "_")
            }
        }
        return "label_" + String(decoding: letters, as: UTF8.self)
    }
}
