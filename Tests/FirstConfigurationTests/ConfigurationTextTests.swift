import Primitives
import ProxmoxConfiguration
import Settings
import Testing

@testable import FirstConfiguration

@Suite struct ConfigurationTextTests {
    private static let shape = SettingsShape.section([
        SettingsKey("proxmox", .section([ConfiguredClusters.key]), "Clusters.")
    ])

    private func read(_ text: String) throws -> [SettingsTree] {
        let path = "/tmp/martlet-configuration-\(UInt64.random(in: 0 ... .max)).yml"
        try Files.write(Array(text.utf8), to: path)
        defer { Files.remove(path) }
        return try SettingsTree(file: path, environment: [:], flags: [], shape: Self.shape)["proxmox"]["clusters"].sections
    }

    @Test(
        "what is written is read back, whatever the cluster calls itself",
        arguments: [
            "lab", "yes", "123", "- a: [b]", "a: b # c", "\"quoted\"", "back\\slash", "line\nbreak: x", "\u{1B}[31mred", "ü 日本 \u{1F980}",
            "%TAG", "*a", "&a",
            "!tag", "'", "{a}", "\u{2028}", "\u{FEFF}bom", "a:", "@at", "~", " blank ", "\u{85}", "\u{202E}lab",
        ])
    func names(_ name: String) throws {
        var entry = ClusterEntry(
            foundName: name, endpoints: ["https://pve1.example.org:8006", "https://[2001:db8::1]:8006"],
            trust: .fingerprints(["AB:CD", "01:02"]), tokenFile: "/home/a b/#token", token: nil)
        entry.name = name
        let clusters = try read(ConfigurationText(entries: [entry, entry]).whole)
        #expect(clusters.count == 2)
        for cluster in clusters {
            #expect(cluster["name"].text == name)
            #expect(cluster["endpoints"].texts == entry.endpoints)
            #expect(cluster["fingerprint"].texts == ["AB:CD", "01:02"])
            #expect(cluster["token_file"].text == "/home/a b/#token")
        }
    }

    @Test("the text for one node is short, and says what each key is")
    func short() {
        let entry = ClusterEntry(
            foundName: "lab", endpoints: ["https://pve1:8006"], trust: .authority(file: "/etc/martlet/pve-root-ca.pem"),
            tokenFile: "/etc/martlet/token", token: nil)
        #expect(
            ConfigurationText(entries: [entry]).entriesText == """
                    # Cluster lab
                    - endpoint: https://pve1:8006
                      # The authority that signed the nodes' certificates.
                      ca_file: /etc/martlet/pve-root-ca.pem
                      # One line, USER@REALM!NAME=SECRET; for nobody else to read.
                      token_file: /etc/martlet/token

                """)
    }

    @Test("a secret is never in it")
    func secret() {
        let entry = ClusterEntry(
            foundName: nil, endpoints: ["https://pve1:8006"], trust: .system, tokenFile: "/t", token: Secret("a@b!c=GEHEIM"))
        #expect(!ConfigurationText(entries: [entry]).whole.contains("GEHEIM"))
        #expect(!"\(entry)".contains("GEHEIM"))
    }
}
