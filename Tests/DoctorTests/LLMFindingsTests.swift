import LLMCollector
import Testing
import Web

@testable import Doctor

@Suite("What is said of LLM servers")
struct LLMFindingsTests {
    /// Of a vLLM that is well, as changed.
    private static func findings(_ change: (inout SurveyedServer) -> Void = { _ in }) -> [Finding] {
        var server = SurveyedServer(name: "chat", url: "http://10.0.0.5:8000")
        (server.foundKind, server.title, server.isUp, server.isReady) = ("vllm", "vLLM", true, true)
        (server.version, server.hasMetrics, server.models) = ("0.33.0", true, ["m"])
        server.knownVersions = KnownVersions(oldest: "0.6.6", newest: "0.33.0")
        change(&server)
        return LLMFindings.judge([server], LLMFindings.Section()).first?.findings ?? []
    }

    private static func finding(_ check: String, _ change: (inout SurveyedServer) -> Void = { _ in }) -> Finding? {
        findings(change).first { $0.check == check }
    }

    @Test("a server that is well has nothing else said of it")
    func well() {
        let findings = Self.findings()
        #expect(findings.map(\.check) == ["connection", "kind", "version", "metrics"])
        #expect(findings.allSatisfy { $0.state == .ok && $0.remedies.isEmpty })
        #expect(findings[1].summary == "it is vLLM, as its answers tell" && findings[2].summary == "vLLM 0.33.0")
    }

    @Test("who does not answer is the one thing that is said, with what helps")
    func unreachable() {
        for (kind, part) in [
            (HTTPClientError.Kind.connect, "curl -m 5 -si 'http://10.0.0.5:8000/v1/models'"), (.timeout, "curl -m 5"), (.resolve, ""),
            (.closed, "curl"),
        ] {
            let findings = Self.findings { $0.failure = HTTPClientError(kind: kind, message: "it is so") }
            #expect(findings.map(\.check) == ["connection"] && findings[0].state == .problem, "\(kind)")
            #expect(findings[0].summary.hasSuffix("it is so"))
            #expect(part.isEmpty || findings[0].remedies.flatMap(\.lines).contains { $0.hasPrefix(part) }, "\(kind)")
        }
        for (kind, words) in [(CertificateProblem.Kind.unknownAuthority, "ca_file"), (.wrongName, "name the server"), (.expired, "clock")] {
            let error = HTTPClientError(kind: .tls, message: "x", certificate: CertificateProblem(kind: kind, found: nil))
            let remedy = Self.finding("connection") { $0.failure = error }?.remedies.first
            #expect([remedy?.text ?? ""].joined().contains(words) || remedy?.lines.contains { $0.contains(words) } == true, "\(kind)")
        }
        #expect(
            Self.finding("connection") { $0.failure = HTTPClientError(kind: .tls, message: "x") }?.remedies.first?.text?.contains("http://")
                == true)
    }

    @Test("a token over http is warned of, but for this machine")
    func open() {
        #expect(Self.finding("connection") { $0.hasCredential = true }?.state == .warning)
        for url in ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "https://llm.example.org"] {
            #expect(Self.finding("connection") { ($0.hasCredential, $0.url) = (true, url) }?.state == .ok, "\(url)")
        }
        #expect(Self.finding("connection") { ($0.believesAnybody, $0.url) = (true, "https://llm.example.org") }?.state == .warning)
    }

    @Test("a token that is refused, and one that is missing")
    func credential() {
        let refused = [SurveyedServer.Refusal(path: "/v1/models", status: 401)]
        let missing = Self.finding("credential") { $0.refused = refused }
        #expect(missing?.state == .problem && missing?.details == ["/v1/models: status 401"])
        #expect(missing?.remedies.first?.lines == ["bearer_token_file: /etc/martlet/llm-token"])
        let wrong = Self.finding("credential") { ($0.refused, $0.hasCredential) = (refused, true) }
        #expect(wrong?.state == .problem && wrong?.summary.contains("does not take the token") == true)
        #expect(Self.finding("credential") { $0.hasCredential = true }?.state == .ok)
        // What is not answered for that reason is not blamed on anything else.
        let shut = Self.findings {
            ($0.refused, $0.hasCredential, $0.isUp, $0.hasMetrics, $0.problem) = (refused, true, false, nil, "status 401")
        }
        #expect(!shut.contains { $0.check == "metrics" })
    }

    @Test("a kind that is another one")
    func kind() {
        let wrong = Self.finding("kind") { ($0.wantedKind, $0.foundKind) = ("sglang", "vllm") }
        #expect(wrong?.state == .problem && wrong?.remedies.flatMap(\.lines) == ["kind: vllm"])
        #expect(Self.finding("kind") { $0.wantedKind = "vllm" }?.summary == "it is vLLM, as the settings say")
        #expect(Self.finding("kind") { ($0.wantedKind, $0.foundKind) = ("vllm", nil) }?.state == .information)
        #expect(Self.finding("kind") { ($0.wantedKind, $0.foundKind, $0.isUp) = ("vllm", nil, false) }?.state == .problem)
        let stranger = Self.findings { ($0.foundKind, $0.isUp, $0.hasMetrics, $0.version) = (nil, false, nil, "") }
        #expect(stranger.map(\.check) == ["connection", "kind"] && stranger[1].state == .problem)
    }

    @Test(
        "versions that the tables know",
        arguments: [
            ("0.33.0", Finding.State.ok), ("0.33.0rc1", .ok), ("0.33.1", .information), ("0.34.0", .information), ("1.0", .information),
            ("v0.6.6.post1", .ok), ("0.6.5", .warning), ("0.6", .warning), ("0.12.0+cu128", .ok), ("dev", .ok),
        ])
    func version(_ version: String, _ state: Finding.State) {
        #expect(Self.finding("version") { $0.version = version }?.state == state)
        #expect(Self.finding("version") { ($0.version, $0.knownVersions) = (version, nil) }?.state == .ok)
    }

    @Test("what a newer one tells beyond the tables is counted")
    func unknown() {
        let newer = Self.finding("version") { ($0.version, $0.unknownFamilies) = ("0.40.0", 3) }
        #expect(newer?.summary.contains("3 families of it are not shown") == true)
        #expect(Self.finding("version") { $0.version = "" } == nil)
    }

    @Test(
        "metrics that are switched off, and how they are switched on",
        arguments: [
            ("sglang", "--enable-metrics"), ("llamacpp", "--metrics"), ("litellm", "litellm_settings:"),
            ("triton", "--allow-metrics=true --metrics-port=8002"),
        ])
    func metrics(_ kind: String, _ line: String) {
        let off = Self.finding("metrics") { ($0.foundKind, $0.hasMetrics) = (kind, false) }
        #expect(off?.state == .warning && off?.remedies.first?.place == .server)
        #expect(off?.remedies.first?.lines.first == line)
    }

    @Test("metrics of those that always have them, that never have any, and that cannot be read")
    func otherMetrics() {
        for kind in ["vllm", "tgi"] {
            let off = Self.finding("metrics") { ($0.foundKind, $0.hasMetrics) = (kind, false) }
            #expect(off?.state == .warning && off?.remedies.first?.text?.contains("always") == true, "\(kind)")
        }
        #expect(Self.finding("metrics") { ($0.foundKind, $0.hasMetrics) = ("ollama", nil) }?.state == .information)
        let broken = Self.finding("metrics") { ($0.hasMetrics, $0.problem) = (nil, "/metrics: too large") }
        #expect(broken?.state == .problem && broken?.summary.hasSuffix("/metrics: too large") == true)
    }

    @Test("what a probe would ask")
    func probe() {
        #expect(Self.finding("probe") == nil)
        #expect(Self.finding("probe") { $0.probe = .model("org/m:8b") }?.summary.hasPrefix("every 300 s org/m:8b is asked") == true)
        #expect(Self.finding("probe") { $0.probe = .model("m") }?.state == .ok)
        let unloaded = Self.finding("probe") { $0.probe = .unloaded("other") }
        #expect(unloaded?.state == .warning && unloaded?.summary.hasSuffix("(loaded: m)") == true)
        #expect(Self.finding("probe") { ($0.probe, $0.models) = (.unloaded(""), []) }?.state == .warning)
        #expect(Self.finding("probe") { $0.probe = .impossible }?.remedies.flatMap(\.lines) == ["probe: false"])
        #expect(Self.finding("probe") { $0.probe = .unnamed }?.state == .problem)
    }

    @Test(
        "one that is not ready, and clocks",
        arguments: [(31, true), (-31, true), (29, false), (1e300, true), (-Double.infinity, true)] as [(Double, Bool)])
    func clock(_ skew: Double, _ isSaid: Bool) {
        #expect(Self.finding("ready") { $0.isReady = false }?.state == .warning)
        let clock = Self.finding("clock") { $0.clockSkewSeconds = skew }
        #expect((clock != nil) == isSaid)
        if isSaid { #expect(clock?.summary.contains(skew > 0 ? "ahead of" : "behind") == true) }
    }

    @Test("ports at which nobody is are no lack")
    func ports() {
        let silent = Self.findings { ($0.isNamed, $0.failure) = (false, HTTPClientError(kind: .connect, message: "x")) }
        #expect(silent.map(\.state) == [.information])
        let stranger = Self.findings { ($0.isNamed, $0.foundKind) = (false, nil) }
        #expect(stranger.map(\.state) == [.information])
        #expect(Self.findings { $0.isNamed = false }.map(\.state) == [.ok, .ok, .ok, .ok])
    }

    @Test("targets that may be asked besides")
    func targets() {
        func judge(_ targets: [String]) -> [Finding] {
            var section = LLMFindings.Section()
            section.allowedTargets = targets
            var server = SurveyedServer(name: "chat", url: "http://10.0.0.5:8000")
            server.isUp = true
            return LLMFindings.judge([server], section).last?.findings ?? []
        }
        #expect(judge([]).isEmpty)
        #expect(judge(["http://10.0.0.6:8000"]).map(\.state) == [.ok])
        #expect(judge(["http://10.0.0.5:8000"]).map(\.state) == [.information])
        for url in ["http://169.254.169.254", "http://[fe80::1]", "http://metadata.google.internal"] {
            #expect(judge([url, "http://10.0.0.6:8000"]).map(\.state) == [.warning], "\(url)")
        }
    }

    @Test("a section that is switched on and names nobody")
    func nobody() {
        var section = LLMFindings.Section()
        section.isWanted = true
        #expect(LLMFindings.judge([], section).flatMap(\.findings).map(\.state) == [.information])
        section.looksAtContainers = false
        #expect(LLMFindings.judge([], section).flatMap(\.findings).map(\.state) == [.problem])
    }
}
