import ProxmoxAPI
import ProxmoxConfiguration
import Testing
import Web

@testable import Doctor

@Suite("What is said of a cluster")
struct ClusterFindingsTests {
    private static let status = """
        [{"type":"cluster","name":"lab","quorate":1},{"type":"node","name":"pve1","online":1},{"type":"node","name":"pve2","online":1}]
        """

    private static func health(
        _ status: String = status,
        nodes: String = #"{"type":"node","node":"pve1","status":"online"},{"type":"node","node":"pve2","status":"online"}"#,
        guests: String = "", filter: GuestFilter = .none
    ) throws -> [Finding] {
        HealthFindings(
            status: .success(try #require(Answers.status(status))),
            resources: .success(try #require(Answers.resources("[\(nodes)\(guests)]"))),
            filter: filter
        ).findings
    }

    @Test("a node whose statistics are silent is named with its daemon")
    func silent() throws {
        let findings = try Self.health(
            nodes: #"{"type":"node","node":"pve1","status":"online"},{"type":"node","node":"pve2","status":"unknown"}"#)
        #expect(findings.map(\.state) == [.problem])
        #expect(findings.first?.summary.contains("pve2") == true)
        #expect(findings.first?.remedies.first?.lines.first == "systemctl status pvestatd")
    }

    @Test("a node that is off is no node whose statistics are silent")
    func offline() throws {
        let status = Self.status.replacing(#""name":"pve2","online":1"#, with: #""name":"pve2","online":0"#)
        let findings = try Self.health(
            status, nodes: #"{"type":"node","node":"pve1","status":"online"},{"type":"node","node":"pve2","status":"offline"}"#)
        #expect(findings.count == 1)
        #expect(findings.first?.summary.hasPrefix("pve2 is offline") == true)
    }

    @Test("nodes that nobody wants may be off")
    func unwanted() throws {
        let status = Self.status.replacing(#""name":"pve2","online":1"#, with: #""name":"pve2","online":0"#)
        let filter = GuestFilter(nodes: GuestFilter.Choice(unwanted: ["pve2"]))
        #expect(try Self.health(status, filter: filter).allSatisfy { $0.state != .problem })
    }

    @Test("a filter that leaves out all guests is a problem")
    func guests() throws {
        let guests = #",{"type":"qemu","vmid":100,"node":"pve1","status":"running"}"#
        let filter = GuestFilter(tags: GuestFilter.Choice(wanted: ["prod"]))
        let findings = try Self.health(guests: guests, filter: filter)
        #expect(findings.contains { $0.check == "filter" && $0.state == .problem })
        #expect(try Self.health(guests: guests).allSatisfy { $0.check != "filter" })
    }

    @Test(
        "versions that martlet knows are well, others are said",
        arguments: [("7.4-3", "gets no more updates"), ("10.0.1", "does not know yet")])
    func versions(text: String, words: String) throws {
        func said(_ versions: [String]) throws -> [Finding] {
            CredentialFindings.versions(
                try versions.enumerated().map {
                    .init(authority: "n\($0.offset)", result: .success(try #require(Answers.version($0.element))))
                })
        }
        #expect(try said(["8.4.1"]).map(\.state) == [.ok])
        #expect(try said([text]).map(\.state) == [.warning])
        #expect(try said([text]).first?.summary.contains(words) == true)
        #expect(try said(["9.0.1", "9.1.2"]).first?.details == ["n0: 9.0.1", "n1: 9.1.2"])
    }

    @Test("a clock is wrong only by more than the answer took")
    func clocks() {
        func said(_ skew: Double, trip: Double = 0) -> [Finding.State] {
            NodeFindings.clocks([.init(node: "pve1", skewSeconds: skew, tripSeconds: trip)], failures: []).map(\.state)
        }
        #expect(said(29) == [.ok])
        #expect(said(31) == [.warning])
        #expect(said(-31) == [.warning])
        #expect(said(31, trip: 5) == [.ok])
        #expect(NodeFindings.duration(-1e300) == "0 s")
        #expect(NodeFindings.duration(90) == "90 s")
        #expect(NodeFindings.duration(7100) == "118 min")
        #expect(NodeFindings.duration(90_000) == "25 h")
        #expect(NodeFindings.duration(.infinity) == "100000 d")
    }

    @Test("certificates that end soon are warned of, and those that ended are problems")
    func certificates() throws {
        func said(_ days: Double) throws -> [Finding.State] {
            let certificate = try #require(Answers.certificate(notAfter: 1_000_000_000 + days * 86_400))
            return NodeFindings.certificates([("pve1", certificate)], now: 1_000_000_000).map(\.state)
        }
        #expect(try said(15) == [.ok])
        #expect(try said(13) == [.warning])
        #expect(try said(-1) == [.problem])
        #expect(NodeFindings.certificates([], now: 0).isEmpty)
        for days in [1e300, -1e300, .infinity, -.infinity, .nan] { #expect((0...100_000).contains(NodeFindings.days(days))) }
        for date in ["1e300", "-1e300", "-1", "253402300800"] {
            #expect(Answers.certificate(date)?.notAfter == nil)
        }
        #expect(Answers.certificate("253402300799")?.notAfter == 253_402_300_799)
    }

    @Test("a clock that nobody may ask is not passed over in silence")
    func forbidden() {
        #expect(NodeFindings.clocks([], failures: [("pve1", Answers.forbidden)]).map(\.state) == [.skipped])
        #expect(NodeFindings.clocks([], failures: []).isEmpty)
    }

    @Test("the file of an authority that was given is not written over, and variables are called by their names")
    func authorities() throws {
        func said(_ trust: HTTPRequest.Trust, _ words: SettingWords) throws -> [Finding.Remedy] {
            let endpoint = try ProxmoxEndpoint(address: "pve1", trust: trust)
            let error = HTTPClientError(
                kind: .tls, message: "no", certificate: CertificateProblem(kind: .unknownAuthority, found: nil))
            return ConnectionFindings.judge(endpoint, .failure(error), words).flatMap(\.remedies)
        }
        let copy = "scp root@pve1:/etc/pve/pve-root-ca.pem /etc/martlet/pve-root-ca.pem"
        let file = try said(.authority(file: "/etc/ssl/certs/ca-certificates.crt"), .file)
        #expect(file.flatMap(\.lines) == [copy, "ca_file: /etc/martlet/pve-root-ca.pem"])
        let variables = try said(.system, .variables)
        #expect(variables.flatMap(\.lines) == [copy, "PROXMOX_CA_FILE=/etc/martlet/pve-root-ca.pem"])
        #expect(variables.last?.place == .environment)
    }

    @Test("who answers is told by its page")
    func answerer() {
        #expect(Answerer(title: "pve1 - Proxmox Virtual Environment", server: nil) == .proxmox)
        #expect(Answerer(title: nil, server: "pve-api-daemon/3.0") == .proxmox)
        // The mail gateway has the same server.
        #expect(Answerer(title: "mail - Proxmox Mail Gateway", server: "pve-api-daemon/3.0") == .other("Proxmox Mail Gateway"))
        #expect(Answerer(title: "Welcome to nginx!", server: "nginx") == .unknown)
        #expect(EndpointProbe.title(of: Array("<html><title>\n a\u{1B}[31m  b </title>".utf8)) == "a [31m b")
        #expect(EndpointProbe.title(of: Array("<title>never ends".utf8)) == nil)
        #expect(EndpointProbe.title(of: [0xFF, 0x3C]) == nil)
    }

    @Test(
        "each way of not being reached has a remedy",
        arguments: [
            (HTTPClientError.Kind.resolve, "getent hosts pve1.example.org"), (.connect, "systemctl status pveproxy"),
            (.timeout, "systemctl status pveproxy"),
        ])
    func unreachable(kind: HTTPClientError.Kind, line: String) throws {
        let endpoint = try ProxmoxEndpoint(address: "pve1.example.org", trust: .system)
        let findings = ConnectionFindings.judge(endpoint, .failure(HTTPClientError(kind: kind, message: "words")))
        #expect(findings.map(\.state) == [.problem])
        #expect(findings.first?.remedies.first?.lines.first == line)
        #expect(findings.first?.summary == "pve1.example.org:8006: words")
    }

    @Test("a certificate that has run out is not to be trusted by its fingerprint")
    func expired() throws {
        let endpoint = try ProxmoxEndpoint(address: "pve1", trust: .system)
        let error = HTTPClientError(
            kind: .tls, message: "the certificate has expired", certificate: CertificateProblem(kind: .expired, found: nil))
        let lines = ConnectionFindings.judge(endpoint, .failure(error)).flatMap { $0.remedies.flatMap(\.lines) }
        #expect(lines.contains("pvecm updatecerts --force"))
        #expect(lines.allSatisfy { !$0.hasPrefix("fingerprint") })
    }
}
