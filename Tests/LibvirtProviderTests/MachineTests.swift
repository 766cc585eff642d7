import LibvirtAPI
import ProviderRPC
import RPC
import Testing
import XML

@testable import LibvirtProvider

/// Machines as libvirt's XML: what is written is what was meant, and is read back as that.
struct MachineTests {
    private static let uuid = "11111111-2222-4333-8444-555555555555"

    private func mark(_ uuid: String = Self.uuid) -> MachineMark {
        MachineMark(
            operation: "op-1", uuid: uuid, owner: ObjectIdentity(uid: "u&1", namespace: "shop", name: "<web>"), image: "http://a/b.img",
            volumes: [
                .init(role: .root, pool: "default", name: "r.qcow2"), .init(role: .data, pool: "fast", name: "d.qcow2", disk: "data"),
            ],
            tags: ["a b", "c"])
    }

    private func plan(_ change: (inout MachinePlan) -> Void = { _ in }) -> MachinePlan {
        var plan = MachinePlan(
            name: "web1", uuid: Self.uuid, mark: mark(), domainType: "kvm", architecture: "x86_64",
            machine: "q35",
            cpuMode: "host-model", virtualCPUs: 2, maximumVirtualCPUs: 4, memoryKiB: 1 << 20, maximumMemoryKiB: 2 << 20)
        plan.disks = [
            .init(target: "vda", path: "/p/r&.qcow2", format: "qcow2"),
            .init(target: "vdb", path: "/p/seed.iso", format: "raw", isReadOnly: true),
        ]
        plan.cards = [
            .init(source: .network("default"), mac: "52:54:00:00:00:01"), .init(source: .bridge("br0"), mac: "52:54:00:00:00:02"),
        ]
        change(&plan)
        return plan
    }

    @Test func `a plan is read back from its description`() throws {
        let view = try MachineView(xml: plan().xml)
        #expect(view.name == "web1")
        #expect(view.uuid == "11111111-2222-4333-8444-555555555555")
        #expect((view.virtualCPUs, view.maximumVirtualCPUs) == (2, 4))
        #expect((view.memoryKiB, view.maximumMemoryKiB) == (1 << 20, 2 << 20))
        #expect(view.disks.map(\.path) == ["/p/r&.qcow2", "/p/seed.iso"])
        #expect(view.disks.map(\.isReadOnly) == [false, true])
        #expect(view.rootDisk?.target == "vda")
        #expect(view.cards.map(\.network) == ["default", nil])
        #expect(view.cards.map(\.bridge) == [nil, "br0"])
        #expect(view.cards.map(\.mac) == ["52:54:00:00:00:01", "52:54:00:00:00:02"])
        #expect(view.mark == mark())
        #expect(!view.hasFlashFirmware)
        #expect(view.vncPort == nil)
        #expect(try MachineView(xml: plan { $0.isUEFI = true }.xml).hasFlashFirmware)
    }

    /// As libvirt tells it of a machine that may grow, whose guest has not begun yet, and of one whose next start will bring more.
    @Test(arguments: [
        (2 << 20, true, 2 << 20, true), (1 << 20, true, 2 << 20, false), (2 << 20, false, 2 << 20, false), (2 << 20, true, 4 << 20, false),
    ])
    func `memory that a guest is on its way to is told beside what it has`(memory: Int, isOn: Bool, maximum: Int, isTold: Bool) throws {
        let (now, next) = (
            try MachineView(xml: plan { $0.memoryKiB = memory }.xml), try MachineView(xml: plan { $0.maximumMemoryKiB = maximum }.xml)
        )
        let machine = Hypervisor.Machine(
            uuid: Self.uuid, name: "web1", state: DomainState(state: isOn ? 1 : 5, reason: 1), now: now, next: next)
        #expect(MachineRaw.json(machine).contains(#""memory_target_kib":1048576"#) == isTold, "\(MachineRaw.json(machine))")
    }

    @Test(arguments: [MachinePlan.Graphics.none, .vnc(listen: "0.0.0.0")], [true, false])
    func `libvirt takes the description`(graphics: MachinePlan.Graphics, isWhole: Bool) throws {
        guard let library = try? LibvirtLibrary.load() else { return }
        // A world of its own, beside that of the conformance tests.
        let node = #filePath.dropLast("MachineTests.swift".count) + "Fixtures/node.xml"
        let connection = try LibvirtConnection.open("test://\(node)", library: library)
        let uuid =
            isWhole
            ? "aaaaaaaa-0000-4000-8000-00000000000\(graphics == .none ? 1 : 2)"
            : "aaaaaaaa-0000-4000-8000-00000000000\(graphics == .none ? 3 : 4)"
        let domain = try connection.defineDomain(
            plan {
                $0.name = uuid
                $0.uuid = uuid
                $0.mark = mark(uuid)
                $0.domainType = "test"
                $0.architecture = "i686"
                $0.machine = nil
                $0.cpuMode = nil
                $0.graphics = graphics
                if !isWhole { ($0.disks, $0.cards, $0.maximumVirtualCPUs) = ([], [], 2) }
            }.xml)
        defer { try? domain.undefine() }
        #expect(try Hypervisor.view(domain).mark == mark(uuid))
    }

    @Test func `a mark without owner or image, and one that is somebody else's`() throws {
        let bare = MachineMark(operation: "op-2", uuid: Self.uuid)
        #expect(try MachineMark(XMLReader.read(bare.xml, source: "mark")) == bare)
        #expect(
            try MachineMark(domain: XMLReader.read("<domain><metadata><machine operation='x'/></metadata></domain>", source: "d")) == nil)
        #expect(try MachineMark(domain: XMLReader.read("<domain/>", source: "d")) == nil)
    }

    @Test func `a mark that was copied with its machine's description is void`() throws {
        var copy = try XMLReader.read(plan().xml, source: "copy")
        copy.replace(XMLElement("uuid", text: Self.uuid.replacing("1111-", with: "1112-")))
        #expect(MachineView(copy).mark == nil)
        copy.replace(XMLElement("uuid", text: Self.uuid.uppercased()))
        #expect(MachineView(copy).mark == mark())
        // One that says of no machine is nobody's.
        let text = plan().xml.replacing("uuid=\"\(Self.uuid)\"", with: "").replacing("uuid='\(Self.uuid)'", with: "")
        #expect(try MachineView(xml: text).mark == nil)
    }

    @Test(arguments: [("vda", 0), ("vdz", 25), ("vdaa", 26), ("vdaz", 51), ("vdba", 52)])
    func `disks are named as the kernel names them`(name: String, number: Int) { #expect(MachineDesign.target(number) == name) }

    @Test func `identifiers are told from names`() {
        #expect(Hypervisor.isUUID("6695eb01-f6a4-8304-79aa-97f2502e193f"))
        #expect(Hypervisor.isUUID(Names.uuid()))
        for text in [
            "", "web1", "6695eb01-f6a4-8304-79aa-97f2502e193", "6695eb01-f6a4-8304-79aa-97f2502e193g", "6695eb01f6a4830479aa97f2502e193f",
        ] {
            #expect(!Hypervisor.isUUID(text))
        }
    }

    @Test func `addresses of cards are the same each time, and different for each`() {
        let all = (0..<4).flatMap { card in ["a", "b"].map { Names.mac($0, card: card) } }
        #expect(Set(all).count == 8)
        #expect(all.allSatisfy { $0.hasPrefix("52:54:00:") && $0.utf8.count == 17 })
        #expect(Names.mac("a", card: 1) == Names.mac("a", card: 1))
    }

    // MARK: clones

    private func clone(_ customize: String = "", classJSON: String = "") throws -> ClonePlan {
        try ClonePlan(CloneRequest(sourceVMID: "s", targetName: "copy", classJSON: classJSON, customizeJSON: customize))
    }

    @Test func `a clone's description is its source's with what is its own`() throws {
        var source = try XMLReader.read(plan().xml, source: "source")
        source.set("id", "7")
        source.edit("os") { $0.children.append(XMLElement("nvram", text: "/var/nvram/web1.fd")) }
        let uuid = "99999999-2222-4333-8444-555555555555"
        let clone = try clone(classJSON: #"{"CPU":3,"MemoryMiB":512}"#).description(
            source, uuid: uuid, mark: MachineMark(operation: "op-9", uuid: uuid), paths: ["/p/r&.qcow2": ("/p/copy.qcow2", "qcow2")],
            seed: "/p/copy-seed.iso")
        let view = MachineView(clone)
        #expect(view.name == "copy")
        #expect(view.uuid == uuid)
        #expect(clone["id"] == nil)
        #expect(view.mark == MachineMark(operation: "op-9", uuid: uuid))
        #expect(view.cards.map(\.mac) == [Names.mac(uuid, card: 0), Names.mac(uuid, card: 1)])
        #expect(view.cards.map(\.network) == ["default", nil])
        #expect(clone.first("os/nvram") == nil)
        #expect((view.virtualCPUs, view.maximumVirtualCPUs, view.memoryKiB) == (3, 3, 512 << 10))
        // The source's read-only disk is no seed by its name, and stays; the clone's own comes beside it.
        #expect(view.disks.map(\.path) == ["/p/copy.qcow2", "/p/seed.iso", "/p/copy-seed.iso"])
        #expect(view.disks.map(\.target) == ["vda", "vdb", "vdc"])
    }

    @Test func `what a clone asks its guest for stands in its seed`() throws {
        let plan = try clone(
            #"{"hostname":"shop","domain":"example.org","timeZone":"Europe/Berlin","networks":[{"name":"lan","ipAddress":"10.1.0.7","subnetMask":"255.255.0.0","gateway":"10.1.0.1","dns":["10.1.0.2"]}]}"#
        )
        let seed = plan.seed(uuid: "u", userData: Array("#cloud-config\nusers: []\n".utf8))
        let image = seed.image
        func text(_ name: String) -> String { String(decoding: ISO9660Image.read(name, of: image) ?? [], as: UTF8.self) }
        #expect(text("meta-data") == "instance-id: \"u\"\nlocal-hostname: \"shop.example.org\"\n")
        #expect(text("user-data") == "#cloud-config\nusers: []\n")
        #expect(text("vendor-data") == "#cloud-config\ntimezone: \"Europe/Berlin\"\n")
        #expect(text("network-config").contains("- \"10.1.0.7/16\""))
        #expect(text("network-config").contains("gateway4: \"10.1.0.1\""))
    }

    @Test(arguments: [
        #"{"sysprep":{"enabled":true}}"#, #"{"guestCommands":[{"command":"a"}]}"#,
        #"{"userData":{"cloudInit":{"secretRef":{"name":"a"}}}}"#,
    ])
    func `what cannot be done in a guest is refused`(customize: String) {
        do throws(RPCError) {
            _ = try ClonePlan(CloneRequest(sourceVMID: "s", targetName: "copy", customizeJSON: customize))
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .unimplemented)
        }
    }

    // MARK: requests

    @Test(
        arguments: [
            ("web1", "{}", "", RPCCode.invalidArgument), ("../web", "", "", .invalidArgument), ("", "", "", .invalidArgument),
            ("-a", "", "", .invalidArgument),
            ("web1", #"{"DiskDefaults":{"Type":"golden","SizeGiB":1}}"#, "", .invalidArgument),
            ("web1", #"{"securityProfile":{"encryptionEnabled":true}}"#, "", .unimplemented),
            ("web1", #"{"securityProfile":{"secureBoot":true}}"#, "", .invalidArgument),
            ("web1", #"{"resourceLimits":{"cpuLimit":100}}"#, "", .unimplemented),
            ("web1", "", #"[{"NetworkName":"a","VLAN":5}]"#, .unimplemented),
            ("web1", "", #"[{"NetworkName":"a","Model":"token-ring"}]"#, .invalidArgument),
        ] as [(String, String, String, RPCCode)])
    func `requests that cannot be are refused before anything is done`(name: String, classJSON: String, networks: String, code: RPCCode) {
        let request = CreateRequest(name: name, classJSON: classJSON, networksJSON: networks)
        do throws(RPCError) {
            _ = try MachineRequest(request, LibvirtProviderSettings(uri: "test:///default"))
            #expect(classJSON == "{}", "it was taken")
        } catch {
            #expect(error.code == code, "\(error)")
        }
    }

    @Test(arguments: [
        ("qemu:///system", "qemu:///system"), ("qemu+ssh://u@h/system", "qemu+ssh://u@h/system?no_tty=1"),
        ("qemu+ssh://h/system?keyfile=/k", "qemu+ssh://h/system?keyfile=/k&no_tty=1"),
        ("qemu+ssh://h/system?no_tty=0", "qemu+ssh://h/system?no_tty=0"),
    ])
    func `ssh asks nobody`(uri: String, connect: String) { #expect(LibvirtProviderSettings(uri: uri).connectURI == connect) }

    @Test(arguments: [
        [DiskSpec(name: "2", sizeGiB: 1, type: "raw"), DiskSpec(sizeGiB: 5)],
        [DiskSpec(name: "a", sizeGiB: 1), DiskSpec(name: "a", sizeGiB: 5)],
    ])
    func `no two disks of a machine have one name`(disks: [DiskSpec]) async {
        let refused = await refusal { () throws(RPCError) in
            try MachineRequest(
                CreateRequest(name: "web1", disksJSON: DiskSpec.json(disks)), LibvirtProviderSettings(uri: "test:///default"))
        }
        #expect(refused?.code == .invalidArgument)
        #expect(refused?.message.contains("disks_json[1]") == true)
    }

    @Test func `each volume is made as the disk of the request that it is for`() throws {
        let disks = [DiskSpec(name: "3", sizeGiB: 1, type: "raw"), DiskSpec(sizeGiB: 5), DiskSpec(name: "1", sizeGiB: 7)]
        let request = try MachineRequest(
            CreateRequest(
                name: "web1", classJSON: VMClass(diskDefaults: VMClass.DiskDefaults(sizeGiB: 2)).json, disksJSON: DiskSpec.json(disks)),
            LibvirtProviderSettings(uri: "test:///default"))
        let volumes = CreateWork.volumes(request, Names.uuid())
        let plans = try CreateWork.disks(request, volumes, nil)
        #expect(plans.map { $0.capacityBytes >> 30 } == [2, 1, 5, 7])
        #expect(plans.map(\.format) == ["qcow2", "raw", "qcow2", "qcow2"])
        for plan in plans { #expect(plan.name.hasSuffix("." + plan.format)) }
        #expect(plans.map(\.name) == volumes.filter { $0.role != .seed }.map(\.name))
    }
}
