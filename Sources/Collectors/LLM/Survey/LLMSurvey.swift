package import Primitives
import Synchronization
package import Web

/// One look at the LLM servers that the settings name, for whoever wants to know whether they can be read. Nothing is generated, and no model loaded.
package enum LLMSurvey {
    private static let serverSeconds = 10.0
    private static let serversAtOnce = 16

    /// Asks all of them, at the same time; in the order of the settings, ports last.
    package static func run(_ settings: LLMSettings, _ http: HTTPClient, by deadline: Deadline) async -> [SurveyedServer] {
        let ports = settings.ports.map { port in
            var target = ServerTarget(name: "127.0.0.1:\(port)", address: ServerAddress(url: "http://127.0.0.1:\(port)"))
            target.origin = .port
            return target
        }
        let targets = settings.servers + ports
        return await withTaskGroup(of: (Int, SurveyedServer).self) { group in
            var found: [Int: SurveyedServer] = [:]
            for (index, target) in targets.enumerated() {
                if index >= serversAtOnce, let (index, server) = await group.next() { found[index] = server }
                group.addTask {
                    (index, await look(at: target, settings, http, by: min(deadline, .after(seconds: serverSeconds))))
                }
            }
            for await (index, server) in group { found[index] = server }
            return found.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// What was asked on the way, beside what became of it.
    private final class Trace: Sendable {
        private struct State {
            var failure: HTTPClientError?
            var refused: [SurveyedServer.Refusal] = []
            var skew: Double?
            var hasAnswer = false
        }

        private let state = Mutex(State())
        private let authority: String

        init(authority: String) { self.authority = authority }

        func take(_ request: HTTPRequest, _ result: Result<HTTPResponse, HTTPClientError>, from start: Double, to end: Double) {
            // A server's exposition may be elsewhere, and is shown no credential there.
            let isOfServer = ServerAddress.authority(of: request.url) == authority
            state.withLock { state in
                switch result {
                case .failure(let error): if isOfServer { state.failure = state.failure ?? error }
                case .success(let response):
                    guard isOfServer else { return }
                    state.hasAnswer = true
                    if [401, 403].contains(response.status) {
                        let path = request.url.range(of: "://").map { request.url[$0.upperBound...].drop { $0 != "/" } } ?? ""
                        state.refused.append(SurveyedServer.Refusal(path: String(path), status: response.status))
                    }
                    // Its clock counts seconds, and a request takes its time.
                    guard let told = response.headers["Date"].flatMap(HTTPDate.unixSeconds) else { return }
                    state.skew = told + 1 < start ? told + 1 - start : told > end ? told - end : 0
                }
            }
        }

        func show(in server: inout SurveyedServer) {
            state.withLock { state in
                server.failure = state.hasAnswer ? nil : state.failure
                (server.refused, server.clockSkewSeconds) = (state.refused, state.skew)
            }
        }
    }

    private static func look(
        at target: ServerTarget, _ settings: LLMSettings, _ http: HTTPClient, by deadline: Deadline
    ) async -> SurveyedServer {
        let trace = Trace(authority: target.address.authority)
        let clock = WallClock.system
        let questions = Questions(target.address, round: 0, former: nil, memory: CounterMemory(), timeoutSeconds: deadline.remainingSeconds)
        { request in
            let start = clock.unixSeconds
            let result: Result<HTTPResponse, HTTPClientError>
            do throws(HTTPClientError) { result = .success(try await http.send(request)) } catch { result = .failure(error) }
            trace.take(request, result, from: start, to: clock.unixSeconds)
            return result
        }
        var server = SurveyedServer(target)
        // Also where the settings say what it is, to see whether they are right.
        if case .found(let kind) = await Detection.find(questions) { server.foundKind = kind.name }
        guard let kind = (target.kind ?? server.foundKind).flatMap(ServerKinds.kind(named:)) else {
            trace.show(in: &server)
            return server
        }
        var picture = ServerPicture(models: ModelNames(limit: settings.modelLimit))
        await kind.ask(questions, into: &picture)
        picture.settle()
        trace.show(in: &server)
        server.take(picture, kind, target, limit: settings.modelLimit)
        return server
    }
}
