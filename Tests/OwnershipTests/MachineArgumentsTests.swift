import Testing

@testable import Ownership

@Suite struct MachineArgumentsTests {
    @Test func `Proxmox`() {
        let machine = MachineArguments([
            "/usr/bin/kvm", "-id", "101", "-name", "web01,debug-threads=on", "-no-shutdown", "-chardev", "socket,id=qmp", "-uuid",
            "8E1C2E8A-1B7B-4C61-9C40-5B0F6D0A1F11",
        ])
        #expect(machine?.vmid == "101" && machine?.name == "web01" && machine?.uuid == "8e1c2e8a-1b7b-4c61-9c40-5b0f6d0a1f11")
    }

    @Test func `libvirt`() {
        let machine = MachineArguments(["/usr/bin/qemu-system-x86_64", "-name", "guest=db,,one,debug-threads=on", "-S", "-uuid", "AB"])
        #expect(machine?.vmid == nil && machine?.name == "db,one" && machine?.uuid == "ab")
    }

    @Test(arguments: [
        ["/usr/sbin/nginx", "-name", "x"], [], [""], ["/usr/bin/qemu-img", "-name", "x"], ["kvm-nvcc", "-id", "1"],
    ])
    func `what is no QEMU`(_ arguments: [String]) { #expect(MachineArguments(arguments) == nil) }

    @Test func `what QEMU would not take is not taken`() {
        let machine = MachineArguments(["kvm", "-id", "1x", "-name", "debug-threads=on", "-uuid"])
        #expect(machine != nil && machine?.vmid == nil && machine?.name == nil && machine?.uuid == nil)
    }
}
