import Logs
import Ownership
import Testing
import Web

@testable import Doctor

@Suite("What is said of lines and of Loki")
struct LogsFindingsTests {
    private static func findings(
        _ engine: LogsFindings.Engine? = nil, ready: Int = 200, labels: Int? = 200,
        _ change: (inout LogsSurvey, inout LogsSurvey.Answers) -> Void = { _, _ in }
    ) -> [Finding] {
        var answers = LogsSurvey.Answers(ready: ready)
        (answers.labels, answers.version) = (labels, "3.0.0")
        var survey = LogsSurvey(
            url: "http://10.0.0.5:3100", loki: .answers(answers), journal: .told(ageSeconds: 5, isOwnOnly: false),
            state: .writable(isMade: true),
            stateDirectory: "/var/lib/martlet-logs")
        change(&survey, &answers)
        if case .answers = survey.loki { survey.loki = .answers(answers) }
        return LogsFindings.judge(survey, engine: engine).findings
    }

    @Test("all that is well")
    func well() {
        let findings = Self.findings(LogsFindings.Engine(state: .answering, product: "docker 28", sockets: []))
        #expect(findings.map(\.check) == ["loki", "version", "journal", "engine", "state"])
        #expect(findings.allSatisfy { $0.state == .ok && $0.remedies.isEmpty })
    }

    @Test("a Loki that does not answer, or is not ready, or is none")
    func loki() {
        let silent = Self.findings { survey, _ in survey.loki = .silent(HTTPClientError(kind: .connect, message: "refused")) }
        #expect(silent[0].state == .problem && silent[0].summary.hasSuffix("refused; lines wait where they are"))
        #expect(silent[0].remedies.flatMap(\.lines) == ["curl -m 5 -si 'http://10.0.0.5:3100/ready'"])
        let tls = Self.findings { survey, _ in survey.loki = .silent(HTTPClientError(kind: .tls, message: "x")) }
        #expect(tls[0].remedies.first?.lines.last?.contains("ca_file") == true)
        #expect(Self.findings(ready: 503) { $1.readyWords = "Ingester not ready" }[0].summary.contains("Ingester not ready"))
        #expect(Self.findings(ready: 503)[0].state == .warning)
        #expect(Self.findings(ready: 404, labels: 404)[0].state == .problem)
        #expect(Self.findings(ready: 404, labels: 200)[0].state == .ok)
        #expect(Self.findings(ready: 200, labels: 404).first { $0.check == "credential" }?.state == .information)
    }

    @Test("who is let in")
    func credential() {
        func finding(labels: Int, ready: Int = 200, words: String = "", hasCredential: Bool = false) -> Finding? {
            Self.findings(ready: ready, labels: labels) { survey, answers in
                (survey.hasCredential, answers.labelsWords) = (hasCredential, words)
                survey.url = "https://loki.example.org"
            }.first { $0.check == "credential" }
        }
        #expect(finding(labels: 200) == nil)
        #expect(finding(labels: 200, hasCredential: true)?.state == .ok)
        let tenant = finding(labels: 401, words: "no org id")
        #expect(tenant?.state == .problem && tenant?.remedies.first?.lines.last?.contains("tenant") == true)
        for status in [401, 403] {
            #expect(finding(labels: status, ready: status)?.summary.contains("wants a credential") == true)
            #expect(finding(labels: status, ready: status, hasCredential: true)?.summary.contains("does not let in") == true)
        }
        #expect(Self.findings { survey, _ in survey.hasCredential = true }[0].state == .warning)
        #expect(Self.findings { survey, _ in (survey.hasCredential, survey.url) = (true, "http://127.0.0.1:3100") }[0].state == .ok)
        #expect(Self.findings { survey, _ in survey.believesAnybody = true }[0].state == .warning)
    }

    @Test("a Loki that refuses structured metadata")
    func version() {
        let old = Self.findings { $1.version = "2.9.8" }.first { $0.check == "version" }
        #expect(old?.state == .problem && old?.remedies.first?.lines.last?.contains("structured_metadata: false") == true)
        let plain = Self.findings { survey, answers in (survey.sendsMetadata, answers.version) = (false, "2.9.8") }
        #expect(plain.first { $0.check == "version" }?.state == .ok)
        #expect(!Self.findings { $1.version = "" }.contains { $0.check == "version" })
    }

    @Test(
        "the journal",
        arguments: [
            (LogsSurvey.Journal.off, Finding.State.information), (.noProgram, .problem), (.failed("x"), .problem),
            (.empty("No journal files"), .warning),
            (.told(ageSeconds: 1, isOwnOnly: true), .warning), (.told(ageSeconds: 86_399, isOwnOnly: false), .ok),
            (.told(ageSeconds: 1e300, isOwnOnly: false), .warning),
        ])
    func journal(_ journal: LogsSurvey.Journal, _ state: Finding.State) {
        #expect(Self.findings { survey, _ in survey.journal = journal }.first { $0.check == "journal" }?.state == state)
    }

    @Test("the engine and the folder")
    func engineAndFolder() {
        func engine(_ state: ContainerEngine.State) -> Finding? {
            Self.findings(LogsFindings.Engine(state: state, sockets: ["/run/docker.sock"])).first { $0.check == "engine" }
        }
        #expect(engine(.absent)?.state == .information)
        let refused = engine(.unreachable("permission denied"))
        #expect(refused?.state == .warning && refused?.remedies.first?.lines == ["ls -l /run/docker.sock"])
        #expect(!Self.findings().contains { $0.check == "engine" })
        for (state, expected) in [
            (LogsSurvey.State.writable(isMade: false), Finding.State.information), (.inUse(processID: 7), .ok),
            (.unusable("read-only"), .problem),
        ] {
            #expect(Self.findings { survey, _ in survey.state = state }.last?.state == expected)
        }
        #expect(LogsFindings.unnamed.findings.map(\.state) == [.problem])
    }
}
