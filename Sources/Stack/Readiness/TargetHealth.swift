import JSON
import Primitives

/// How many of Prometheus's targets answer.
struct TargetHealth {
    /// Answered the last scrape.
    var up = 0
    /// All that Prometheus knows by now.
    var total = 0
    /// Those of them that discovery told it of, and how many of these answered.
    var discovered = (up: 0, total: 0)
    /// The first that is not up: `node 127.0.0.12:9100: connection refused`.
    var firstMissing: String?

    /// Reads the answer of Prometheus's `/api/v1/targets?state=active`: `data.activeTargets[]` with `health`, `labels` and `lastError`.
    init(parsing body: [UInt8]) throws(Failure) {
        let document = try JSONDocument(parsing: body)
        document.withRoot { root in
            root["data"]?["activeTargets"]?.forEachElement { target in
                // Only what discovery tells of has these labels before it is relabelled.
                let isDiscovered = target["discoveredLabels"]?["__meta_proxmox_type"] != nil
                total += 1
                if isDiscovered { discovered.total += 1 }
                let health = target["health"]?.text ?? "unknown"
                if health == "up" {
                    up += 1
                    if isDiscovered { discovered.up += 1 }
                } else if firstMissing == nil {
                    let error = target["lastError"]?.text ?? ""
                    let why = health == "unknown" ? "not scraped yet" : error.isEmpty ? health : error
                    firstMissing = "\(target["labels"]?["job"]?.text ?? "") \(target["labels"]?["instance"]?.text ?? ""): \(why)"
                }
            }
        }
    }

    /// Whether all of the stack answer, `expected` at least: Prometheus finds the targets that stand in files some seconds after its start.
    ///
    /// - Parameter simulated: how many there are to be discovered, at least, all of which answer; nil where there may be guests without an
    ///   exporter, which do not make the stack unready.
    func isComplete(expected: Int, discovered simulated: Int?) -> Bool {
        let own = (up: up - discovered.up, total: total - discovered.total)
        guard own.total >= expected, own.up == own.total else { return false }
        return simulated.map { discovered.total >= $0 && discovered.up == discovered.total } ?? true
    }

    /// `9 of 9 targets up`, and what is missing.
    func text(expected: Int) -> String {
        let counts = "\(up) of \(max(total, expected)) targets up"
        if let firstMissing { return "\(counts); \(firstMissing)" }
        return total < expected ? "\(counts); the others are not found yet" : counts
    }
}
