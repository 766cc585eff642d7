import CollectorConformance
import Glibc
import Testing

@testable import Ownership

@Suite struct VMDirectoryTests {
    private static let uuid = "8e1c2e8a-1b7b-4c61-9c40-5b0f6d0a1f11"

    private static func directory(_ folder: TemporaryFolder, kept: Double = 60, miss: Double = 10) -> VMDirectory {
        VMDirectory(fileSystemRoot: folder.path, keptSeconds: kept, missSeconds: miss)
    }

    @Test func `guests of Proxmox by UUID and vmid`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "etc/pve/qemu-server/101.conf",
            "#name: no\nagent: 1\nname: web01\nsmbios1: manufacturer=x,uuid=\(Self.uuid)\n[old]\nname: web00\nsmbios1: uuid=1\n")
        try folder.write(
            "etc/pve/lxc/204.conf",
            "hostname: llm\ndev0: /dev/nvidia1,gid=44\ndev1: path=/dev/nvidiactl\nlxc.mount.entry: /dev/nvidia0 dev/nvidia0 none bind,optional\n"
        )
        let directory = Self.directory(folder)
        #expect(directory.guest(uuid: Self.uuid.uppercased())?.name == "web01")
        #expect(directory.guest(uuid: Self.uuid)?.id == "101")
        #expect(directory.guest(uuid: "1") == nil)
        #expect(directory.guest(vmid: "101")?.uuid == Self.uuid)
        #expect(directory.container(vmid: "204")?.name == "llm")
        #expect(directory.container(vmid: "204")?.gpus == ["0", "1"])
        #expect(directory.container(vmid: "101") == nil)
    }

    @Test func `a UUID that Proxmox has made holds the vmid`() throws {
        let folder = try TemporaryFolder()
        try folder.write("etc/pve/qemu-server/101.conf", "name: web01\n")
        let directory = Self.directory(folder)
        #expect(directory.guest(uuid: "00000001-0000-0000-0000-000000000101")?.name == "web01")
        #expect(directory.guest(uuid: "00000000-0000-0000-0000-000000000999")?.id == "999")
        #expect(directory.guest(uuid: "00000000-0000-0000-0000-00000000000a") == nil)
        #expect(directory.guest(uuid: "00000000-0000-0000-0000-000000000000") == nil)
    }

    @Test func `domains of libvirt`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "etc/libvirt/qemu/a.xml",
            "<domain type='kvm'>\n  <name>R&amp;D &lt;1&gt;</name>\n  <uuid>\(Self.uuid)</uuid>\n  <name>no</name>\n")
        try folder.write("etc/libvirt/qemu/networks/default.xml", "<network><name>default</name></network>")
        #expect(Self.directory(folder).guest(uuid: Self.uuid)?.name == "R&D <1>")
    }

    @Test func `two guests of one UUID cannot be told apart`() throws {
        let folder = try TemporaryFolder()
        for vmid in ["101", "102", "103"] { try folder.write("etc/pve/qemu-server/\(vmid).conf", "name: a\nsmbios1: uuid=\(Self.uuid)\n") }
        #expect(Self.directory(folder).guest(uuid: Self.uuid) == nil)
    }

    @Test func `a guest that is new or renamed is found when its time has come`() throws {
        let folder = try TemporaryFolder()
        let directory = Self.directory(folder, kept: 0, miss: 0)
        #expect(directory.guest(vmid: "101") == nil)
        try folder.write("etc/pve/qemu-server/101.conf", "name: one\n")
        #expect(directory.guest(vmid: "101")?.name == "one")
        try folder.write("etc/pve/qemu-server/101.conf", "name: another\n")
        #expect(directory.guest(vmid: "101")?.name == "another")
        let lazy = Self.directory(folder)
        #expect(lazy.guest(vmid: "102") == nil)
        try folder.write("etc/pve/qemu-server/102.conf", "name: two\n")
        #expect(lazy.guest(vmid: "102") == nil)
    }

    @Test func `hostile files`() throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "é", count: 10_000)
        try folder.write("etc/pve/qemu-server/1.conf", "name: \(long)\n")
        try folder.write("etc/pve/qemu-server/2.conf", "name: a\u{1B}[31m\tb\n")
        try folder.write("etc/pve/qemu-server/3.conf", "name: \(String(repeating: "x", count: 2 << 20))\n")
        try folder.write("etc/pve/qemu-server/12345678901.conf", "name: no\n")
        let directory = Self.directory(folder)
        let name = directory.guest(vmid: "1")?.name
        #expect(name == String(repeating: "é", count: 64))
        #expect(directory.guest(vmid: "2")?.name == "a [31m b")
        #expect(directory.guest(vmid: "3") == nil)
        #expect(directory.guest(vmid: "12345678901") == nil)
    }

    @Test func `a file of a guest does not take a device that the host has made for another`() throws {
        let folder = try TemporaryFolder()
        let device = "00000000-0000-0000-0000-000000000100"
        try folder.write("etc/pve/qemu-server/100.conf", "name: prod\nhostpci0: 0000:01:00.4,mdev=nvidia-63\n")
        try folder.write("etc/pve/qemu-server/666.conf", "name: evil\nsmbios1: uuid=\(device)\n")
        let machines = VMDirectory(fileSystemRoot: folder.path, keptSeconds: 0, missSeconds: 0)
        #expect(machines.guest(uuid: device)?.id == "100")
    }

    @Test func `of several with one UUID it is the one that has devices of the machine`() throws {
        let folder = try TemporaryFolder()
        let uuid = "8e1c2e8a-1b7b-4c61-9c40-5b0f6d0a1f11"
        try folder.write("etc/pve/qemu-server/100.conf", "name: prod\nsmbios1: uuid=\(uuid)\nhostpci0: 0000:01:00.4,mdev=nvidia-63\n")
        try folder.write("etc/pve/qemu-server/666.conf", "name: evil\nsmbios1: uuid=\(uuid)\n")
        let machines = VMDirectory(fileSystemRoot: folder.path, keptSeconds: 0, missSeconds: 0)
        #expect(machines.guest(uuid: uuid)?.id == "100")
        try folder.write("etc/pve/qemu-server/667.conf", "name: evil too\nsmbios1: uuid=\(uuid)\nhostpci0: 0000:02:00\n")
        #expect(machines.guest(uuid: uuid) == nil)
        // Also where the third stands in another folder.
        try folder.write("etc/pve/qemu-server/667.conf", "name: quiet\n")
        try folder.write("etc/pve/qemu-server/100.conf", "name: prod\nsmbios1: uuid=\(uuid)\n")
        try folder.write("etc/libvirt/qemu/x.xml", "<name>x</name>\n<uuid>\(uuid)</uuid>\n")
        #expect(machines.guest(uuid: uuid) == nil)
    }

    @Test func `a pipe in the place of a file holds nobody up`() throws {
        let folder = try TemporaryFolder()
        try folder.write("etc/pve/lxc/102.conf", "hostname: web\n")
        try #require(mkfifo("\(folder.path)/etc/pve/lxc/101.conf", 0o600) == 0)
        let machines = VMDirectory(fileSystemRoot: folder.path, keptSeconds: 0, missSeconds: 0)
        #expect(machines.container(vmid: "102")?.name == "web")
    }
}
