import CollectorConformance
import Exporting
import Primitives
import Settings
import Testing

@testable import LibvirtCollector

@Suite struct SettingsTests {
    private static func settings(_ yaml: String) throws -> LibvirtSettings {
        let folder = try TemporaryFolder()
        try folder.write("martlet.yml", yaml)
        let tree = try SettingsTree(
            file: "\(folder.path)/martlet.yml", environment: [:], flags: [], shape: .section([LibvirtDefinition.section]))
        return try LibvirtSettings(tree["libvirt"])
    }

    @Test func `without a word it is QEMU of this machine`() throws {
        let settings = try Self.settings("")
        #expect(settings.uris == [HypervisorURI(verbatim: "qemu:///system")] && !settings.isNamed && settings.intervalSeconds == 15)
    }

    @Test func `what may be said`() throws {
        let settings = try Self.settings(
            "libvirt: {uris: [qemu:///system, 'qemu+tls://kvm2/system'], interval: 30s, timeout: 3s, connections: 2, threads_given_up: 6}")
        #expect(settings.uris.map(\.label) == ["qemu:///system", "qemu+tls://kvm2/system"] && settings.isNamed)
        #expect(settings.intervalSeconds == 30 && settings.timeoutSeconds == 3 && settings.connections == 2 && settings.threadLimit == 6)
    }

    @Test(arguments: [
        ("qemu:///system", "qemu:///system"), ("qemu+ssh://root@kvm2/system?keyfile=/k", "qemu+ssh://kvm2/system"),
        ("qemu:///system?socket=/run/a@b", "qemu:///system?socket=/run/a@b"),
        ("qemu+ssh://u:secret@h/system?keyfile=/k&SOCKET=/run/a;no_verify=1#x", "qemu+ssh://h/system?socket=/run/a"),
        ("qemu:///system?socket=", "qemu:///system"), ("qemu:///system?sockets=/a", "qemu:///system"), ("xen:?password=x", "xen:"),
        ("test:///default", "test:///default"),
        ("qemu+tls://a@b@kvm:16514/system#x", "qemu+tls://kvm:16514/system"), ("xen:", "xen:"), ("esx://h/dir@x", "esx://h/dir@x"),
    ])
    func `a label says where, and not how one gets there`(_ uri: String, _ label: String) {
        #expect(HypervisorURI(verbatim: uri).label == label)
    }

    @Test func `two daemons of one machine are two`() throws {
        let settings = try Self.settings(
            "libvirt: {uris: ['qemu:///system', 'qemu:///system?socket=/run/b', 'qemu:///system?socket=/run/c']}")
        #expect(Set(settings.uris.map(\.label)).count == 3)
    }

    @Test(arguments: [
        ("qemu:///system", "qemu:///system"), ("web-1.example", "web-1.example"),
        ("qemu:///system?socket=/a", "'qemu:///system?socket=/a'"),
        ("a b", "'a b'"), ("it's", #"'it'\''s'"#), ("$(reboot)", "'$(reboot)'"), ("", "''"),
    ])
    func `what a person may copy is one word for a shell`(_ text: String, _ word: String) {
        #expect("\(ShellWord(text))" == word)
    }

    @Test(arguments: [
        ("libvirt: {uris: [system]}", "such as qemu:///system"), ("libvirt: {uris: ['qemu:/// x']}", "such as qemu:///system"),
        ("libvirt: {uris: ['']}", "such as qemu:///system"), ("libvirt: {uris: [a:b, a:b]}", "there twice"),
        ("libvirt: {uris: ['qemu+ssh://a@h/system', 'qemu+ssh://b@h/system']}", "differ in user or parameters other than socket only"),
        ("libvirt: {interval: 10s, timeout: 10s}", "timeout: 10 s must be shorter than interval, 10 s"),
        ("libvirt: {timeout: 20s}", "timeout: 20 s must be shorter than interval, 15 s"),
        ("libvirt: {interval: 3s}", "timeout: 5 s must be shorter than interval, 3 s"),
    ])
    func `what cannot be is said`(_ yaml: String, _ words: String) {
        #expect {
            try Self.settings(yaml)
        } throws: {
            "\($0)".contains(words) && "\($0)".contains("martlet.yml:1:")
        }
    }
}
