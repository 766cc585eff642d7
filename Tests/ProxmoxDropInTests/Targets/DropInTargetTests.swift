import Glibc
import Primitives
import ProxmoxAPI
import TestSupport
import Testing
import Web

@testable import ProxmoxDropIn

@Suite struct DropInTargetTests {
    @Test(
        arguments: [
            ("pve1", "pve1:8006"), ("PVE1.Example.ORG", "pve1.example.org:8006"), ("pve1.example.org.", "pve1.example.org:8006"),
            ("pve1:8007", "pve1:8007"), ("pve1.:443", "pve1:443"), ("pve1:65535", "pve1:65535"), ("pve1:1", "pve1:1"),
            ("pve1:08006", "pve1:8006"), ("localhost", "localhost:8006"), ("_pve._tcp.example", "_pve._tcp.example:8006"),
            ("a_b-c", "a_b-c:8006"), ("xn--bcher-kva.example", "xn--bcher-kva.example:8006"), ("1pve", "1pve:8006"),
            ("3com.7up", "3com.7up:8006"),
            ("127.0.0.1.example", "127.0.0.1.example:8006"), ("0x7f.example", "0x7f.example:8006"), ("pve-", "pve-:8006"),
            (String(repeating: "a", count: 63), String(repeating: "a", count: 63) + ":8006"),
            ("10.0.0.5", "10.0.0.5:8006"), ("10.0.0.5:443", "10.0.0.5:443"), ("0.0.0.0", "0.0.0.0:8006"),
            ("::1", "[::1]:8006"), ("[::1]", "[::1]:8006"), ("[::1]:443", "[::1]:443"), ("::", "[::]:8006"),
            ("[2001:DB8:0:0::1]", "[2001:db8::1]:8006"), ("2001:0db8:0:0:0:0:0:1", "[2001:db8::1]:8006"),
            // The same machine, whichever way it is written.
            ("::ffff:10.0.0.5", "10.0.0.5:8006"), ("::FFFF:0a00:0005", "10.0.0.5:8006"), ("0:0:0:0:0:ffff:10.0.0.5", "10.0.0.5:8006"),
        ])
    func `a host and perhaps a port`(text: String, authority: String) throws {
        let target = try #require(DropInTarget(text))
        #expect(target.authority(port: 8006) == authority)
        // What was read is what is asked.
        #expect(try ProxmoxEndpoint(address: target.authority(port: 8006), trust: .system).baseURL == "https://\(authority)")
        #expect(DropInTarget(authority)?.host == target.host)
    }

    @Test func `without a port the module's holds`() throws {
        #expect(DropInTarget("pve1")?.authority(port: 443) == "pve1:443" && DropInTarget("pve1")?.port == nil)
        #expect(DropInTarget("pve1:8006")?.authority(port: 443) == "pve1:8006" && DropInTarget("pve1:8006")?.port == 8006)
        #expect(DropInTarget("::1")?.authority(port: 443) == "[::1]:443")
    }

    @Test(arguments: [
        // Nothing, white space, control characters.
        "", " ", "pve1 ", " pve1", "pve 1", "pve1\n", "\r\npve1", "\tpve1", "pve1\0", "pve1\0.evil.example", "\0", "10.0.0.5\0",
        "10.0.0.5\0.evil",
        "[::1]\0", "pve1:8006\0", "pve1\u{7F}", "pve1\u{85}",
        // More than a host.
        "pve1/", "pve1/api2", "/pve1", "//pve1", "https://pve1", "http://pve1:8006", "file:///etc/passwd", "user@pve1", "user:word@pve1",
        "pve1:8006@evil", "pve1?x", "pve1#x", "pve1:8006/x", "pve1:8006?x", "pve1\\evil", "pve1;evil", "pve1,pve2", "pve1&x=1", "pve1=",
        "pve1'",
        "pve1\"", "<pve1>", "{pve1}", "$(pve1)", "`pve1`", "pve1|x", "~pve1", "*", "pve*", "10.0.0.0/24",
        // Percent signs: nothing is decoded twice.
        "pve%31", "%70ve1", "pve1%00", "pve1%2Eexample", "%", "pve1:80%300", "127.0.0.%31",
        // Zones.
        "fe80::1%eth0", "[fe80::1%eth0]", "[fe80::1%25eth0]:8006", "fe80::1%1", "pve1%eth0",
        // Looks like another letter.
        "ｐve1", "pve１", "pve。example", "pve．example", "pvе1", "pve1\u{200B}", "\u{202E}1evp", "bücher.example", "pve1\u{301}", "K\u{212A}",
        "１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "pve1：8006", "pve1:８００６",
        // Numbers that some resolvers take for addresses.
        "127.1", "127.0.1", "2130706433", "017700000001", "0x7f000001", "0X7F000001", "0x7f.1", "0x7F.0.0.1", "0177.0.0.1", "127.0.0.01",
        "127.0.0.0x1", "127.0.0.0X1", "00127.0.0.1", "127.0.0.1.", "1.2.3.4.5", "256.0.0.1", "1.2.3", "0", "00", "999", "1.", "0x",
        "pve.0x1f",
        "pve.123", "pve.0x", "4294967296", "1e3.1", "127.0.0.1.0x", "0.0x0", "+127.0.0.1", "-1",
        // Labels.
        ".", "..", "pve..example", ".pve", "pve1..", "-pve", "pve.-x", "-", "a.\(String(repeating: "b", count: 64))",
        String(repeating: "a", count: 64), String(repeating: "a.", count: 127) + "ab", String(repeating: "a", count: 301),
        String(repeating: "[", count: 200), String(repeating: ":", count: 299), String(repeating: ".", count: 299),
        // Ports.
        "pve1:", "pve1:0", "pve1:00000", "pve1:65536", "pve1:99999", "pve1:+80", "pve1:-1", "pve1:8006x", "pve1: 8006", "pve1:0x50",
        "pve1:008006",
        "pve1:80:80", ":8006", ":", "::8006:", "10.0.0.5:", "10.0.0.5:0",
        // Brackets.
        "[", "]", "[]", "[]:8006", "[::1", "::1]", "[::1]8006", "[::1]:", "[::1]:0", "[::1]x", "[::1]]", "[[::1]]", "x[::1]", "[pve1]",
        "[pve1]:8006",
        "[10.0.0.5]", "[::ffff:10.0.0.5]", ":::", "1::2::3", "::g", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", "12345::", "[::1]:8006:8006",
        "::127.1",
        "::ffff:0177.0.0.1", "[::ffff:0x7f.1]",
    ])
    func `anything else is no target`(text: String) {
        #expect(DropInTarget(text) == nil)
    }

    @Test func `the longest name is 253 letters long`() {
        let longest = String(repeating: "a.", count: 126) + "a"
        #expect(longest.utf8.count == 253)
        #expect(DropInTarget(longest) != nil && DropInTarget(longest + ".") != nil && DropInTarget(longest + ":8006") != nil)
        #expect(DropInTarget("a" + longest) == nil)
    }

    /// The resolver takes many spellings for addresses that are compared as names here; none of them may be a name.
    @Test func `no name is an address to the resolver`() {
        var random = SeededGenerator(seed: 20260728)
        let pieces = [
            "0", "1", "7", "9", "12", "127", "255", "256", "0x", "0X", "0x7f", "x", "f", "a", "e", ".", ".", ".", "-", "_", ":", "[", "]",
            "00", "+",
        ]
        var (names, addresses) = (0, 0)
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 1...7, using: &random)).compactMap { _ in pieces.randomElement(using: &random) }.joined()
            guard let target = DropInTarget(text) else { continue }
            switch target.host {
            case .name(let name):
                names += 1
                var address = in_addr()
                #expect(inet_aton(name, &address) == 0, "\(text)")
                #expect(!Self.isNumeric(name), "\(text)")
            case .address(let address):
                addresses += 1
                #expect(IPAddress(address.description) == address, "\(text)")
            }
            #expect(DropInTarget(target.authority(port: 8006))?.host == target.host, "\(text)")
        }
        #expect(names > 50 && addresses > 5)
    }

    private static func isNumeric(_ name: String) -> Bool {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        var found: UnsafeMutablePointer<addrinfo>?
        defer { if let found { freeaddrinfo(found) } }
        return getaddrinfo(name, nil, &hints, &found) == 0
    }

    @Test(arguments: ["10.0.0.1\0", "10.0.0.1\0x", "::1\0", "\0::1", "", " 10.0.0.1", "10.0.0.1 ", "10.0.0.1\n", "１.0.0.1"])
    func `no address`(text: String) { #expect(IPAddress(text) == nil) }
}
