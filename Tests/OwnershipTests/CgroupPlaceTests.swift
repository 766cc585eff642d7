import Testing

@testable import Ownership

@Suite struct CgroupPlaceTests {
    static let id = "f45d1efb6a97acffd81b6b4f5d5fd37f91c10b042a32be232f60c1071f7f4451"
    static let other = "0e80bb2c7b8f494c4008b077700971ab1ad4e30b854514052bcf4f2cb5ed272f"

    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let kind: Owner.Kind
        let id: String
        var runtime = ""
        var inner = ""
        var isMonitor = false
        var user = ""
        var testDescription: String { path }
    }

    static let cases: [Case] = [
        // Docker with systemd's driver and with its own.
        Case(path: "/system.slice/docker-\(id).scope", kind: .container, id: id, runtime: "docker"),
        Case(path: "/docker/\(id)", kind: .container, id: id, runtime: "docker"),
        // Podman: under systemd, with a group of the runtime's own in it, without systemd, of a user, in a pod, its monitor.
        Case(path: "/machine.slice/libpod-\(id).scope", kind: .container, id: id, runtime: "podman"),
        Case(path: "/machine.slice/libpod-\(id).scope/container", kind: .container, id: id, runtime: "podman"),
        Case(path: "/libpod_parent/libpod-\(id)", kind: .container, id: id, runtime: "podman"),
        Case(
            path: "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope", kind: .container, id: id,
            runtime: "podman",
            user: "1000"
        ),
        Case(path: "/system.slice/web.service/libpod-payload-\(id)", kind: .container, id: id, runtime: "podman"),
        Case(
            path: "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service/libpod-payload-\(id)", kind: .container, id: id,
            runtime: "podman", user: "1000"),
        Case(path: "/user.slice/user-0.slice/session-1.scope/libpod-\(id)", kind: .container, id: id, runtime: "podman"),
        Case(
            path: "/machine.slice/machine-libpod_pod_\(other).slice/libpod-\(id).scope/container", kind: .container, id: id,
            runtime: "podman"),
        Case(path: "/libpod_parent/\(other)/libpod-\(id)", kind: .container, id: id, runtime: "podman"),
        Case(path: "/machine.slice/libpod-conmon-\(id).scope", kind: .container, id: id, runtime: "podman", isMonitor: true),
        // Kubernetes.
        Case(
            path: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f1a.slice/cri-containerd-\(id).scope", kind: .container,
            id: id, runtime: "containerd"),
        Case(
            path: "/system.slice/containerd.service/kubepods-pod0f1a.slice:cri-containerd:\(id)", kind: .container, id: id,
            runtime: "containerd"),
        Case(path: "/kubepods/besteffort/pod0f1a/\(id)", kind: .container, id: id),
        Case(path: "/kubepods.slice/crio-\(id).scope", kind: .container, id: id, runtime: "cri-o"),
        // systemd-nspawn.
        Case(path: "/machine.slice/systemd-nspawn@build\\x2dbox.service/payload", kind: .container, id: "build-box", runtime: "nspawn"),
        Case(path: "/machine.slice/machine-sid.scope", kind: .container, id: "sid", runtime: "nspawn"),
        // LXC: of Proxmox with what systemd makes inside, its monitor, LXD's, a container in a guest.
        Case(path: "/lxc/101", kind: .lxc, id: "101", runtime: "lxc"),
        Case(path: "/lxc/101/ns", kind: .lxc, id: "101", runtime: "lxc"),
        Case(path: "/lxc/101/ns/system.slice/nginx.service", kind: .lxc, id: "101", runtime: "lxc", inner: "nginx.service"),
        Case(path: "/lxc/101/ns/system.slice/docker-\(id).scope", kind: .lxc, id: "101", runtime: "lxc", inner: "f45d1efb6a97"),
        Case(path: "/lxc.monitor/101", kind: .lxc, id: "101", runtime: "lxc", isMonitor: true),
        Case(path: "/lxc.payload.web/init.scope", kind: .lxc, id: "web", runtime: "lxc", inner: "init.scope"),
        // Containers in a container are the outer one's.
        Case(path: "/docker/\(id)/docker/\(other)", kind: .container, id: id, runtime: "docker", inner: "0e80bb2c7b8f"),
        // Machines: Proxmox, libvirt with machined and without.
        Case(path: "/qemu.slice/100.scope", kind: .vm, id: "100", runtime: "proxmox"),
        Case(
            path: "/machine.slice/machine-qemu\\x2d3\\x2dweb\\x2d01.scope/libvirt/emulator", kind: .vm, id: "web-01", runtime: "libvirt"),
        Case(path: "/machine/qemu-1-web01.libvirt-qemu/vcpu0", kind: .vm, id: "web01", runtime: "libvirt"),
        Case(path: "/machine.slice/machine-lxc\\x2d204\\x2dfiles.scope", kind: .lxc, id: "files", runtime: "libvirt"),
        // Units.
        Case(path: "/system.slice/ollama.service", kind: .unit, id: "ollama.service"),
        Case(path: "/system.slice/vllm.service/worker", kind: .unit, id: "vllm.service"),
        Case(path: "/system.slice/system-getty.slice/getty@tty1.service", kind: .unit, id: "getty@tty1.service"),
        Case(path: "/init.scope", kind: .unit, id: "init.scope"),
        Case(path: "/user.slice/user-1000.slice/session-3.scope", kind: .unit, id: "user-1000.slice"),
        Case(
            path: "/user.slice/user-1000.slice/user@1000.service/app.slice/jupyter.service", kind: .unit, id: "user@1000/jupyter.service"),
        Case(
            path: "/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-4711.scope", kind: .unit, id: "user-1000.slice"),
        // Nobody's.
        Case(path: "/", kind: .host, id: ""),
        Case(path: "/process_api/52eb855c297a4f7279cc2592c4e99336", kind: .host, id: ""),
        Case(path: "/../../libpod-\(id).scope", kind: .container, id: id, runtime: "podman"),
        // What only looks like it.
        Case(path: "/docker/\(id)0.slice", kind: .unit, id: "\(id)0.slice"),
        Case(path: "/system.slice/docker-\(id.uppercased()).scope", kind: .unit, id: "docker-\(id.uppercased()).scope"),
        Case(path: "/qemu.slice/web.scope", kind: .unit, id: "web.scope"),
        Case(path: "/lxc", kind: .host, id: ""),
        Case(path: "/.service/.scope", kind: .host, id: ""),
    ]

    /// What users and units can make of the names of others.
    static let claims: [Case] = [
        Case(path: "\(ofUser)/qemu.slice/100.scope", kind: .unit, id: "user-1000.slice"),
        Case(path: "\(ofUser)/lxc/101", kind: .unit, id: "user-1000.slice"),
        Case(path: "\(ofUser)/lxc.payload.web", kind: .unit, id: "user-1000.slice"),
        Case(path: "\(ofUser)/app.slice/machine-qemu-1-billing.scope", kind: .unit, id: "user-1000.slice"),
        Case(path: "\(ofUser)/machine.slice/machine-qemu-1-billing.scope", kind: .unit, id: "user-1000.slice"),
        Case(path: "\(ofUser)/app.slice/systemd-nspawn@a.service", kind: .unit, id: "user@1000/systemd-nspawn@a.service"),
        Case(path: "\(ofUser)/kubepods/pod1/\(id)", kind: .container, id: id, user: "1000"),
        Case(path: "\(ofUser)/docker-\(id).scope", kind: .container, id: id, runtime: "docker", user: "1000"),
        Case(path: "/user/dev/0/lxc/101", kind: .host, id: ""),
        Case(path: "/system.slice/jobs.service/docker-\(id).scope", kind: .unit, id: "jobs.service"),
        Case(path: "/system.slice/jobs.service/qemu.slice/100.scope", kind: .unit, id: "jobs.service"),
        Case(path: "/system.slice/jobs.service/lxc/101", kind: .unit, id: "jobs.service"),
        Case(path: "/system.slice/qemu.slice/100.scope", kind: .unit, id: "100.scope"),
        Case(path: "/system.slice/machine-qemu-1-billing.scope", kind: .unit, id: "machine-qemu-1-billing.scope"),
        Case(path: "/system.slice/jobs.service/user@1000.service/a.service", kind: .unit, id: "jobs.service"),
        Case(path: "/../user@1000.service/libpod-payload-\(id)", kind: .unit, id: "user@1000.service"),
    ]
    private static let ofUser = "/user.slice/user-1000.slice/user@1000.service"

    @Test(arguments: cases + claims) func place(_ example: Case) {
        let place = CgroupPlace(path: example.path)
        #expect(place.kind == example.kind)
        #expect(place.id == example.id)
        #expect(place.runtime == example.runtime)
        #expect(place.inner == example.inner)
        #expect(place.isMonitor == example.isMonitor)
        #expect(place.user == example.user)
    }

    @Test func `how deep the owner's group lies`() {
        #expect(CgroupPlace(path: "/machine.slice/libpod-\(Self.id).scope/container").depth == 2)
        #expect(CgroupPlace(path: "/lxc/101/ns/init.scope").depth == 2)
        #expect(CgroupPlace(path: "/system.slice/vllm.service/worker").depth == 2)
    }

    @Test func `of several paths the most telling counts`() {
        let places = ["/", "/user.slice/user-0.slice/session-1.scope", "/docker/\(Self.id)"].map { CgroupPlace(path: $0) }
        #expect(CgroupPlace.best(places).kind == .container)
        #expect(CgroupPlace.best([]).kind == .host)
        let claim = CgroupPlace(path: "\(Self.ofUser)/docker-\(Self.other).scope")
        #expect(CgroupPlace.best([claim, CgroupPlace(path: "/docker/\(Self.id)"), claim]).id == Self.id)
    }

    @Test func `a user's container is not the machine's of the same id`() {
        let claim = CgroupPlace(path: "\(Self.ofUser)/docker-\(Self.id).scope")
        #expect(claim.ownerID == "user@1000/\(Self.id)")
        #expect(CgroupPlace.shortContainerID(claim.ownerID) == "user@1000/f45d1efb6a97")
        #expect(CgroupPlace(path: "/docker/\(Self.id)").ownerID == Self.id)
    }

    @Test func `a path without end is cut`() {
        let place = CgroupPlace(path: String(repeating: "/a", count: 100_000) + "/docker/\(Self.id)")
        #expect(place.kind == .host)
    }
}
