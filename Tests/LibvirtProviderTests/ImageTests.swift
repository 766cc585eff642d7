import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing
import XML

@testable import LibvirtProvider

/// What images are called, who holds them, and what is no image.
struct ImageTests {
    private func name(_ url: String, _ target: String, headers: [String: String] = [:], checksum: String? = nil) throws -> String {
        var image = VMImage(url: url)
        image.headers = headers
        image.checksum = checksum.map { Checksum(.sha256, hex: $0) }
        return try ImageStore.name(image, targetName: target)
    }

    // MARK: names

    @Test(arguments: [
        ("golden", "golden.img"), ("golden.img", "golden.img"), ("golden.qcow2", "golden.qcow2.img"),
        ("web1-1f2e3d4c-root.qcow2", "web1-1f2e3d4c-root.qcow2.img"), ("a b", "a-b.img"),
    ])
    func `an image's name is of a kind that no disk's is`(target: String, expected: String) throws {
        #expect(try name("http://a/b", target) == expected)
        let request = try MachineRequest(
            CreateRequest(name: "golden.img", disksJSON: DiskSpec.json([DiskSpec(name: "x.img", sizeGiB: 1)])),
            LibvirtProviderSettings(uri: "test:///default"))
        for volume in CreateWork.volumes(request, Names.uuid()) { #expect(!volume.name.hasSuffix(ImageStore.ending)) }
    }

    @Test(arguments: ["base.img.martlet", "base.martlet", "base.img.op-0123"])
    func `names of what is kept beside images are refused`(target: String) async {
        let refusal = await refusal { () throws(RPCError) in try ImageStore.name(VMImage(url: "http://a/b"), targetName: target) }
        #expect(refusal?.code == .invalidArgument)
    }

    @Test func `another query and other headers are another image`() throws {
        let plain = VMImage(url: "http://a/b.qcow2")
        let query = VMImage(url: "http://a/b.qcow2?version=2")
        var asked = plain
        asked.headers = ["Authorization": "Bearer one"]
        var other = plain
        other.headers = ["authorization": "Bearer two"]
        var same = plain
        same.headers = ["authorization": "Bearer one"]
        #expect(Set([plain, query, asked, other].map(ImageStore.identity)).count == 4)
        #expect(ImageStore.identity(asked) == ImageStore.identity(same))
        #expect(Set(try [plain, query, asked, other].map { try ImageStore.name($0, targetName: "") }).count == 4)
    }

    @Test func `what was asked for with credentials has a name that nobody guesses`() throws {
        let open = try name("http://a/b", "golden")
        let one = try name("http://a/b", "golden", headers: ["X-Token": "one"])
        let two = try name("http://a/b", "golden", headers: ["X-Token": "two"])
        let user = try name("http://me:secret@a/b", "golden")
        #expect(Set([open, one, two, user]).count == 4)
        for name in [one, two, user] {
            #expect(name.hasPrefix("golden-") && name.hasSuffix(".img") && name.utf8.count == "golden-.img".utf8.count + 32)
        }
    }

    @Test func `a record is believed of its own volumes alone`() {
        var record = ImageRecord(isReady: true, operation: "op-1", source: "", format: "raw", bytes: 0, digests: [:])
        #expect(ImageStore.volume(record, "a.img") == "a.img")
        record.volume = "a.img.\(Self.operation)"
        #expect(ImageStore.volume(record, "a.img") == "a.img.\(Self.operation)")
        for other in [
            "b.img.\(Self.operation)", "web1-1f2e3d4c-root.qcow2", "a.img.martlet", "a.img.op-backup",
            "a.img.op-x-1f2e3d4c-root.qcow2", "a.img.\(Self.operation)-root.qcow2",
        ] {
            record.volume = other
            #expect(ImageStore.volume(record, "a.img") == "a.img")
        }
    }

    /// As operations are called.
    private static let operation = "op-" + String(repeating: "0f", count: 13)

    @Test func `an exchange takes away what the image was and what operations left, and nothing that somebody calls alike`() {
        let part = "a.img.\(Self.operation)"
        let later = "a.img.op-" + String(repeating: "1e", count: 13)
        var record = ImageRecord(isReady: true, operation: "op-1", source: "", volume: later, format: "raw", bytes: 0, digests: [:])
        func left(_ volume: String, old: String) -> Bool {
            ImageStore.isLeft(
                volume, by: record,
                old: ImageStore.Image(pool: "p", name: "a.img", volume: old, path: "/p/\(old)", format: "raw", capacityBytes: 1))
        }
        #expect(left("a.img", old: "a.img"))
        #expect(left(part, old: "a.img"))
        // Somebody put it there after the exchange before had freed the name.
        #expect(!left("a.img", old: part))
        for other in [later, "a.img.op-backup", "a.img.op-x-1f2e3d4c-root.qcow2", "a.img.martlet", "b.img.\(Self.operation)", part + "0"] {
            #expect(!left(other, old: "a.img"), "\(other)")
        }
        record.volume = part
        #expect(!left(part, old: "a.img"))
    }

    @Test(arguments: ["a.img.op-x", "a.img.op-"]) func `no machine is called as what is kept beside images`(name: String) async {
        let settings = LibvirtProviderSettings(uri: "test:///default")
        let made = await refusal { () throws(RPCError) in try MachineRequest(CreateRequest(name: name), settings) }
        #expect(made?.code == .invalidArgument)
    }

    @Test func `an image is noted as it was chosen`() {
        let image = ImageStore.Image(
            pool: "p", name: "a.img", volume: "a.img.op-1", path: "/p/\"a\"", format: "qcow2", capacityBytes: UInt64.max)
        #expect(ImageStore.Image(json: image.json) == image)
        #expect(ImageStore.Image(json: "{}") == nil)
        #expect(ImageStore.Image(json: "") == nil)
    }

    @Test func `who makes a disk of an image holds it until it is made`() {
        let locks = ImageLocks()
        locks.hold("p/a", for: "op-1")
        locks.hold("p/a", for: "op-1")
        #expect(locks.holder(of: "p/a", beside: "op-1") == nil)
        #expect(locks.holder(of: "p/a", beside: "op-2") == "op-1")
        #expect(locks.holder(of: "p/b", beside: "op-2") == nil)
        locks.hold("p/a", for: "op-2")
        locks.release("op-1")
        #expect(locks.holder(of: "p/a", beside: "op-3") == "op-2")
        locks.release("op-2")
        #expect(locks.holder(of: "p/a", beside: "op-3") == nil)
    }

    @Test func `who waits for an image gives its place to others, and has one again when it goes on`() async throws {
        let (folder, locks, held, bringing) = (ScratchFolder(), ImageLocks(), OneAnswer<Bool>(), OneAnswer<Bool>())
        let work = MadeUpWork(run: { (operation) async throws(RPCError) in
            guard operation.target != "other" else { return }
            try await locks.withLock("bring") { () throws(RPCError) in
                guard operation.target == "bringer" else { return }
                held.give(true)
                _ = await bringing.value
            }
        })
        var limits = TaskEngine.Limits()
        limits.hauling = 2
        let kind = OperationKind(ProviderMethod.create.rawValue, work: work).accounted
        let engine = try await TaskEngine(TaskJournal(folder.path + "/tasks.db"), kinds: [kind], limits: limits)
        func start(_ target: String) async throws -> String {
            try await engine.accept(.create, request: Array(target.utf8), from: LibvirtProvider.call, token: nil) { _ throws(RPCError) in
                OperationDraft(target: target)
            }.id
        }
        let bringer = try await start("bringer")
        _ = await held.value
        let waiters = [try await start("waiter"), try await start("waiter")]
        // With both places held it would not begin before the image is there.
        let other = try await start("other")
        #expect(await engine.end(of: other, by: .after(seconds: 20))?.state == .succeeded)
        #expect(engine.operation(bringer)?.state.isEnd == false)
        bringing.give(true)
        for id in [bringer] + waiters { #expect(await engine.end(of: id, by: .after(seconds: 20))?.state == .succeeded) }
        await engine.shutdown(by: .after(seconds: 5))
    }

    // MARK: volumes

    private func view(_ format: String?, backing: String? = nil) throws -> VolumeView {
        var text = "<volume><name>v</name><target><path>/p/v</path>"
        if let format { text += "<format type='\(format)'/>" }
        text += "</target>"
        if let backing { text += "<backingStore><path>\(backing)</path><format type='raw'/></backingStore>" }
        return VolumeView(try XMLReader.read(text + "</volume>", source: "test"), name: "v")
    }

    private func passes(_ view: VolumeView, _ format: String, backing: String? = nil) -> Bool {
        (try? DiskTrust.check(view, format: format, upon: backing)) != nil
    }

    @Test func `a volume is taken for what it was made as, and nothing else`() throws {
        #expect(passes(try view("raw"), "raw"))
        #expect(passes(try view(nil), "raw"))
        #expect(passes(try view("qcow2"), "qcow2"))
        #expect(passes(try view("qcow2", backing: "/p/image"), "qcow2", backing: "/p/image"))
        // A guest has written the head of another format, or an image was one that nobody here knows.
        #expect(!passes(try view("qcow2"), "raw"))
        #expect(!passes(try view("qed", backing: "/etc/shadow"), "raw"))
        #expect(!passes(try view("vdi"), "raw"))
        #expect(!passes(try view("qed"), "qed"))
        #expect(!passes(try view("raw"), "qcow2"))
        #expect(!passes(try view("qcow2", backing: "/etc/shadow"), "qcow2"))
        #expect(!passes(try view("qcow2", backing: "/etc/shadow"), "qcow2", backing: "/p/image"))
        #expect(!passes(try view("qcow2"), "qcow2", backing: "/p/image"))
    }

    @Test func `a raw disk of a machine stands upon nothing, whatever is written onto it`() throws {
        func passes(_ view: VolumeView, _ format: String?) -> Bool { (try? DiskTrust.check(view, ofMachine: format)) != nil }
        #expect(passes(try view("raw"), "raw"))
        #expect(passes(try view(nil), "raw"))
        #expect(passes(try view("qcow2", backing: "/p/image"), "qcow2"))
        // What nobody says the format of is nothing in particular.
        #expect(!passes(try view("raw"), nil))
        #expect(!passes(try view("vdi"), "vdi"))
        #expect(!passes(try view("qcow2", backing: "/etc/shadow"), "raw"))
        #expect(!passes(try view("qcow2", backing: "/etc/shadow"), nil))
        #expect(!passes(try view("raw", backing: "/etc/shadow"), "raw"))
    }

    @Test func `disks, what a machine starts from and what its mark lists are its own; what these stand upon is not`() throws {
        let mark = MachineMark(operation: "op-1", uuid: "u-1", volumes: [.init(role: .base, pool: "fast", name: "base.qcow2")])
        var writer = XMLWriter()
        mark.write(to: &writer, isWhole: true)
        let machine = try #require(
            VolumeUse.Machine(
                xml: """
                    <domain><name>web1</name><uuid>u-1</uuid><metadata>\(writer.text)</metadata><os><nvram>/p/vars.fd</nvram></os><devices>
                    <disk><source file='/p/root.qcow2'/><backingStore type='file'><source file='/p/image.img'/></backingStore>
                    <mirror><source file='/p/copy.qcow2'/></mirror></disk>
                    <disk type='block'><source dev='/dev/vg/a'/></disk><disk type='volume'><source pool='default' volume='x.qcow2'/></disk>
                    </devices></domain>
                    """, name: "web1"))
        #expect(machine.name == "web1")
        #expect(machine.own.paths == ["/p/root.qcow2", "/p/copy.qcow2", "/dev/vg/a", "/p/vars.fd"])
        #expect(machine.own.volumes == [VolumeUse.Volume(pool: "default", name: "x.qcow2")])
        #expect(machine.below == VolumeUse.Names(paths: ["/p/image.img"]))
        #expect(machine.marked == [VolumeUse.Volume(pool: "fast", name: "base.qcow2")])
        #expect(VolumeUse.Machine(xml: "<domain", name: "web1") == nil)
    }

    // MARK: requests and settings

    @Test(
        arguments: [
            (#"[{"Bridge":"br0"}]"#, true), (#"[{"Bridge":"br1"}]"#, false), (#"[{"MacAddress":"52:54:00:00:00:01"}]"#, true),
            (#"[{"MacAddress":"02-00-00-00-00-01"}]"#, false), (#"[{"MacAddress":"52:54:01:00:00:01"}]"#, false),
            (#"[{"NetworkName":"lan"}]"#, true),
        ] as [(String, Bool)])
    func `cards go where the settings allow, and are called so`(networks: String, isTaken: Bool) async {
        var settings = LibvirtProviderSettings(uri: "test:///default")
        settings.bridges = ["br0"]
        let configured = settings
        let refusal = await refusal { () throws(RPCError) in
            try MachineRequest(CreateRequest(name: "web1", networksJSON: networks), configured)
        }
        #expect(refusal?.code == (isTaken ? nil : .permissionDenied), "\(String(describing: refusal))")
    }

    @Test func `what an operation was accepted with stays, whatever the settings say later`() throws {
        var settings = LibvirtProviderSettings(uri: "test:///default")
        (settings.pool, settings.network, settings.vncListen, settings.exchangeFolder) = ("fast", "lan", nil, "/exchange")
        (settings.bridges, settings.macPrefixes) = (["br0", "br\"1"], ["02:00"])
        let note = settings.noted
        let later = LibvirtProviderSettings(uri: "test:///default").with(note)
        #expect((later.pool, later.network, later.vncListen, later.exchangeFolder) == ("fast", "lan", nil, "/exchange"))
        #expect((later.bridges, later.macPrefixes) == (["br0", "br\"1"], ["02:00"]))
        #expect(LibvirtProviderSettings(uri: "test:///default").with(nil).pool == "default")
        let request = try MachineRequest(CreateRequest(name: "web1"), later)
        #expect(request.pool == "fast")
        #expect(request.networks == [NetworkAttachment(networkName: "lan")])
        let prepared = try ImagePrepareWork.read(ImagePrepareRequest(imageJSON: VMImage(url: "http://a/b").json, targetName: "a"), later)
        #expect(prepared.pool == "fast")
    }
}
