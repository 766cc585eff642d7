import Glibc
import Primitives
@testable import ProxmoxConfiguration
import Testing
import Web

@testable import FirstConfiguration

@Suite struct SetupDialogueTests {
    private static let print1 = String(repeating: "AB", count: 32)
    private static let print2 = String(repeating: "CD", count: 32)
    private static let token = "monitor@pve!martlet=GEHEIM"

    private func fingerprint(_ text: String) throws -> CertificateFingerprint { try #require(CertificateFingerprint(parsing: text)) }

    @Test("the straight way writes both files, each for whom it is")
    func straight() async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation(["pve1", "1", "yes", Self.token, "", "no", "yes"])
        let probe = ScriptedProbe(nodes: ["pve1:8006": try fingerprint(Self.print1)])
        // The token's place comes before the question for more clusters.
        _ = try await scene.dialogue(conversation, probe).run()
        #expect(conversation.left.isEmpty)
        #expect(scene.text("secrets/token") == Self.token)
        let text = try #require(scene.text("martlet.yml"))
        #expect(text.contains("endpoint: https://pve1:8006") && text.contains("fingerprint: ") && text.contains("token_file: "))
        var status = stat()
        #expect(stat(scene.folder + "/secrets/token", &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(stat(scene.folder + "/secrets", &status) == 0 && status.st_mode & 0o777 == 0o700)
        #expect(scene.names == ["martlet.yml", "secrets"])
        #expect(!conversation.shown.contains("GEHEIM"))
    }

    @Test("an address that is wrong is asked for again")
    func address() async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation(["not a host", "pve9", "http://pve1", "no", "pve1", "yes", Self.token, "", "no", "yes"])
        _ = try await scene.dialogue(conversation, ScriptedProbe(nodes: ["pve1:8006": nil])).run()
        #expect(conversation.shown.contains("is not a Proxmox address"))
        #expect(conversation.shown.contains("Nobody answers at pve9:8006"))
        #expect(conversation.shown.contains("whoever listens on the way has the token"))
        #expect(conversation.left.isEmpty)
    }

    @Test("an address is taken as a browser shows it")
    func browser() async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation(["https://pve1:8006/#v1:0:18:4:::::::", "yes", Self.token, "", "no", "yes"])
        _ = try await scene.dialogue(conversation, ScriptedProbe(nodes: ["pve1:8006": nil])).run()
        #expect(scene.text("martlet.yml")?.contains("endpoint: https://pve1:8006\n") == true)
    }

    @Test("a token file with a token that is refused stays, and the new token goes elsewhere")
    func refusedFile() async throws {
        let scene = try Scene()
        try Files.write(Array("monitor@pve!martlet=OLD\n".utf8), to: scene.folder + "/old")
        scene.options.tokenFile = scene.folder + "/old"
        let conversation = ScriptedConversation(["pve1", Self.token, "", "no", "yes"])
        _ = try await scene.dialogue(conversation, ScriptedProbe(nodes: ["pve1:8006": nil])).run()
        #expect(scene.text("old") == "monitor@pve!martlet=OLD")
        #expect(scene.text("secrets/token") == Self.token)
    }

    @Test("a token that is refused is asked for again, and never sent twice")
    func refused() async throws {
        let scene = try Scene()
        let answers = ["pve1", "yes", "monitor@pve!martlet=WRONG", "GEHEIM", "", "", "no", "yes"]
        let conversation = ScriptedConversation(answers)
        _ = try await scene.dialogue(conversation, ScriptedProbe(nodes: ["pve1:8006": nil])).run()
        #expect(conversation.shown.contains("refuses the token"))
        #expect(scene.text("secrets/token") == Self.token)
    }

    @Test("rights that lack are named with what they are for and how to give them")
    func rights() async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation(["pve1", "yes", Self.token, "yes", "no", "", "no", "yes"])
        let missing = [
            RequiredPrivilege(privilege: "VM.Audit", path: "/vms", purpose: "guest numbers"),
            RequiredPrivilege(privilege: "VM.Monitor", path: "/vms", purpose: "file system"),
        ]
        _ = try await scene.dialogue(conversation, ScriptedProbe(nodes: ["pve1:8006": nil], missing: missing)).run()
        let shown = conversation.shown
        #expect(shown.contains("VM.Audit on /vms") && shown.contains("guest numbers"))
        #expect(shown.contains("pveum acl modify / --tokens 'monitor@pve!martlet' --roles Martlet"))
        #expect(shown.contains("Left out with intent: VM.Monitor"))
        // Asked again once, then gone on without.
        #expect(shown.split(separator: "VM.Audit on /vms").count == 3)
        #expect(shown.contains("Still missing: VM.Audit on /vms.") && shown.split(separator: "guest numbers").count == 2)
        #expect(scene.text("martlet.yml") != nil)
    }

    @Test("other nodes are offered when they answer, each with the certificate that the cluster says it has")
    func others() async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation(["pve1", "1", "yes", Self.token, "yes", "", "no", "yes"])
        var probe = ScriptedProbe(nodes: [
            "pve1:8006": try fingerprint(Self.print1), "192.0.2.2:8006": try fingerprint(Self.print2),
            // Shows another certificate than the cluster says.
            "192.0.2.3:8006": try fingerprint(Self.print1),
        ])
        probe.members += ["2", "3", "4"].map { .init(name: "pve\($0)", isOnline: true, address: "192.0.2.\($0)", isLocal: false) }
        probe.told = ["pve2": Self.print2, "pve3": Self.print2, "pve4": Self.print2]
        _ = try await scene.dialogue(conversation, probe).run()
        let text = try #require(scene.text("martlet.yml"))
        #expect(text.contains("- https://192.0.2.2:8006"))
        #expect(!text.contains("192.0.2.3") && !text.contains("192.0.2.4"))
        #expect(text.contains("- \"\(Self.print2)\"") || text.contains("- \(Self.print2)"))
    }

    @Test("two clusters of one name get two names and two token files")
    func twoClusters() async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation([
            "pve1", "yes", Self.token, "", "yes", "pve1", "pve2", "yes", Self.token, "lab", "other", "", "no", "yes",
        ])
        let probe = ScriptedProbe(nodes: ["pve1:8006": nil, "pve2:8006": nil])
        _ = try await scene.dialogue(conversation, probe) { _ throws(Failure) in 2 }.run()
        let text = try #require(scene.text("martlet.yml"))
        #expect(conversation.shown.contains("pve1:8006 is named already"))
        #expect(text.contains("name: lab") && text.contains("name: other") && text.contains("/token-2"))
        #expect(scene.text("secrets/token-2") == Self.token)
    }

    @Test("an end of the input at any question leaves nothing", arguments: 0..<7)
    func endOfInput(_ count: Int) async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation(Array(["pve1", "1", "yes", Self.token, "", "no", "yes"].prefix(count)))
        let probe = ScriptedProbe(nodes: ["pve1:8006": try fingerprint(Self.print1)])
        var failure: Failure?
        do throws(Failure) { _ = try await scene.dialogue(conversation, probe).run() } catch { failure = error }
        #expect(failure?.message.contains("nothing was written") == true)
        #expect(scene.names.isEmpty)
    }

    @Test("what cannot be read back is taken away again")
    func notReadBack() async throws {
        let scene = try Scene()
        let conversation = ScriptedConversation(["pve1", "yes", Self.token, "", "no", "yes"])
        let probe = ScriptedProbe(nodes: ["pve1:8006": nil])
        var failure: Failure?
        do throws(Failure) {
            _ = try await scene.dialogue(conversation, probe) { _ throws(Failure) in throw Failure(.configuration, "no good") }.run()
        } catch {
            failure = error
        }
        #expect(failure?.message == "no good")
        #expect(scene.text("martlet.yml") == nil && scene.text("secrets/token") == nil)
        #expect(Files.names(in: scene.folder + "/secrets") == [])
    }

    @Test("a configuration that is there stays, and the lines for it are shown")
    func existing() async throws {
        let scene = try Scene()
        try Files.write(Array("log:\n  level: warn\n".utf8), to: scene.options.configurationFile)
        let conversation = ScriptedConversation(["pve1", "yes", Self.token, "", "no", "yes"])
        _ = try await scene.dialogue(conversation, ScriptedProbe(nodes: ["pve1:8006": nil])) { _ throws(Failure) in 0 }.run()
        #expect(scene.text("martlet.yml") == "log:\n  level: warn")
        #expect(conversation.shown.contains("proxmox:\n  clusters:\n    # Cluster lab\n    - endpoint: https://pve1:8006"))
        #expect(scene.text("secrets/token") == Self.token)
    }

    @Test("forced, it is kept under another name")
    func forced() async throws {
        let scene = try Scene()
        try Files.write(Array("old: 1\n".utf8), to: scene.options.configurationFile)
        try Files.write(Array("older: 1\n".utf8), to: scene.options.configurationFile + ".1")
        scene.options.isForced = true
        let conversation = ScriptedConversation(["pve1", "yes", Self.token, "", "no", "yes"])
        _ = try await scene.dialogue(conversation, ScriptedProbe(nodes: ["pve1:8006": nil])).run()
        #expect(scene.text("martlet.yml.2") == "old: 1" && scene.text("martlet.yml.1") == "older: 1")
        #expect(scene.text("martlet.yml")?.contains("https://pve1:8006") == true)
    }

    @Test("where nobody is there, what is missing is an error that names the flag")
    func unattended() async throws {
        let scene = try Scene()
        let nobody = UnattendedConversation(reason: "there is no terminal to ask at") { _ in }
        let probe = ScriptedProbe(nodes: ["pve1:8006": try fingerprint(Self.print1)])
        func failure() async -> Failure? {
            do throws(Failure) {
                _ = try await scene.dialogue(nobody, probe).run()
                return nil
            } catch {
                return error
            }
        }
        #expect(await failure()?.message.contains("--endpoint") == true)
        scene.options.endpoints = ["pve1"]
        #expect(await failure()?.message.contains("--fingerprint") == true)
        scene.options.fingerprints = [Self.print1]
        #expect(await failure()?.message.contains("--token-file") == true)
        scene.options.tokenSecret = Secret("WRONG")
        #expect(await failure()?.message.contains("refuses the token") == true)
        scene.options.tokenSecret = Secret("GEHEIM")
        #expect(await failure() == nil)
        #expect(scene.text("secrets/token") == Self.token)
        #expect(await failure()?.message.contains("--force") == true)
    }
}
