import Glibc
import Primitives
import Testing
import Web

@Suite("Listen addresses")
struct ListenAddressTests {
    /// Texts, host, port, how the address prints, and how a client on this machine reaches it.
    static let good: [(text: String, host: String, port: UInt16, printed: String, url: String)] = [
        ("127.0.0.1:9221", "127.0.0.1", 9221, "127.0.0.1:9221", "http://127.0.0.1:9221"),
        ("localhost:9221", "127.0.0.1", 9221, "127.0.0.1:9221", "http://127.0.0.1:9221"),
        (":9221", "", 9221, ":9221", "http://127.0.0.1:9221"),
        ("0.0.0.0:1", "0.0.0.0", 1, "0.0.0.0:1", "http://127.0.0.1:1"), ("[::1]:9221", "::1", 9221, "[::1]:9221", "http://[::1]:9221"),
        ("[::]:80", "::", 80, "[::]:80", "http://[::1]:80"),
        ("[fe80::1]:65535", "fe80::1", 65_535, "[fe80::1]:65535", "http://[fe80::1]:65535"),
        ("[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", 80, "[::ffff:127.0.0.1]:80", "http://[::ffff:127.0.0.1]:80"),
        ("10.1.2.3:0", "10.1.2.3", 0, "10.1.2.3:0", "http://10.1.2.3:0"),
        ("127.0.0.1:0080", "127.0.0.1", 80, "127.0.0.1:80", "http://127.0.0.1:80"),
    ]

    @Test("What is an address", arguments: good)
    func parses(_ row: (text: String, host: String, port: UInt16, printed: String, url: String)) throws {
        let address = try ListenAddress(parsing: row.text)
        #expect(address.host == row.host)
        #expect(address.port == row.port)
        #expect(address.description == row.printed)
        #expect(address.url() == row.url)
        #expect(address.url(scheme: "https") == "https" + row.url.dropFirst(4))
        #expect(try ListenAddress(parsing: row.printed) == address)
    }

    static let shapeless = [
        "", "9221", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+80", "127.0.0.1: 80",
        "127.0.0.1:80 ",
        "::1:9221", ":::80", "[]:80", "[127.0.0.1]:80", "[::1]", "::1]:80", "[::1:80", "http://127.0.0.1:80", "127.0.0.1\u{0}evil:80",
        "127.0.0.1:٨٠", "a:b:80",
    ]

    @Test("What is none", arguments: shapeless)
    func refuses(_ text: String) {
        let error = #expect(throws: Failure.self) { try ListenAddress(parsing: text) }
        #expect(error?.code == .configuration)
        // A message is one line that a terminal obeys nothing in.
        let shown = text.replacing("\u{0}", with: "\\u0000")
        #expect(
            error?.message == "listen address \"\(shown)\" is not HOST:PORT, as in 127.0.0.1:9221 or [::1]:9221, with a port up to 65535")
    }

    static let hostNames: [(String, String)] = [
        ("example.org:80", "example.org"), ("256.0.0.1:80", "256.0.0.1"), ("127.1:80", "127.1"), ("0x7f.0.0.1:80", "0x7f.0.0.1"),
        ("[::g]:80", "::g"),
        ("[fe80::1%lo]:80", "fe80::1%lo"), ("[:]:80", ":"), (" 127.0.0.1:80", " 127.0.0.1"), ("LOCALHOST:80", "LOCALHOST"), ("*:80", "*"),
    ]

    @Test("Names are not looked up", arguments: hostNames)
    func names(_ text: String, _ host: String) {
        let error = #expect(throws: Failure.self) { try ListenAddress(parsing: text) }
        #expect(
            error?.message
                == "listen address \"\(text)\": \"\(host)\" is not a numeric IP address; write one of this machine's, or :PORT for all")
    }

    @Test(
        "The kernel chooses a port for 0, and a busy one is an error that names port and flag",
        arguments: ["127.0.0.1", "0.0.0.0", "::1", ""])
    func listening(_ host: String) throws {
        let address = ListenAddress(host: host, port: 0)
        let descriptor = try address.listen(origin: "--web.listen-address")
        defer { close(descriptor) }
        let bound = address.bound(to: descriptor)
        #expect(bound.host == host)
        #expect(bound.port > 0)
        let error = #expect(throws: Failure.self) { try bound.listen(origin: "--web.listen-address") }
        #expect(error?.code == .environment)
        #expect(
            error?.message
                == "port \(bound.port) on \(host.isEmpty ? "all addresses" : host) is in use; choose another with --web.listen-address")
    }

    @Test("No host and [::] listen for IPv4 too, another IPv6 address does not", arguments: [("", 0), ("::", 0), ("::1", 1)])
    func bothFamilies(_ host: String, _ expected: Int32) throws {
        let descriptor = try ListenAddress(host: host, port: 0).listen(origin: "test")
        defer { close(descriptor) }
        var sixOnly: Int32 = -1
        var size = socklen_t(MemoryLayout<Int32>.size)
        #expect(getsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &sixOnly, &size) == 0)
        #expect(sixOnly == expected)
    }

    @Test("An address that is not this machine's is an error that names it and the flag")
    func foreignAddress() {
        let error = #expect(throws: Failure.self) {
            _ = try ListenAddress(host: "192.0.2.1", port: 80).listen(origin: "--web.listen-address")
        }
        #expect(
            error?.message
                == "cannot listen on 192.0.2.1:80 (--web.listen-address): Cannot assign requested address; no network interface of this machine has this address"
        )
    }
}
