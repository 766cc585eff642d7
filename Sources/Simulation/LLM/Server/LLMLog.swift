import JSON
import Primitives
import Web

/// The lines that simulated servers write, sent to a Loki as one who ships the logs of their containers would: how busy each is, what it could
/// not answer, and who had to give way. They say what the same servers' metrics say.
struct LLMLog: Sendable {
    private struct Line {
        let server: String
        let level: String
        let text: String
    }

    /// What was told of an engine last.
    private struct Told {
        var succeeded = 0.0, failed = 0.0, aborted = 0.0, rejected = 0.0, preempted = 0.0, generated = 0.0, prompts = 0.0
    }

    private static let intervalSeconds = 10.0

    /// The push API of a Loki is below it.
    let url: String
    /// Of the machine, as its metrics have them.
    let cluster: String
    let node: String
    let servers: [LLMServer]
    let clock: WallClock

    /// Goes on until cancelled.
    func run(_ logger: Logger) async {
        guard let http = try? HTTPClient() else { return }
        defer { http.close() }
        var told: [String: Told] = [:]
        while !Task.isCancelled {
            let lines = lines(&told)
            var request = HTTPRequest(url: url + "/loki/api/v1/push", deadline: .after(seconds: 5))
            request.method = "POST"
            request.headers = [("Content-Type", "application/json")]
            request.body = body(lines)
            // What a Loki does not take is gone, as the lines of a simulation may be.
            _ = try? await http.send(request)
            try? await Task.sleep(for: .seconds(Self.intervalSeconds))
        }
    }

    private func lines(_ told: inout [String: Told]) -> [Line] {
        servers.flatMap { server in server.desks.flatMap { lines(of: $0, server, &told) } }
    }

    private func lines(of desk: EngineDesk, _ server: LLMServer, _ told: inout [String: Told]) -> [Line] {
        let name = server.plan.name
        let engine = desk.view()
        let book = engine.book
        let now = Told(
            succeeded: book.succeeded, failed: book.count(of: .error), aborted: book.count(of: .abort), rejected: book.rejections,
            preempted: book.preemptions, generated: book.generationTokens, prompts: book.promptTokens)
        let key = "\(name) \(desk.model.name)"
        // What was before the first look, or before the server was started anew, is nobody's news.
        guard let last = told.updateValue(now, forKey: key), now.succeeded >= last.succeeded else {
            return [
                Line(
                    server: name, level: "info", text: "serving \(desk.model.name) with \(server.plan.kind.rawValue) \(server.plan.version)"
                )
            ]
        }
        func count(_ value: KeyPath<Told, Double>) -> Int { Int((now[keyPath: value] - last[keyPath: value]).rounded()) }
        func rate(_ value: KeyPath<Told, Double>) -> Int {
            Int(((now[keyPath: value] - last[keyPath: value]) / Self.intervalSeconds).rounded())
        }
        let cache = Int((engine.cacheUse * 100).rounded())
        var lines = [
            Line(
                server: name, level: "info",
                text:
                    "\(desk.model.name): \(engine.runningCount) running, \(engine.waitingCount) waiting, \(count(\.succeeded)) answered; prompts \(rate(\.prompts)) tokens/s, answers \(rate(\.generated)) tokens/s, cache \(cache)%"
            )
        ]
        if count(\.preempted) > 0 {
            lines.append(
                Line(server: name, level: "warn", text: "\(count(\.preempted)) requests gave way, as the cache is full (\(cache)%)"))
        }
        if count(\.rejected) > 0 {
            lines.append(
                Line(
                    server: name, level: "warn", text: "\(count(\.rejected)) requests were turned away: \(engine.waitingCount) are waiting")
            )
        }
        if count(\.failed) > 0 {
            lines.append(
                Line(server: name, level: "error", text: "\(count(\.failed)) requests failed with status 500: the engine gave an error"))
        }
        if engine.isStalled, engine.runningCount > 0 {
            lines.append(Line(server: name, level: "error", text: "no token for 10 s from \(engine.runningCount) running requests"))
        }
        return lines
    }

    private func body(_ lines: [Line]) -> [UInt8] {
        let nanoseconds = "\(Int64(clock.unixSeconds * 1_000_000))000"
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("streams")
            writer.array { writer in
                for line in lines {
                    writer.object { writer in
                        writer.key("stream")
                        writer.object { writer in
                            let labels = [
                                ("job", "containers"), ("cluster", cluster), ("node", node), ("container", line.server),
                                ("stream", "stderr"), ("level", line.level),
                            ]
                            for (name, value) in labels {
                                writer.key(text: name)
                                writer.string(value)
                            }
                        }
                        writer.key("values")
                        writer.array { writer in
                            writer.array { writer in
                                writer.string(nanoseconds)
                                writer.string(line.text)
                            }
                        }
                    }
                }
            }
        }
        return writer.bytes
    }
}
