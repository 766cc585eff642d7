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
        ("qemu:///system?socket=/run/a@b", "qemu:///system"), ("test:///default", "test:///default"),
        ("qemu+tls://a@b@kvm:16514/system#x", "qemu+tls://kvm:16514/system"), ("xen:", "xen:"), ("esx://h/dir@x", "esx://h/dir@x"),
    ])
    func `a label says where, and not how one gets there`(_ uri: String, _ label: String) {
        #expect(HypervisorURI(verbatim: uri).label == label)
    }

    @Test(arguments: [
        ("libvirt: {uris: [system]}", "such as qemu:///system"), ("libvirt: {uris: ['qemu:/// x']}", "such as qemu:///system"),
        ("libvirt: {uris: ['']}", "such as qemu:///system"), ("libvirt: {uris: [a:b, a:b]}", "there twice"),
        ("libvirt: {uris: ['qemu:///system', 'qemu:///system?socket=/s']}", "differ in user or parameters only"),
    ])
    func `what cannot be is said`(_ yaml: String, _ words: String) {
        #expect {
            try Self.settings(yaml)
        } throws: {
            "\($0)".contains(words) && "\($0)".contains("martlet.yml:1:")
        }
    }
}
