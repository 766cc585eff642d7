package import Logs
package import Ownership
import Primitives
import Web

/// Judges whether lines of this machine can be read, and whether Loki can be sent them.
package enum LogsFindings {
    /// Who prints the lines of containers.
    package struct Engine: Sendable {
        package var state: ContainerEngine.State
        package var product = ""
        package var sockets: [String]

        package init(state: ContainerEngine.State, product: String = "", sockets: [String]) {
            (self.state, self.product, self.sockets) = (state, product, sockets)
        }
    }

    /// What there is to say where nobody is named who gets the lines.
    package static var unnamed: DoctorReport.Section {
        DoctorReport.Section(
            .logs, "logs",
            [
                Finding(
                    "loki", .problem, "the settings have a section logs, and nobody is named who gets the lines",
                    remedies: [Finding.Remedy(.settings, lines: ["logs:", "  loki:", "    url: http://127.0.0.1:3100"])])
            ])
    }

    /// - Parameter engine: nil where containers are not read.
    package static func judge(_ survey: LogsSurvey, engine: Engine?) -> DoctorReport.Section {
        DoctorReport.Section(.logs, "logs", loki(survey) + journal(survey) + (engine.map(containers) ?? []) + [state(survey)])
    }

    // MARK: Loki

    private static func loki(_ survey: LogsSurvey) -> [Finding] {
        let place = named(survey.url, others: ":/[]%")
        switch survey.loki {
        case .silent(let failure):
            let remedy =
                failure.kind == .tls
                ? Finding.Remedy(
                    .settings, "name the authority that signed its certificate",
                    lines: ["logs:", "  loki:", "    ca_file: /etc/martlet/loki-ca.pem"])
                : Finding.Remedy(
                    .here, "see whether it runs and listens there",
                    lines: ["curl -m 5 -si '\(survey.url.replacing("'", with: "%27"))/ready'"])
            return [Finding("loki", .problem, "\(place): \(failure.message); lines wait where they are", remedies: [remedy])]
        case .answers(let answers): return hello(survey, answers, place) + credential(survey, answers) + version(survey, answers)
        }
    }

    private static func hello(_ survey: LogsSurvey, _ answers: LogsSurvey.Answers, _ place: String) -> [Finding] {
        let words = answers.readyWords.isEmpty ? "" : ": \(answers.readyWords)"
        switch answers.ready {
        case 200:
            if survey.hasCredential, survey.url.hasPrefix("http://"), !LLMFindings.isOfLoopback(survey.url) {
                return [
                    Finding(
                        "loki", .warning, "\(place) is ready, over http: whoever listens on the way has the credential and the lines",
                        remedies: [Finding.Remedy(.settings, "https:// in logs.loki.url, where it or a proxy before it speaks that")])
                ]
            }
            if survey.believesAnybody {
                return [Finding("loki", .warning, "\(place) is ready, and is believed whatever its certificate")]
            }
            return [Finding("loki", .ok, "\(place) is ready")]
        case 503: return [Finding("loki", .warning, "\(place) is not ready\(words); lines wait where they are")]
        // A gateway may let nobody look at that.
        case 401, 403: return []
        case 404 where answers.labels == 200 || answers.labels == 401 || answers.labels == 403:
            return [Finding("loki", .ok, "\(place) answers as Loki does, and does not tell whether it is ready")]
        default:
            return [
                Finding(
                    "loki", .problem, "\(place) answers /ready with status \(answers.ready)\(words)",
                    remedies: [
                        Finding.Remedy(.settings, "is logs.loki.url that of a Loki, with the path in front of its own if there is one?")
                    ])
            ]
        }
    }

    private static func credential(_ survey: LogsSurvey, _ answers: LogsSurvey.Answers) -> [Finding] {
        let words = answers.labelsWords.isEmpty ? "" : ": \(answers.labelsWords)"
        switch answers.labels {
        case 200?: return survey.hasCredential ? [Finding("credential", .ok, "it lets in who is named in logs.loki")] : []
        case 401? where answers.labelsWords.contains("no org id"):
            return [
                Finding(
                    "credential", .problem, "it serves several tenants, and none is named",
                    remedies: [Finding.Remedy(.settings, lines: ["logs:", "  loki:", "    tenant: NAME"])])
            ]
        case 401?, 403?:
            let who = survey.hasCredential ? "does not let in who is named in logs.loki" : "wants a credential, and none is named"
            return [
                Finding(
                    "credential", .problem, "it \(who) (status \(answers.labels ?? 0))\(words)",
                    remedies: [
                        Finding.Remedy(
                            .settings, "below logs.loki; or username and password_file",
                            lines: ["bearer_token_file: /etc/martlet/loki-token"])
                    ])
            ]
        case 404?:
            guard answers.ready == 200 else { return [] }
            return [
                Finding(
                    "credential", .information,
                    "it does not answer questions about lines, so nobody knows whether it takes any; it may be a part of Loki that is only written to"
                )
            ]
        default: return []
        }
    }

    private static func version(_ survey: LogsSurvey, _ answers: LogsSurvey.Answers) -> [Finding] {
        guard let major = answers.version.split(separator: ".").first.flatMap({ Int($0) }) else { return [] }
        guard major < 3, survey.sendsMetadata else { return [Finding("version", .ok, "Loki \(named(answers.version, others: "+~"))")] }
        return [
            Finding(
                "version", .problem,
                "Loki \(named(answers.version, others: "+~")) refuses lines with structured metadata (process and trace ids) unless it was told to take them",
                remedies: [
                    Finding.Remedy(.settings, "leave those out", lines: ["logs:", "  loki:", "    structured_metadata: false"]),
                    Finding.Remedy(
                        .server, "or, with a schema of v13, let it take them",
                        lines: ["limits_config:", "  allow_structured_metadata: true"]),
                ])
        ]
    }

    // MARK: sources

    /// The newest entry of a journal that is at work is not older.
    private static let quietSeconds = 86_400.0

    private static func journal(_ survey: LogsSurvey) -> [Finding] {
        let group = Finding.Remedy(
            .here, "the user that martlet logs runs as must be of the group systemd-journal, as deploy/systemd has it",
            lines: ["usermod -aG systemd-journal USER"])
        switch survey.journal {
        case .off: return [Finding("journal", .information, "the journal is not read (logs.journal.enabled)")]
        case .noProgram:
            return [
                Finding(
                    "journal", .problem, "the program journalctl is not on PATH, so the journal is not read",
                    remedies: [
                        Finding.Remedy(.here, lines: ["apt install systemd"]),
                        Finding.Remedy(.settings, "or, where there is no journal", lines: ["logs:", "  journal:", "    enabled: false"]),
                    ])
            ]
        case .failed(let words): return [Finding("journal", .problem, "the journal cannot be read: \(words)", remedies: [group])]
        case .empty(let words):
            return [
                Finding(
                    "journal", .warning, "the journal shows this user no entry" + (words.isEmpty ? "" : ": \(words)"), remedies: [group])
            ]
        case .told(let age, let isOwnOnly):
            if isOwnOnly {
                return [Finding("journal", .warning, "of the journal this user sees only their own lines", remedies: [group])]
            }
            if age > quietSeconds {
                let days = Int((age / 86_400).clamped(to: 0...1e9))
                return [
                    Finding(
                        "journal", .warning, "the newest entry of the journal is \(counted(days, "day")) old: nobody writes it",
                        remedies: [Finding.Remedy(.here, lines: ["systemctl status systemd-journald"])])
                ]
            }
            return [Finding("journal", .ok, "the journal can be read; its newest entry is \(Int(age.clamped(to: 0...quietSeconds))) s old")]
        }
    }

    private static func containers(_ engine: Engine) -> [Finding] {
        switch engine.state {
        case .answering: return [Finding("engine", .ok, "\(engine.product) answers, and tells what containers print")]
        case .absent: return [Finding("engine", .information, "there is no container engine to ask, so only the journal is read")]
        case .unreachable(let reason):
            return [
                Finding(
                    "engine", .warning, "the container engine does not answer, so that nothing is read of containers: \(reason)",
                    remedies: [
                        Finding.Remedy(
                            .here, "the user that martlet logs runs as must be in the group of the socket, which may do all that root may",
                            lines: ["ls -l \(engine.sockets.joined(separator: " "))"]),
                        Finding.Remedy(.settings, "or leave containers out", lines: ["logs:", "  containers: false"]),
                    ])
            ]
        }
    }

    // MARK: the folder

    private static func state(_ survey: LogsSurvey) -> Finding {
        let place = named(survey.stateDirectory, others: "/ ")
        switch survey.state {
        case .writable(true): return Finding("state", .ok, "\(place) remembers what Loki has stored")
        case .writable(false): return Finding("state", .information, "\(place) is made when martlet logs starts for the first time")
        case .inUse(let processID): return Finding("state", .ok, "\(place) is in use: process \(processID) ships lines")
        case .unusable(let words):
            return Finding(
                "state", .problem, "what Loki has stored cannot be remembered in \(place): \(words)",
                remedies: [Finding.Remedy(.settings, "logs.state_dir names a folder that the user of martlet logs may write")])
        }
    }
}
