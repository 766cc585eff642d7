import Primitives
import UpstreamConfiguration
import Web

/// Pushes batches to one Loki.
struct PushClient: Sendable {
    static let path = "/loki/api/v1/push"
    /// Of an answer, which is a sentence at most.
    private static let answerBytes = 256 << 10

    let settings: LokiSettings
    let http: HTTPClient

    func push(_ entries: ArraySlice<LogEntry>) async -> PushOutcome {
        var request = settings.upstream.request(Self.path, by: .after(seconds: settings.timeoutSeconds))
        request.method = "POST"
        request.bodyLimitBytes = Self.answerBytes
        request.headers.append(("Content-Type", "application/json"))
        // libcurl would ask first whether a body of some size is welcome, and wait a second for Lokis that do not answer that.
        request.headers.append(("Expect", ""))
        if let tenant = settings.tenant { request.headers.append(("X-Scope-OrgID", tenant)) }
        let json = PushBody.json(entries, hasMetadata: settings.hasMetadata)
        if settings.isPacked, let packed = PushBody.packed(json) {
            request.headers.append(("Content-Encoding", "gzip"))
            request.body = packed
        } else {
            request.body = json
        }
        do throws(HTTPClientError) {
            return PushOutcome(try await http.send(request), now: WallClock.system.unixSeconds)
        } catch {
            return PushOutcome(error)
        }
    }
}
