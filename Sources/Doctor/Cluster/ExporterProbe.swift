import Primitives
import Web

/// Asks exporters of guests and nodes for their metrics, as Prometheus would, and throws away what they say.
struct ExporterProbe: Sendable {
    /// What came of one.
    enum Answer: Sendable, Equatable {
        case metrics
        /// Something answers, and what it says are no metrics.
        case noMetrics
        /// Something answers, and knows no such page.
        case absent
        /// Something answers otherwise.
        case stranger(String)
        case refused
        case silent
        case unreachable(String)
    }

    /// Asked in all, and at the same time.
    static let limit = 200
    private static let atOnce = 16
    static let timeoutSeconds = 2.0
    /// Some exporters say a lot; each answer is held while it comes.
    private static let bodyLimitBytes = 4 << 20
    /// In so much of it there is a metric, if there are any.
    private static let lookedAtBytes = 1 << 16

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
        request.bodyLimitBytes = Self.bodyLimitBytes
        do throws(HTTPClientError) {
            let response = try await http.send(request)
            return Self.answer(response.status, response.body)
        } catch {
            return Self.answer(error)
        }
    }

    static func answer(_ status: Int, _ body: [UInt8]) -> Answer {
        switch status {
        case 200: areMetrics(body) ? .metrics : .noMetrics
        case 404: .absent
        default: .stranger("answers \(status)")
        }
    }

    /// Whether a line is a comment of the format of metrics or a sample: a name, perhaps labels, a number.
    static func areMetrics(_ body: [UInt8]) -> Bool {
        body.prefix(lookedAtBytes).split(separator: UInt8(ascii: "\n")).contains { line in
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix("# HELP ") || text.hasPrefix("# TYPE ") { return true }
            guard let first = text.unicodeScalars.first, first == "_" || first == ":" || first.isASCII && first.properties.isAlphabetic
            else { return false }
            let name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
            var rest = text[name.endIndex...]
            if rest.first == "{" {
                guard let end = rest.lastIndex(of: "}") else { return false }
                rest = rest[rest.index(after: end)...]
            } else if rest.first != " " {
                return false
            }
            let words = rest.split(separator: " ")
            return (1...2).contains(words.count) && words.allSatisfy { Double($0) != nil }
        }
    }

    static func answer(_ error: HTTPClientError) -> Answer {
        switch error.kind {
        case .timeout: .silent
        case .connect where error.message.contains("refused"): .refused
        case .connect, .resolve: .unreachable(error.message)
        case .tooLarge: .stranger("answers with more than \(bodyLimitBytes >> 20) MiB, which were not read")
        case .closed, .tls, .protocolViolation, .url, .cancelled: .stranger(error.message)
        }
    }
}
