import Primitives
import Synchronization
package import Web

/// Asks one question and reads the stream of its answer.
package struct Prober: Sendable {
    private let http: HTTPClient

    package init(_ http: HTTPClient) { self.http = http }

    /// Ends by the timeout, whatever the server does; nil when the task was cancelled.
    package func ask(_ question: ProbeQuestion, timeoutSeconds: Double) async -> ProbeResult? {
        let shared = Shared(AnswerReading(question.dialect, maxTokens: question.maxTokens))
        var request = question.request(nonce: .random(in: 1_000_000_000 ... .max), by: .after(seconds: timeoutSeconds))
        request.connectTimeoutSeconds = min(5, timeoutSeconds)
        request.onStatus = { status in shared.reading.withLock { $0.take(status: status) } }
        request.onBodyPiece = { piece in
            let now = ContinuousClock.now
            return shared.reading.withLock { $0.take(piece, at: now) }
        }
        let start = ContinuousClock.now
        var problem: HTTPClientError?
        do throws(HTTPClientError) { _ = try await http.send(request) } catch { problem = error }
        let end = ContinuousClock.now
        if problem?.kind == .cancelled, Task.isCancelled { return nil }
        let answer = shared.reading.withLock { reading in
            // The last line of a stream that came to its end may have none.
            if problem == nil { _ = reading.take([UInt8(ascii: "\n")], at: end) }
            return reading
        }
        return Self.result(answer, problem, start: start, end: end)
    }

    private final class Shared: Sendable {
        let reading: Mutex<AnswerReading>

        init(_ reading: AnswerReading) { self.reading = Mutex(reading) }
    }

    /// - Parameter problem: why the answer did not come to its end by itself.
    static func result(
        _ answer: AnswerReading, _ problem: HTTPClientError?, start: ContinuousClock.Instant, end: ContinuousClock.Instant
    ) -> ProbeResult {
        let (outcome, reason) = outcome(answer, problem)
        var result = ProbeResult(outcome: outcome, durationSeconds: (end - start).seconds, status: answer.status, reason: reason)
        result.promptTokens = answer.promptTokens ?? 0
        result.generatedTokens = answer.generatedTokens
        // What a broken answer had of it is as true.
        result.secondsToFirstToken = answer.firstText.map { ($0 - start).seconds }
        if outcome == .ok { result.secondsBetweenTokens = answer.secondsBetweenTokens }
        return result
    }

    private static func outcome(_ answer: AnswerReading, _ problem: HTTPClientError?) -> (ProbeResult.Outcome, reason: String) {
        if let status = answer.status, status != 200 { return (.status, "status \(status)") }
        if answer.isError { return (.error, "the server says in the stream that it failed") }
        if let fault = answer.fault { return (.malformed, fault) }
        if answer.isComplete { return answer.textCount > 0 ? (.ok, "") : (.empty, "the answer has no text") }
        guard let problem else { return (.malformed, "the stream ends before the answer does") }
        switch problem.kind {
        case .timeout: return (answer.hasBegun ? .stalled : .timeout, problem.message)
        case .resolve, .connect, .closed, .url, .cancelled: return (.refused, problem.message)
        case .tls: return (.tls, problem.message)
        case .protocolViolation, .tooLarge: return (.malformed, problem.message)
        }
    }
}
