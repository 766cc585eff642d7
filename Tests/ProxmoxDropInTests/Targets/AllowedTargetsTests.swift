import CollectorConformance
import Primitives
import Settings
import TestSupport
import Testing

@testable import ProxmoxDropIn

@Suite struct AllowedTargetsTests {
    private func isAllowed(_ target: String, by entries: [String], port: UInt16 = 8006) throws -> Bool {
        try allowed(entries).allows(try #require(DropInTarget(target)), port: port)
    }

    @Test func `nothing is allowed unless it is named`() throws {
        for entries in [[], [""], [","], [" , ,"]] as [[String]] {
            let allowed = try allowed(entries)
            #expect(allowed.isEmpty && !allowed.allowsAll)
            for text in ["localhost", "127.0.0.1", "pve1", "::1"] {
                #expect(!allowed.allows(try #require(DropInTarget(text)), port: 8006))
            }
        }
    }

    @Test(
        arguments: [
            // Names.
            ("pve1", "pve1", true), ("pve1", "PVE1", true), ("PVE1.Example.Org", "pve1.example.ORG", true), ("pve1.", "pve1", true),
            ("pve1", "pve1.", true), ("pve1", "pve2", false), ("pve1", "pve1.example.org", false), ("pve1.example.org", "pve1", false),
            ("pve1", "xpve1", false), ("pve1", "pve11", false), ("pve1", "pve1.evil", false), ("example.org", "pve1.example.org", false),
            // A star stays in its label.
            ("pve*", "pve1", true), ("pve*", "pve", true), ("pve*", "pve1.example.org", false), ("pve*", "xpve1", false),
            ("pve*.example.org", "pve1.example.org", true), ("pve*.example.org", "pve1.evil.example.org", false),
            ("pve*.example.org", "pve1.example.org.evil", false), ("pve*.example.org", "pve.example.org", true),
            ("*.example.org", "pve1.example.org", true), ("*.example.org", "example.org", false),
            ("*.example.org", "a.b.example.org", false),
            ("*.example.org", "evilexample.org", false), ("*.example.org", "x.example.org.evil", false), ("p*v*e*1", "pppvve1", true),
            ("p*v*e*1", "pppvve2", false), ("*a*", "bab", true), ("*a*", "bbb", false), ("**pve**", "xpvex", true),
            ("pve.*.org", "pve.a.org", true),
            ("pve.*.org", "pve.a.b.org", false), ("pve.*", "pve.com", true), ("PVE*", "pve7", true), ("pve*", "PVE7", true),
            // A star is for names.
            ("a*.*", "10.0.0.5", false), ("p*", "::1", false), ("*.example.org", "10.0.0.5", false),
            // Addresses are compared as addresses.
            ("10.0.0.5", "10.0.0.5", true), ("10.0.0.5", "10.0.0.50", false), ("10.0.0.5", "10.0.0.5.example", false),
            ("10.0.0.5", "::ffff:10.0.0.5", true), ("10.0.0.5", "::10.0.0.5", false), ("::ffff:10.0.0.5", "10.0.0.5", true),
            ("2001:db8::1", "2001:DB8:0:0::1", true), ("[2001:db8::1]", "2001:db8::1", true), ("2001:db8::1", "2001:db8::2", false),
            ("::1", "127.0.0.1", false), ("localhost", "127.0.0.1", false), ("127.0.0.1", "localhost", false),
            // Ranges.
            ("10.0.0.0/24", "10.0.0.255", true), ("10.0.0.0/24", "10.0.1.0", false), ("10.0.0.0/24", "9.255.255.255", false),
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.128/25", "10.0.0.127", false), ("10.0.0.128/25", "10.0.0.128", true),
            ("10.0.0.4/31", "10.0.0.5", true), ("10.0.0.4/31", "10.0.0.6", false), ("10.0.0.5/32", "10.0.0.5", true),
            ("10.0.0.5/32", "10.0.0.4", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false), ("0.0.0.0/0", "pve1", false),
            ("10.0.0.0/24", "::ffff:10.0.0.7", true), ("::/0", "2001:db8::1", true), ("::/0", "10.0.0.5", false),
            ("::/0", "::ffff:10.0.0.5", false), ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::/33", "2001:db8:8000::1", false), ("2001:db8::/127", "2001:db8::1", true), ("2001:db8::/127", "2001:db8::2", false),
            ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe80::1", false), ("10.0.0.0/024", "10.0.0.7", true),
            // Everything.
            ("*", "anything.example", true), ("*", "::1", true), ("*", "pve1:22", true),
        ])
    func `an entry and a target`(entry: String, target: String, isAllowed: Bool) throws {
        #expect(try self.isAllowed(target, by: [entry]) == isAllowed)
        #expect(try self.isAllowed(target, by: ["other.example", entry, "192.0.2.1"]) == isAllowed)
        #expect(try self.isAllowed(target, by: ["other.example, \(entry) ,192.0.2.1"]) == isAllowed)
    }

    @Test(
        arguments: [
            // Without a port the module's, whatever way the target says it.
            ("pve1", "pve1:8006", 8006, true), ("pve1", "pve1:443", 8006, false), ("pve1", "pve1:22", 8006, false),
            ("pve1", "pve1", 443, true),
            ("pve1", "pve1:8006", 443, false), ("pve1", "pve1:443", 443, true), ("10.0.0.0/24", "10.0.0.1:22", 8006, false),
            ("10.0.0.0/24", "10.0.0.1:8006", 8006, true), ("::1", "[::1]:22", 8006, false), ("pve*", "pve1:22", 8006, false),
            // With one, that one.
            ("pve1:443", "pve1:443", 8006, true), ("pve1:443", "pve1", 8006, false), ("pve1:443", "pve1", 443, true),
            ("pve1:443", "pve1:8006", 8006, false), ("pve*.example:443", "pve1.example:443", 8006, true),
            ("[::1]:443", "[::1]:443", 8006, true),
            ("[::1]:443", "::1", 8006, false), ("10.0.0.0/24:443", "10.0.0.1:443", 8006, true),
            ("10.0.0.0/24:443", "10.0.0.1", 8006, false),
            ("[2001:db8::/32]:443", "[2001:db8::5]:443", 8006, true), ("[2001:db8::/32]:443", "[2001:db8::5]:8006", 8006, false),
            // Any.
            ("pve1:*", "pve1:22", 8006, true), ("pve1:*", "pve1", 8006, true), ("pve1:*", "pve2:22", 8006, false),
            ("10.0.0.0/24:*", "10.0.0.1:22", 8006, true), ("[::1]:*", "[::1]:9", 8006, true),
            // An address whose last group looks like a port is an address.
            ("2001:db8::443", "[2001:db8::443]:8006", 8006, true), ("2001:db8::443", "[2001:db8::]:443", 8006, false),
        ] as [(String, String, UInt16, Bool)])
    func `ports`(entry: String, target: String, modulePort: UInt16, isAllowed: Bool) throws {
        #expect(try self.isAllowed(target, by: [entry], port: modulePort) == isAllowed)
    }

    @Test(arguments: [
        "10.0.0.*", "10.*", "*.0.0.1", "192.168.*.*", "10.0.0.*:8006", "1*", "*:8006", "*:*", "**", "*.*", "***.***", "*.1", "pve.1*",
        "2*.3*",
        "10.0.0.1/24", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0/255.255.255.0",
        "10.0.0/24", "10/8", "2001:db8::1/32", "::1/0", "2001:db8::/129", "::ffff:0:0/96", "/24", "pve1/24", "010.0.0.1", "0x7f.1", "127.1",
        "2130706433", "pve1:0", "pve1:", "pve1:65536", "pve1:http", "pve1:80-90", "pve1:+80", ":8006", ":*", "[pve1]:443", "[10.0.0.5]x",
        "[::1]443", "[::1", "::1]:443", "[]", "https://pve1", "https://pve1:8006", "user@pve1", "pve1/", "pve1/*", "-pve", "pve..example",
        ".", "pve1\n",
        "pve\t1", "pve1\0", "10.0.0.1\0", "10.0.0.1\0x", "pve 1", "pve%", "[fe80::1%eth0]", "fe80::1%eth0", "pve?", "pve[12]",
        "(pve1|pve2)", "bücher.example", "ｐve1",
        "!pve1", "^pve1$", String(repeating: "a", count: 64), String(repeating: "a.", count: 130) + "a",
    ])
    func `what is no target to allow is refused by its place`(entry: String) throws {
        let error = try #require(failure { try allowed(["pve1", entry]) })
        #expect(error.code == .usage)
        #expect(error.message.utf8.starts(with: "--pve.allowed-targets: \(entry.contains("@") ? "this" : "\"")".utf8))
        #expect(error.message.contains("is no target to allow; expected a name"))
        #expect(error.message.utf8.count < 600)
        #expect(!error.message.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "one line: \(error.message)")
    }

    @Test func `the line of a file is named`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("martlet.yml", "allowed_targets:\n- pve1\n- 10.0.0.*\n")
        let tree = try SettingsTree(file: file, environment: [:], flags: [], shape: DropInSettings.shape)
        let error = failure { try AllowedTargets(tree["allowed_targets"]) }
        #expect(error?.message.hasPrefix("\(file):3:3: \"10.0.0.*\" is no target") == true)
        let one = try folder.file("one.yml", "allowed_targets: pve1, 10.0.0.0/24:443\n")
        let allowed = try AllowedTargets(
            try SettingsTree(file: one, environment: [:], flags: [], shape: DropInSettings.shape)["allowed_targets"])
        #expect(allowed.allows(try #require(DropInTarget("10.0.0.9:443")), port: 8006))
        #expect(allowed.allows(try #require(DropInTarget("pve1")), port: 8006))
        #expect(!allowed.allows(try #require(DropInTarget("pve2")), port: 8006))
    }

    @Test func `a star beside entries allows all, and many entries are many`() throws {
        let both = try allowed(["pve1,*"])
        #expect(both.allowsAll && !both.isEmpty)
        let many = try allowed((0..<5000).map { "pve\($0).example" })
        #expect(many.allows(try #require(DropInTarget("pve4999.example")), port: 8006))
        #expect(!many.allows(try #require(DropInTarget("pve5000.example")), port: 8006))
    }

    /// With a matcher that tries every place for every star, one of these would take longer than the universe has been there.
    @Test func `no pattern takes long`() throws {
        let label = String(repeating: "a*", count: 31)
        let pattern = Array(repeating: label, count: 4).joined(separator: ".").dropLast(5) + "b"
        let name = Array(repeating: String(repeating: "a", count: 63), count: 3).joined(separator: ".") + ".aaaaaaaaaaaaaaa"
        let allowed = try allowed([String](repeating: String(pattern), count: 100))
        let target = try #require(DropInTarget(name))
        let begin = ContinuousClock.now
        for _ in 0..<20 { #expect(!allowed.allows(target, port: 8006)) }
        #expect((ContinuousClock.now - begin).seconds < 20)
    }

    /// Whatever text comes, a list of exact names allows these and nothing else.
    @Test func `a list of exact names allows exactly these`() throws {
        let exact = ["pve1.example.org", "pve2:443", "10.0.0.5", "[fd00::1]:8443", "1pve"]
        let allowed = try allowed(exact)
        let authorities: Set<String> = ["pve1.example.org:8006", "pve2:443", "10.0.0.5:8006", "[fd00::1]:8443", "1pve:8006"]
        let pieces =
            exact + [
                "pve1", "pve2", "PVE1", "example", ".org", "org", "10.0.0", ".5", "fd00::1", "fd00:0:0::1", "::", ":", ".", "..", ":443",
                ":8006", ":8443",
                "[", "]", "@", "/", "#", "?", "\\", "%2e", "%00", "\0", " ", "\n", "*", "0x", "0", "5", "::ffff:", "evil", "-", "_", "ｐ",
                "\u{301}", "。",
            ]
        var random = SeededGenerator(seed: 4711)
        var (read, passed) = (0, 0)
        for _ in 0..<30_000 {
            let text = (0..<Int.random(in: 1...4, using: &random)).compactMap { _ in pieces.randomElement(using: &random) }.joined()
            guard let target = DropInTarget(text) else { continue }
            read += 1
            guard allowed.allows(target, port: 8006) else { continue }
            passed += 1
            #expect(authorities.contains(target.authority(port: 8006)), "\(text)")
            #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"@/#?\\%*".utf8.contains($0) }, "\(text)")
        }
        #expect(read > 500 && passed > 50)
    }
}
