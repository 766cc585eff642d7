import Testing

@testable import ProxmoxAPI

@Suite struct EndpointPatternTests {
    @Test(arguments: [
        ("/version", "/version"), ("/access/permissions", "/access/permissions"), ("/cluster/status", "/cluster/status"),
        ("/cluster/ha/status/current", "/cluster/ha/status/current"), ("/cluster/backup", "/cluster/backup"),
        ("/cluster/replication", "/cluster/replication"), ("/cluster/tasks", "/cluster/tasks"), ("/nodes", "/nodes"),
        ("/nodes/pve1", "/nodes/*"), ("/nodes/pve1/status", "/nodes/*/status"), ("/nodes/pve1/qemu?full=1", "/nodes/*/qemu"),
        ("/nodes/pve1/lxc", "/nodes/*/lxc"), ("/nodes/pve1/qemu/100/config", "/nodes/*/qemu/*/config"),
        ("/nodes/pve1/lxc/210/interfaces", "/nodes/*/lxc/*/interfaces"),
        ("/nodes/pve1/qemu/100/agent/get-fsinfo", "/nodes/*/qemu/*/agent/get-fsinfo"),
        ("/nodes/pve1/tasks?typefilter=vzdump&since=5", "/nodes/*/tasks"),
        ("/nodes/pve1/tasks/UPID:pve1:0:0:0:vzdump::root@pam:/log?start=0", "/nodes/*/tasks/*/log"),
        ("/nodes/pve1/disks/zfs", "/nodes/*/disks/zfs"), ("/nodes/pve1/disks/zfs/tank", "/nodes/*/disks/zfs/*"),
        ("/nodes/pve1/disks/smart?disk=/dev/sda/qemu/5", "/nodes/*/disks/smart"), ("/nodes/pve1/storage", "/nodes/*/storage"),
        ("/nodes/pve1/replication", "/nodes/*/replication"),
        // Names that are words of paths too.
        ("/nodes/nodes/qemu", "/nodes/*/qemu"), ("/nodes/qemu/qemu/100/config", "/nodes/*/qemu/*/config"),
        ("/nodes/lxc/lxc/lxc/config", "/nodes/*/lxc/*/config"), ("/nodes/tasks/disks/zfs/zfs", "/nodes/*/disks/zfs/*"),
        ("/nodes/%2e%2e/status", "/nodes/*/status"), ("/nodes/*/status", "/nodes/*/status"), ("", ""), ("/", ""), ("?x", ""),
    ])
    func pattern(path: String, pattern: String) { #expect(EndpointPattern.of(path) == pattern) }

    @Test func `there are no more patterns than kinds of calls, whatever things are called`() {
        var patterns: Set<String> = []
        for number in 0..<1000 {
            for name in ["n\(number)", "qemu\(number)", "\(number)", "nodes"] {
                for path in ["/nodes/\(name)/status", "/nodes/\(name)/qemu/\(number)/config", "/nodes/\(name)/tasks/\(name)/log"] {
                    patterns.insert(EndpointPattern.of(path))
                }
            }
        }
        #expect(patterns == ["/nodes/*/status", "/nodes/*/qemu/*/config", "/nodes/*/tasks/*/log"])
    }
}
