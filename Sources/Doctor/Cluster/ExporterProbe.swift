import Primitives
import Web

/// Asks exporters of guests and nodes for their metrics, as Prometheus would, and throws away what they say.
struct ExporterProbe: Sendable {
    /// What came of one.
    enum Answer: Sendable, Equatable {
        case metrics
        /// Something answers, and has no metrics.
        case stranger(String)
        case refused
        case silent
        case unreachable(String)
    }

    /// Asked in all, and at the same time.
    static let limit = 200
    private static let atOnce = 16
    static let timeoutSeconds = 2.0

    let http: HTTPClient

    /// - Parameter addresses: `192.0.2.7:9100`; those past the limit are not asked.
    /// - Returns: those that were asked before the deadline.
    func run(_ addresses: [String], by deadline: Deadline) async -> [String: Answer] {
        let places = AsyncSemaphore(limit: Self.atOnce)
        return await withTaskGroup(of: (String, Answer?).self) { group in
            for address in Set(addresses.prefix(Self.limit)) {
                group.addTask { (address, await places.withPermit(by: deadline) { await ask(address) }) }
            }
            var answers: [String: Answer] = [:]
            for await (address, answer) in group { answers[address] = answer }
            return answers
        }
    }

    private func ask(_ address: String) async -> Answer {
        var request = HTTPRequest(url: "http://\(address)/metrics", deadline: .after(seconds: Self.timeoutSeconds))
        request.connectTimeoutSeconds = Self.timeoutSeconds
        request.bodyLimitBytes = 32 << 20
        do throws(HTTPClientError) {
            let response = try await http.send(request)
            return response.status == 200 ? .metrics : .stranger("answers \(response.status)")
        } catch {
            return Self.answer(error)
        }
    }

    static func answer(_ error: HTTPClientError) -> Answer {
        switch error.kind {
        case .timeout: .silent
        case .connect where error.message.contains("refused"): .refused
        case .connect, .resolve: .unreachable(error.message)
        case .tooLarge: .metrics
        case .closed, .tls, .protocolViolation, .url, .cancelled: .stranger(error.message)
        }
    }
}
