import Primitives
import ProxmoxAPI
@testable import ProxmoxConfiguration
import Synchronization
import Testing
import Web

@testable import FirstConfiguration

/// What is shown and asked, and what a server or a token cannot bring about.
@Suite struct SetupWordsTests {
    private static let print1 = String(repeating: "AB", count: 32)
    private static let print2 = String(repeating: "CD", count: 32)
    private static let token = "monitor@pve!martlet=GEHEIM"

    private func fingerprint(_ text: String) throws -> CertificateFingerprint { try #require(CertificateFingerprint(parsing: text)) }

    // MARK: what others say

    @Test("a certificate's subject cannot look like the row that is compared")
    func forged() async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation(["pve1", "3"])
        var probe = ScriptedProbe(nodes: ["pve1:8006": try fingerprint(Self.print1)])
        let forged = String(repeating: "CD:", count: 15) + "CD"
        probe.subject = "O=PVE\\, Node,CN=pve1\n" + String(repeating: " ", count: 66) + "SHA-256  \(forged)\u{202E}\"x"
        _ = try? await scene.dialogue(conversation, probe).run()
        let lines = conversation.shown.split(separator: "\n")
        let rows = lines.drop { !$0.hasPrefix("  SHA-256") }
        #expect(rows.first == "  SHA-256  \(String(repeating: "AB:", count: 16))")
        #expect(lines.filter { $0.contains("SHA-256  ") }.count == 1)
        let subject = try #require(lines.first { $0.hasPrefix("  subject") })
        #expect(subject == "  subject  \"pve1 SHA-256 CD:CD:CD:CD:CD:CD:CD:CD:CD:…\"")
        #expect(!conversation.shown.contains(forged))
    }

    @Test("the name that is shown is the subject's own")
    func commonName() {
        #expect(ForeignText.commonName(ofSubject: "CN=pve1,O=PVE Cluster Node") == "pve1")
        #expect(ForeignText.commonName(ofSubject: "O=a\\,CN=no,CN=yes+OU=b") == "yes")
        #expect(ForeignText.commonName(ofSubject: "O=a") == nil)
        #expect(ForeignText.line("  a \u{1B}[2K\r\n b\u{2028}c\u{202E}") == "a [2K b c?")
        #expect(ForeignText.line(String(repeating: "a", count: 9), limit: 4) == "aaaa…")
    }

    @Test("no address that the cluster tells is asked on this machine or this link, unless the first node is here")
    func toldAddresses() async throws {
        let scene = try Scene()
        let told = [
            "127.0.0.1", "::1", "169.254.1.1", "fe80::1", "224.0.0.1", "ff02::1", "0.0.0.0", "pve2.example.org", "::ffff:127.0.0.1",
        ]
        var probe = ScriptedProbe(nodes: ["pve1:8006": nil])
        for address in told { probe.nodes.updateValue(nil, forKey: address.contains(":") ? "[\(address)]:8006" : "\(address):8006") }
        probe.members += told.map { .init(name: "n", isOnline: true, address: $0, isLocal: false) }
        let conversation = ScriptedConversation(["pve1", "yes", Self.token, "", "no", "yes"])
        _ = try await scene.dialogue(conversation, probe).run()
        #expect(scene.text("martlet.yml")?.contains("endpoints:") == false)
        #expect(conversation.shown.contains("  169.254.1.1: no IP address that another machine"))
    }

    @Test("where nobody is there, only endpoints that were given are written")
    func unattendedEndpoints() async throws {
        let scene = try Scene()
        scene.options.endpoints = ["pve1"]
        scene.options.tokenSecret = Secret("GEHEIM")
        var probe = ScriptedProbe(nodes: ["pve1:8006": nil, "192.0.2.2:8006": nil])
        probe.members.append(.init(name: "pve2", isOnline: true, address: "192.0.2.2", isLocal: false))
        _ = try await scene.dialogue(UnattendedConversation(reason: "") { _ in }, probe).run()
        #expect(scene.text("martlet.yml")?.contains("192.0.2.2") == false)
    }

    // MARK: the token's name and rights

    @Test(
        "a name alone is the account's, a whole token is taken, and what is neither costs no secret",
        arguments: [["look"], [token], ["a b", "monitor@pve!", "look"]])
    func tokenNames(_ answers: [String]) async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation(["pve1", "yes", "GEHEIM"] + answers + ["", "no", "yes"])
        var probe = ScriptedProbe(nodes: ["pve1:8006": nil])
        if answers.last == "look" { probe.token = "monitor@pve!look=GEHEIM" }
        _ = try await scene.dialogue(conversation, probe).run()
        #expect(scene.text("secrets/token") == probe.token)
        #expect(conversation.left.isEmpty)
        #expect(!conversation.shown.contains("GEHEIM"))
    }

    @Test("a token that sees nothing is written, and the end says so with the commands that mend it")
    func blind() async throws {
        let scene = try Scene()
        scene.options.endpoints = ["pve1"]
        scene.options.tokenSecret = Secret("GEHEIM")
        let shown = Mutex("")
        let missing = [RequiredPrivilege(privilege: "VM.Audit", path: "/vms", purpose: "guest numbers")]
        let probe = ScriptedProbe(nodes: ["pve1:8006": nil], missing: missing, seesNothing: true)
        let nobody = UnattendedConversation(reason: "") { text in shown.withLock { $0 += text } }
        let outcome = try await scene.dialogue(nobody, probe).run()
        #expect(outcome == .seesNothing)
        let text = shown.withLock { $0 }
        #expect(text.contains("pveum acl modify / --tokens 'monitor@pve!martlet' --roles Martlet"))
        #expect(text.hasSuffix("\nWritten, but the token sees nothing yet\n") && !text.contains("Done."))
    }

    @Test("a secret beside a file that holds another one is an error")
    func twoSecrets() async throws {
        let scene = try Scene()
        scene.options.endpoints = ["pve1"]
        scene.options.tokenFile = scene.folder + "/token"
        try Files.write(Array((Self.token + "\n").utf8), to: scene.folder + "/token")
        let probe = ScriptedProbe(nodes: ["pve1:8006": nil])
        scene.options.tokenSecret = Secret("ANDERS")
        var message = ""
        do throws(Failure) {
            _ = try await scene.dialogue(UnattendedConversation(reason: "") { _ in }, probe).run()
        } catch { message = error.message }
        #expect(message.hasPrefix("PROXMOX_TOKEN_VALUE is not the secret in") && !message.contains("ANDERS"))
        scene.options.tokenSecret = Secret("GEHEIM")
        _ = try await scene.dialogue(UnattendedConversation(reason: "") { _ in }, probe).run()
        #expect(scene.text("martlet.yml") != nil)
    }

    // MARK: small words

    @Test("the folder of a token is for services too below /etc, and for nobody else elsewhere")
    func folderModes() {
        #expect(SetupDialogue.folderMode(ofToken: "/etc/martlet/token") == 0o755)
        #expect(SetupDialogue.folderMode(ofToken: "/home/a/.config/martlet/token") == 0o700)
    }

    @Test("an empty answer is told what is wanted")
    func emptyAnswers() async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation(["", "pve1", "", "3"])
        _ = try? await scene.dialogue(conversation, ScriptedProbe(nodes: ["pve1:8006": try fingerprint(Self.print1)])).run()
        #expect(conversation.shown.contains("Please type the address of a node.") && conversation.shown.contains("Please type 1, 2 or 3."))
    }

    @Test("another certificate than the one that was given is said once, with both")
    func changedCertificate() throws {
        let scene = try Scene()
        scene.options.fingerprints = [Self.print2]
        let dialogue = scene.dialogue(ScriptedConversation([]), ScriptedProbe())
        let colons = { (pair: String) in Array(repeating: pair, count: 32).joined(separator: ":") }
        #expect(
            dialogue.changed(try fingerprint(Self.print1))
                == "SHA-256 is \(colons("AB")), expected \(colons("CD")). A renewed certificate, or another machine answers: compare with "
                + "pvenode cert info on the node before you change it")
    }

    @Test(
        "what was found at an address is said plainly and once",
        arguments: [
            (
                "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to pve1:22",
                "what answers on pve1:22 speaks no TLS; Proxmox VE's port is 8006"
            ),
            ("no address is known for pve1: Could not resolve host: pve1", "no address is known for pve1"), ("else", "else"),
        ])
    func plainWords(_ words: String, _ said: String) throws {
        #expect(SetupDialogue.plainWords(words, of: try ProxmoxEndpoint(address: "pve1:22", trust: .system)) == said)
    }

    @Test("paths in commands to be typed are one word each, and the program is called as it was")
    func commands() async throws {
        let scene = try Scene()
        scene.options.configurationFile = scene.folder + "/my settings.yml"
        scene.options.program = ".build/release/martlet"
        let conversation = ScriptedConversation(["pve1", "yes", Self.token, "", "no", "yes"])
        _ = try await scene.dialogue(conversation, ScriptedProbe(nodes: ["pve1:8006": nil])).run()
        #expect(conversation.shown.contains("  .build/release/martlet doctor --config.file '\(scene.folder)/my settings.yml'\n"))
    }

    @Test("of several clusters each has its name")
    func names() async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation([
            "pve1", "yes", Self.token, "", "yes", "pve2", "yes", Self.token, "", "no", "yes",
        ])
        var probe = ScriptedProbe(nodes: ["pve1:8006": nil, "pve2:8006": nil], clusterName: nil)
        probe.members = []
        _ = try await scene.dialogue(conversation, probe) { _ throws(Failure) in 2 }.run()
        let text = try #require(scene.text("martlet.yml"))
        #expect(text.contains("name: pve1:8006") && text.contains("name: pve2:8006"))
        #expect(conversation.shown.contains("The token may not see the names of the cluster and its nodes."))
    }
}
