import Primitives
import ProxmoxAPI

/// Judges what nodes say one by one: their clocks, and until when their certificates hold.
enum NodeFindings {
    /// The node's clock less ours, and how long the answer took, in seconds.
    struct Clock: Sendable {
        let node: String
        let skewSeconds: Double
        let tripSeconds: Double
    }

    /// Past that, ages and alerts that are built on them are wrong.
    static let skewSeconds = 30.0
    static let certificateDays = 14.0
    private static let shown = 5

    static func clocks(_ clocks: [Clock], failures: [(node: String, error: ProxmoxError)]) -> [Finding] {
        var findings: [Finding] = []
        // A late answer is no wrong clock.
        let wrong = clocks.filter { abs($0.skewSeconds) > skewSeconds + $0.tripSeconds }
        if !wrong.isEmpty {
            findings.append(
                Finding(
                    "clock", .warning,
                    "\(counted(wrong.count, "node")) and this machine do not agree on the time: ages, and alerts that are built on them, are wrong",
                    details: wrong.map {
                        "\(named($0.node)) is \(duration(abs($0.skewSeconds))) \($0.skewSeconds > 0 ? "ahead" : "behind")"
                    },
                    shown: shown,
                    remedies: [
                        Finding.Remedy(.here, lines: ["timedatectl"]),
                        Finding.Remedy(.node, "the same, and see to its time servers", lines: ["timedatectl", "chronyc tracking"]),
                    ]))
        } else if !clocks.isEmpty {
            findings.append(Finding("clock", .ok, "\(counted(clocks.count, "node")) and this machine agree on the time"))
        }
        if clocks.isEmpty, failures.contains(where: { $0.error.kind == .forbidden }) {
            findings.append(Finding("clock", .skipped, "clocks of nodes were not compared, as the right for that is missing (see rights)"))
        }
        // Who lacks the right was told so.
        let told = failures.filter { $0.error.kind != .forbidden }
        let silent = told.filter { [.timeout, .unreachable, .nodeUnreachable].contains($0.error.kind) }
        let words = told.filter { ![.timeout, .unreachable, .nodeUnreachable].contains($0.error.kind) }
        if !words.isEmpty {
            findings.append(
                Finding("clock", .information, "\(counted(words.count, "node")) did not tell the time", details: lines(words), shown: shown)
            )
        }
        if !silent.isEmpty {
            findings.append(
                Finding(
                    "nodes", .problem, "\(counted(silent.count, "node")) did not answer, so what only the node itself knows is missing",
                    details: lines(silent), shown: shown,
                    remedies: [
                        Finding.Remedy(
                            .node, "on the one that did not answer; and see whether the others reach it",
                            lines: ["systemctl status pveproxy pvedaemon"])
                    ]))
        }
        return findings
    }

    private static func lines(_ failures: [(node: String, error: ProxmoxError)]) -> [String] {
        failures.map { "\(named($0.node)): \($0.error.description)" }
    }

    static func certificates(_ certificates: [(node: String, certificate: ServedCertificate)], now: Double) -> [Finding] {
        let ends = certificates.compactMap { entry in entry.certificate.notAfter.map { (entry.node, ($0 - now) / 86_400) } }
        let near = ends.filter { $0.1 < certificateDays }.sorted { $0.1 < $1.1 }
        guard let first = ends.min(by: { $0.1 < $1.1 }) else { return [] }
        guard !near.isEmpty else {
            return [Finding("certificate", .ok, "certificates of \(counted(ends.count, "node")) hold for \(days(first.1)) days or longer")]
        }
        return [
            Finding(
                "certificate", first.1 < 0 ? .problem : .warning,
                "\(counted(near.count, "certificate")) \(first.1 < 0 ? "ran out, or will soon" : "will run out soon")",
                details: near.map { "\(named($0.0)): \($0.1 < 0 ? "\(days(-$0.1)) days ago" : "in \(days($0.1)) days")" }, shown: shown,
                remedies: [
                    Finding.Remedy(
                        .node, "on the one that it is of",
                        lines: ["pvenode cert info", "pvecm updatecerts --force", "systemctl restart pveproxy"])
                ])
        ]
    }

    /// Whole ones. A number from outside may be any.
    static func days(_ days: Double) -> Int { Int(days.clamped(to: 0...100_000)) }

    /// `45 s`, `12 min`, `3 h`, `2 d`
    static func duration(_ seconds: Double) -> String {
        let seconds = seconds.clamped(to: 0...1e12)
        return switch seconds {
        case ..<120: "\(Int(seconds)) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(days(seconds / 86_400)) d"
        }
    }
}
