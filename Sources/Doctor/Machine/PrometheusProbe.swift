import JSON
import Primitives
import Web

/// Asks a Prometheus for its version and for what it scrapes.
struct PrometheusProbe: Sendable {
    struct Target: Sendable, Equatable {
        let url: String
        let job: String
        let isUp: Bool
        let error: String
        /// Told by our discovery.
        let isDiscovered: Bool
    }

    enum Answer: Sendable {
        case nobody(String)
        /// What answers is no Prometheus, or lets nobody in.
        case stranger(String)
        case prometheus(version: String, targets: [Target]?)
    }

    let url: String
    let http: HTTPClient

    private static let timeoutSeconds = 5.0

    func run(by deadline: Deadline) async -> Answer {
        let response: HTTPResponse
        do throws(HTTPClientError) {
            response = try await get("/api/v1/status/buildinfo", deadline)
        } catch {
            return .nobody(error.message)
        }
        guard response.status == 200 else { return .stranger("answers \(response.status)") }
        let version = (try? JSONDocument(parsing: response.body))?.withRoot { $0["data"]?["version"]?.text }
        guard let version = version ?? nil else { return .stranger("answers, and not as Prometheus does") }
        let targets = try? await get("/api/v1/targets?state=active", deadline)
        return .prometheus(version: version, targets: targets.flatMap { $0.status == 200 ? Self.targets(in: $0.body) : nil })
    }

    private func get(_ path: String, _ deadline: Deadline) async throws(HTTPClientError) -> HTTPResponse {
        var request = HTTPRequest(url: url + path, deadline: min(deadline, .after(seconds: Self.timeoutSeconds)))
        request.bodyLimitBytes = 8 << 20
        return try await http.send(request)
    }

    static func targets(in body: [UInt8]) -> [Target]? {
        guard let document = try? JSONDocument(parsing: body) else { return nil }
        return document.withRoot { root in
            guard let list = root["data"]?["activeTargets"], list.isArray else { return nil }
            var targets: [Target] = []
            list.forEachElement { row in
                guard let url = row["scrapeUrl"]?.text else { return }
                targets.append(
                    Target(
                        url: url, job: row["labels"]?["job"]?.text ?? "", isUp: row["health"]?.text != "down",
                        error: row["lastError"]?.text ?? "",
                        isDiscovered: row["discoveredLabels"]?["__meta_proxmox_cluster"] != nil))
            }
            return targets
        }
    }
}
