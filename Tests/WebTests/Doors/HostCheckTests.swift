import Testing
import Web

@Suite("Host fields on loopback")
struct HostCheckTests {
    static let own = [
        "localhost", "localhost:9221", "LOCALHOST:1", "localhost.", "localhost.:9221", "localhost:", "grafana.localhost",
        "a.b.localhost:80",
        "127.0.0.1", "127.0.0.1:9221", "127.0.0.1.", "127.255.0.9", "[::1]", "[::1]:9221", "[0:0:0:0:0:0:0:1]:1", "[::ffff:127.0.0.1]:80",
        "[::FFFF:127.1.2.3]", "monitor", "monitor:9221", "MONITOR", "monitor.example.org", "monitor.example.org.", "192.0.2.7:9221",
        "[2001:db8::7]:80",
    ]

    private let check = HostCheck(
        allowedNames: ["Monitor", "monitor.example.org.", "192.0.2.7", "2001:db8::7"], remedy: "Say --web.allowed-hosts.")

    @Test("Names and addresses of loopback, and those that are allowed", arguments: own)
    func allows(_ host: String) { #expect(check.judge(hosts: [host]) == .allowed) }

    @Test("Names that somebody has said hold everywhere, and the addresses listened on with them; all addresses at once are none")
    func everywhere() {
        #expect(check.isExplicit && !HostCheck().isExplicit)
        let own = check.answering(to: ["192.0.2.9", "2001:db8::9", "0.0.0.0", "::", ""])
        for host in Self.own + ["192.0.2.9:9221", "[2001:DB8::9]:9221"] { #expect(own.judge(hosts: [host]) == .allowed, "\(host)") }
        for host in Self.foreign + ["192.0.2.90"] {
            guard case .refused(403, let text) = own.judge(hosts: [host]) else {
                Issue.record("\(host) is not refused with 403")
                continue
            }
            #expect(text.contains("the names that it was told") && !text.contains("loopback only"))
        }
    }

    static let foreign = [
        "evil.example", "evil.example:9221", "localhost.evil.example", "127.0.0.1.evil.example", "evillocalhost", "evil-localhost",
        "localhost.localdomain", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "0.0.0.0", "[::]", "[::2]",
        "[::ffff:128.0.0.1]", "[::127.0.0.1]", "128.0.0.1", "27.0.0.1", "192.0.2.70", "xmonitor", "monitor.example.org.evil", "1.127.0.0",
        "[2001:db8::8]",
    ]

    @Test("Anything else is somebody's trick, or a name that has to be allowed first", arguments: foreign)
    func refuses(_ host: String) {
        guard case .refused(403, let text) = check.judge(hosts: [host]) else {
            Issue.record("\(host) is not refused with 403")
            return
        }
        #expect(text.contains("localhost") && text.hasSuffix(" Say --web.allowed-hosts.\n") && !text.contains(host))
    }

    static let shapeless = [
        "", ":", ":80", ".", "..", ".localhost", "localhost..", " localhost", "localhost ", "localhost\t", "localhost\r\nX: y",
        "loc\u{0}alhost",
        "localhost\u{0}", "localhost:80:80", "localhost:8o", "localhost:-1", "localhost:+1", "localhost:123456", "localhost:٨٠", "::1",
        "[::1",
        "::1]", "[]", "[]:80", "[::1]x", "[::1]:x", "[::1]80", "[::1%lo]", "[127.0.0.1]", "[localhost]", "[[::1]]", "a@localhost",
        "evil.example#.localhost", "evil.example/.localhost", "evil.example\\.localhost", "evil.example?.localhost",
        "localhost,evil.example",
        "ｌｏｃａｌｈｏｓｔ", "localhοst", "127。0。0。1", "http://localhost", "*.localhost", String(repeating: "a", count: 300) + ".localhost",
    ]

    @Test("What is no host is a bad request", arguments: shapeless)
    func malformed(_ host: String) {
        #expect(
            check.judge(hosts: [host]) == .refused(status: 400, text: "The request's Host field is not one host with or without a port.\n"))
    }

    @Test("Two Host fields are a bad request, even if both are right")
    func twice() {
        for hosts in [["localhost", "localhost"], ["localhost", "evil.example"], ["evil.example", "localhost"]] {
            guard case .refused(400, _) = check.judge(hosts: hosts) else {
                Issue.record("\(hosts) is not refused with 400")
                continue
            }
        }
    }

    @Test("No Host field is a bad request")
    func none() {
        #expect(check.judge(hosts: []) == .refused(status: 400, text: "The request has no Host field.\n"))
    }
}
