import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing
import Web
import XML

@testable import LibvirtProvider

/// What images are called, where they may come from, and what is no image.
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

    // MARK: where they come from

    @Test(arguments: [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::7f00:1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001::1", "2001:db8::1", "100::1",
    ])
    func `what is no public address is not reached unless it is named`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!ImageSources([]).allow(address, host: "images.example"))
        #expect(!ImageSources(["203.0.113.7", "other.example"]).allow(address, host: "images.example"))
        #expect(ImageSources([address.description]).allow(address, host: "images.example"))
        #expect(ImageSources(["Images.example"]).allow(address, host: "images.EXAMPLE"))
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "172.32.0.1", "172.15.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808",
    ])
    func `public addresses are reached`(text: String) throws {
        #expect(ImageSources([]).allow(try #require(IPAddress(text)), host: "images.example"))
    }

    @Test(arguments: [
        ("http://a.example/b", "a.example"), ("https://A.example:8443", "a.example"), ("http://u:p@a/b@c", "a"),
        ("http://[::1]:80/x", "::1"),
        ("http://good@evil/", "evil"), ("http://evil#@good/", "evil"), ("http://evil/\u{301}@good/x", "evil"),
        ("http://evil?\u{301}@good/x", "evil"), ("http://u\u{301}@evil:\u{301}80/", "evil"), ("http:///good/", ""),
    ])
    func `the host of an address is the one that is asked`(url: String, host: String) { #expect(ImageURL.host(url) == host) }

    @Test(arguments: [
        "http://evil/\u{301}@good/x", "http://evil\\@good/x", "http://a/ b", "http://a/\tb", "http://a/ü", "http://a@b@c/",
        "http://a/\u{7F}",
        "http://a/" + String(repeating: "x", count: 2040),
    ])
    func `an address that is read in two ways is none, nor is what one is redirected to`(url: String) async {
        let asked = await refusal { () throws(RPCError) in try ImageStore.check(VMImage(url: url)) }
        #expect(asked?.code == .invalidArgument)
        let brought = await refusal { () throws(RPCError) in
            try ImportDiskWork.read(
                ImportDiskRequest(sourceURL: url, targetName: "a"), LibvirtProviderSettings(uri: "test:///default"))
        }
        #expect(brought?.code == .invalidArgument)
        #expect((try? ImageURL.resolve(url, from: "http://first/")) == nil)
    }

    @Test func `an address of an ordinary length and with one user is taken`() throws {
        for url in ["http://a/" + String(repeating: "x", count: 2000), "https://me:p%40ss@a:8443/b~c?d=e&f=%20#g", "http://[::1]/a@b@c"] {
            try ImageStore.check(VMImage(url: url))
            #expect(try ImageURL.resolve(url, from: "http://first/") == url)
        }
    }

    @Test func `the host itself and its neighbours are not public to it, whatever their addresses are`() throws {
        let four = try #require(HostNetworks.range([8, 8, 4, 9], mask: [255, 255, 255, 0]))
        let six = try #require(
            HostNetworks.range(
                [0x2A, 0] + [UInt8](repeating: 1, count: 14), mask: [UInt8](repeating: 255, count: 8) + [UInt8](repeating: 0, count: 8)))
        #expect(HostNetworks.range([8, 8, 4, 9], mask: [0, 0, 0, 0]) == nil)
        for (text, isPublic) in [
            ("8.8.4.9", false), ("8.8.4.200", false), ("8.8.5.1", true), ("2a00:101:101:101::1", false), ("2a00:101:101:102::1", true),
        ] {
            let address = try #require(IPAddress(text))
            #expect(ImageSources([], links: [four, six]).allow(address, host: "a.example") == isPublic, "\(text)")
            #expect(ImageSources([text], links: [four, six]).allow(address, host: "a.example"))
        }
        let loopback = try #require(IPAddress("127.0.0.1"))
        #expect(HostNetworks.read().contains { $0.contains(loopback) })
    }

    // MARK: pace

    @Test func `who trickles is given up in the end, and a server that is only slow is not`() {
        func end(_ bytesPerSecond: Int) -> Int? {
            let start = ContinuousClock.now
            var pace = TransferPace(leastBytesPerSecond: 100, seconds: 10, leastOverall: 1000, longSeconds: 60, at: start)
            for second in 1...200 {
                pace.add(bytesPerSecond, waited: 0)
                if pace.isTooSlow(at: start + .seconds(second)) { return second }
            }
            return nil
        }
        #expect(end(99) == 10)
        #expect(end(101) == 60)
        #expect(end(999) == 60)
        #expect(end(1000) == nil)
    }

    @Test func `who sends too slowly is given up, and who had to wait is not`() {
        let start = ContinuousClock.now
        var pace = TransferPace(leastBytesPerSecond: 100, seconds: 10, leastOverall: 0, at: start)
        /// After so many seconds, with so many bytes more.
        func isTooSlow(_ seconds: Int, _ bytes: Int, waited: Double = 0) -> Bool {
            pace.add(bytes, waited: waited)
            return pace.isTooSlow(at: start + .seconds(seconds))
        }
        let answers = [
            isTooSlow(9, 0), isTooSlow(10, 0), isTooSlow(11, 0), isTooSlow(20, 1001), isTooSlow(30, 10), isTooSlow(50, 10, waited: 15),
        ]
        #expect(answers == [false, true, false, false, true, false])
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
        let note = settings.noted
        let later = LibvirtProviderSettings(uri: "test:///default").with(note)
        #expect((later.pool, later.network, later.vncListen, later.exchangeFolder) == ("fast", "lan", nil, "/exchange"))
        #expect(LibvirtProviderSettings(uri: "test:///default").with(nil).pool == "default")
        let request = try MachineRequest(CreateRequest(name: "web1"), later)
        #expect(request.pool == "fast")
        #expect(request.networks == [NetworkAttachment(networkName: "lan")])
        let prepared = try ImagePrepareWork.read(ImagePrepareRequest(imageJSON: VMImage(url: "http://a/b").json, targetName: "a"), later)
        #expect(prepared.pool == "fast")
    }
}
