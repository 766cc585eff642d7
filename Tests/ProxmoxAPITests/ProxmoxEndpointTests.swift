import Primitives
import Testing
import Web

@testable import ProxmoxAPI

@Suite struct ProxmoxEndpointTests {
    @Test(arguments: [
        ("pve1", "https://pve1:8006"), ("pve1:8443", "https://pve1:8443"), ("pve1.example.org", "https://pve1.example.org:8006"),
        ("https://pve1", "https://pve1:8006"), ("https://pve1/", "https://pve1:8006"), ("https://pve1:443", "https://pve1:443"),
        ("http://127.0.0.1:1234", "http://127.0.0.1:1234"), ("http://pve1///", "http://pve1:8006"), ("10.0.0.1", "https://10.0.0.1:8006"),
        ("PVE_1-a.local", "https://PVE_1-a.local:8006"), ("::1", "https://[::1]:8006"), ("[::1]", "https://[::1]:8006"),
        ("[::1]:443", "https://[::1]:443"), ("fe80::1", "https://[fe80::1]:8006"),
        ("https://[2001:db8::7]:8007", "https://[2001:db8::7]:8007"),
        ("::ffff:10.0.0.1", "https://[::ffff:10.0.0.1]:8006"), ("2001:db8:0:0:0:0:0:1", "https://[2001:db8:0:0:0:0:0:1]:8006"),
        ("pve1:08006", "https://pve1:8006"), ("pve1:65535", "https://pve1:65535"),
    ])
    func `hosts and ports`(address: String, url: String) throws {
        let endpoint = try ProxmoxEndpoint(address: address, trust: .system)
        #expect(endpoint.baseURL == url)
        #expect(endpoint.baseURL.hasSuffix("://" + endpoint.authority))
    }

    @Test(arguments: [
        "", "/", "https://", "https:///", ":8006", ":", "::", "pve1:", "pve1:0", "pve1:65536", "pve1:-1", "pve1:+1", "pve1:8006x",
        "pve1:80:90",
        "pve1/api2/json", "https://pve1/api2", "pve1?x=1", "pve1#x", "pve 1", " pve1", "pve1 ", "pve1\n", "pve\u{0}1", "ftp://pve1",
        "HTTPS://pve1", "https:pve1", "https://https://pve1", "pve1,pve2", "pve1;rm", "pve1%2e", "pve1\\x", "größe", "пве", "١٢٧.0.0.1",
        "*", "[::1",
        "::1]", "[::1]x", "[::1]:", "[::1]:x", "[::1]80", "[]", "[]:8006", "[pve1]", "[10.0.0.1]", "[::g]", "a:b:c", "1:2:3:4:5:6:7:8:9",
        "::\0", "[::1\0]", "fe80::1%eth0", "[::1]:80:90", ".pve1", "-pve1", "--proxy",
    ])
    func `what is no host and port is refused`(address: String) throws {
        // "::" is an address, though not one to ask.
        if address == "::" { return }
        do {
            let endpoint = try ProxmoxEndpoint(address: address, trust: .system)
            Issue.record("taken for \(endpoint.baseURL)")
        } catch {
            #expect(error.code == .configuration)
            #expect(error.message.hasSuffix(" is not a Proxmox address; expected HOST, HOST:PORT or https://HOST:PORT"))
            #expect(!error.message.utf8.contains { $0 < 0x20 })
        }
    }

    @Test(arguments: [
        "https://root:hunter2@pve1:8006", "root:hunter2@pve1", "root@pam!x=hunter2", "https://pve1@hunter2", "hunter2@", "@hunter2",
    ])
    func `a user or a password is refused and not repeated`(address: String) {
        #expect(throws: Failure.self) { try ProxmoxEndpoint(address: address, trust: .system) }
        do { _ = try ProxmoxEndpoint(address: address, trust: .system) } catch {
            #expect(error.message == "a Proxmox address holds no user and no password; expected HOST, HOST:PORT or https://HOST:PORT")
        }
    }

    @Test func `a prefix of the path stays a path`() throws {
        for (prefix, url) in [
            ("", "https://pve1:8006"), ("pve", "https://pve1:8006/pve"), ("/a/b/", "https://pve1:8006/a/b"),
            ("../x?y#z", "https://pve1:8006/%2E%2E/x%3Fy%23z"),
        ] {
            #expect(try ProxmoxEndpoint(address: "pve1", trust: .system, pathPrefix: prefix).baseURL == url)
        }
    }
}

@Suite struct ProxmoxCredentialTests {
    @Test(arguments: [
        "monitor@pve!exporter=0f9c4f7e-6a1d", "root@pam!a=b", "user@realm.example!t-1_x=s=e=c=", "a@b!c=!@=",
    ])
    func `good tokens`(token: String) throws { #expect(try ProxmoxCredential.token(parsing: token) == .token(Secret(token))) }

    private static let missing = "an API token reads USER@REALM!NAME=SECRET; the part from = on is missing"
    private static let identity = "an API token reads USER@REALM!NAME=SECRET; what stands before = is not USER@REALM!NAME"
    private static let letters = "an API token holds no spaces, line breaks or letters outside ASCII"

    @Test(arguments: [
        ("", missing), ("hunter2", missing), ("monitor@pve!exporter", missing), ("monitor@pve!exporter=", missing), ("=hunter2", identity),
        ("hunter2=hunter2", identity), ("monitor@pve=hunter2", identity), ("monitor!exporter=hunter2", identity),
        ("monitor@pve!=hunter2", identity), ("a@b!c!d=hunter2", identity), ("!@=hunter2", identity), ("@!c=hunter2", identity),
        ("a@!c=hunter2", identity), ("@b!c=hunter2", identity), ("a@b!c=hunter2 ", letters),
        ("a@b!c=hunter2\n", letters), ("a@b!c=hunter2\r\nX-Evil: 1", letters), ("a@b!c=hunter2\u{0}", letters), ("a@b!c=hünter2", letters),
        (" a@b!c=hunter2", letters), ("PVEAPIToken a@b!c=hunter2", letters),
    ])
    func `bad tokens, and no part of them is repeated`(token: String, message: String) {
        do {
            _ = try ProxmoxCredential.token(parsing: token)
            Issue.record("taken")
        } catch {
            #expect(error.code == .configuration && error.description == message)
            #expect(!error.description.contains("unter2"))
        }
    }
}

@Suite struct ProxmoxCredentialDescriptionTests {
    @Test(arguments: [
        try ProxmoxCredential.token(parsing: testToken),
        try ProxmoxCredential.login("monitor@pve", Secret("a-secret"), oneTimeCode: Secret("secret")),
    ])
    func `a credential does not show its secret`(credential: ProxmoxCredential) {
        var dumped = ""
        dump(credential, to: &dumped)
        for text in ["\(credential)", String(reflecting: credential), dumped, credential.identity] { #expect(!text.contains("secret")) }
        #expect(credential.identity.hasPrefix("monitor@pve"))
    }

    @Test(arguments: ["", "root", "@pam", "root@", "root@pam\n", "root @pam", "a@@b"])
    func `a user has a name and a realm`(user: String) {
        #expect(throws: Failure.self) { try ProxmoxCredential.login(user, Secret("x")) }
    }
}

@Suite struct PathPartTests {
    @Test(arguments: [
        ("pve1", "pve1"), ("PVE-1_a.b", "PVE-1_a.b"), (".", "%2E"), ("..", "%2E%2E"), ("...", "..."), ("a/b", "a%2Fb"),
        ("../..", "..%2F.."),
        ("/", "%2F"), ("a?b=c&d#e", "a%3Fb%3Dc%26d%23e"), ("a%2Fb", "a%252Fb"), ("a b", "a%20b"), ("\n\r\u{0}", "%0A%0D%00"),
        ("ü", "%C3%BC"),
        ("🦅", "%F0%9F%A6%85"), ("\\", "%5C"), (";", "%3B"), ("~", "%7E"), ("@:", "%40%3A"), ("", ""),
    ])
    func `a name stays one part of a path`(name: String, part: String) { #expect(ProxmoxClient.pathPart(name) == part) }
}
