import ProviderRPC
import RPC
import Testing
import Web

@testable import LibvirtProvider

/// Where images may come from, and how fast.
struct ImageSourceTests {
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
}
