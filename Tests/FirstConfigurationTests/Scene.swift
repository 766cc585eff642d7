import Glibc
import Primitives
import ProxmoxAPI
import ProxmoxConfiguration
import Synchronization
import Web

@testable import FirstConfiguration

/// Somebody who gives answers in turn, and a note of all that was shown.
final class ScriptedConversation: Conversation {
    private let answers: Mutex<[String]>
    private let lines = Mutex<[String]>([])

    init(_ answers: [String]) { self.answers = Mutex(answers) }

    var isAttended: Bool { true }
    var shown: String { lines.withLock { $0.joined(separator: "\n") } }
    /// What nobody asked for.
    var left: [String] { answers.withLock { $0 } }

    func show(_ text: String) { lines.withLock { $0.append(text) } }

    func answer(_ question: Question) async throws(Failure) -> String {
        show("? \(question.text)")
        while true {
            let answer = try next()
            if !answer.isEmpty { return answer }
            if let standard = question.standard { return standard }
            show(question.hint)
        }
    }

    func hiddenAnswer(_ question: Question, isWhole: @escaping @Sendable ([String]) -> Bool) async throws(Failure) -> [String] {
        show("? \(question.text) (hidden)")
        var lines: [String] = []
        repeat { lines.append(try next()) } while !isWhole(lines)
        return lines
    }

    private func next() throws(Failure) -> String {
        guard let answer = answers.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
            throw Failure(.environment, "the input has ended, and nothing was written")
        }
        return answer
    }
}

/// Clusters that are not there.
struct ScriptedProbe: ClusterProbe {
    /// By authority; the fingerprint is that of the certificate it shows, nil for one that the system believes.
    var nodes: [String: CertificateFingerprint?] = [:]
    var token = "monitor@pve!martlet=GEHEIM"
    var missing: [RequiredPrivilege] = []
    var clusterName: String? = "lab"
    var members: [ClusterFinding.Node] = [.init(name: "pve1", isOnline: true, address: "192.0.2.1", isLocal: true)]
    var told: [String: String] = [:]
    var seesNothing = false
    var subject = "CN=pve1"

    func greeting(of endpoint: ProxmoxEndpoint) async -> ProxmoxGreeting {
        guard let shown = nodes[endpoint.authority] else { return .other("nobody answers at \(endpoint.authority)") }
        guard let shown, endpoint.trust != .fingerprints([shown]) else { return .proxmox(majorVersion: 9) }
        let details = ShownCertificate(subject: subject, notBefore: 0, notAfter: 86_400)
        return .untrusted(CertificateProblem(kind: .unknownAuthority, found: shown), details, message: "the certificate is unknown")
    }

    func finding(at endpoint: ProxmoxEndpoint, with credential: ProxmoxCredential) async throws(ProbeRefusal) -> ClusterFinding {
        guard credential == .token(Secret(token)) else { throw ProbeRefusal(isOfCredential: true, message: "GET /version: 401") }
        return ClusterFinding(
            version: "9.2.11", majorVersion: 9, missing: missing, clusterName: clusterName, nodes: members, seesNothing: seesNothing)
    }

    func fingerprint(of node: String, at endpoint: ProxmoxEndpoint, with credential: ProxmoxCredential) async -> String? { told[node] }
}

/// A folder for a dialogue's files, which goes with it.
final class Scene {
    let folder: String
    var options = SetupOptions()

    init() throws {
        folder = "/tmp/martlet-first-\(UInt64.random(in: 0 ... .max))"
        try Files.makeDirectory(folder)
        options.configurationFile = folder + "/martlet.yml"
        options.secretsFolder = folder + "/secrets"
    }

    func dialogue(
        _ conversation: any Conversation, _ probe: ScriptedProbe,
        check: @escaping @Sendable (String) throws(Failure) -> Int = { _ throws(Failure) in 1 }
    ) -> SetupDialogue {
        SetupDialogue(options: options, conversation: conversation, probe: probe, files: FirstFiles(), check: check)
    }

    func text(_ name: String) -> String? { try? Files.readLine("\(folder)/\(name)") }
    var names: [String] { (Files.names(in: folder) ?? []).sorted() }

    deinit {
        for part in ["/secrets", ""] {
            for name in Files.names(in: folder + part) ?? [] { Files.remove("\(folder)\(part)/\(name)") }
        }
        rmdir(folder + "/secrets")
        rmdir(folder)
    }
}
