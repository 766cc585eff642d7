import JSON
import Primitives

/// How many of Prometheus's targets answer.
struct TargetHealth: Equatable {
    /// Answered the last scrape.
    var up = 0
    /// All that Prometheus knows by now.
    var total = 0
    /// The first that is not up: `node 127.0.0.12:9100: connection refused`.
    var firstMissing: String?

    /// Reads the answer of Prometheus's `/api/v1/targets?state=active`: `data.activeTargets[]` with `health`, `labels` and `lastError`.
    init(parsing body: [UInt8]) throws(Failure) {
        let document = try JSONDocument(parsing: body)
        document.withRoot { root in
            root["data"]?["activeTargets"]?.forEachElement { target in
                total += 1
                let health = target["health"]?.text ?? "unknown"
                if health == "up" {
                    up += 1
                } else if firstMissing == nil {
                    let error = target["lastError"]?.text ?? ""
                    let why = health == "unknown" ? "not scraped yet" : error.isEmpty ? health : error
                    firstMissing = "\(target["labels"]?["job"]?.text ?? "") \(target["labels"]?["instance"]?.text ?? ""): \(why)"
                }
            }
        }
    }

    /// Whether all answer, `expected` at least: Prometheus finds the targets that stand in files some seconds after its start.
    func isComplete(expected: Int) -> Bool { total >= expected && up == total }

    /// `9 of 9 targets up`, and what is missing.
    func text(expected: Int) -> String {
        let counts = "\(up) of \(max(total, expected)) targets up"
        if let firstMissing { return "\(counts); \(firstMissing)" }
        return total < expected ? "\(counts); the others are not found yet" : counts
    }
}
