import Primitives
import ProxmoxAPI
import Web

/// The answers to the three calls about a cluster as a whole, or why there are none.
struct ClusterAnswers: Sendable {
    typealias Answer<Value: Sendable> = Result<Value, ProxmoxError>

    private enum Arrival: Sendable {
        case version(Answer<ProxmoxVersion>)
        case status(Answer<ClusterStatus>)
        case resources(Answer<ClusterResources>)
        /// It is time to go on with what is there.
        case impatience
    }

    private(set) var version: Answer<ProxmoxVersion>?
    private(set) var status: Answer<ClusterStatus>?
    private(set) var resources: Answer<ClusterResources>?

    var errors: [ProxmoxError] { [version?.failure, status?.failure, resources?.failure].compactMap { $0 } }

    /// Asks all three at once.
    ///
    /// At half of the time it goes on without those that hang, so that nodes get the other half; but not before status or
    /// resources is there, since without them no node is known and waiting costs nothing.
    static func ask(_ client: ProxmoxClient, _ http: HTTPClient, by deadline: Deadline) async -> ClusterAnswers {
        let half = Deadline.after(seconds: deadline.remainingSeconds / 2)
        // Answers seldom come alone: whoever is a moment behind the first is still waited for.
        let momentSeconds = min(0.1, deadline.remainingSeconds / 20)
        return await withTaskGroup(of: Arrival.self) { group in
            group.addTask {
                .version(await answer { () async throws(ProxmoxError) in try await client.version(http: http, by: deadline) })
            }
            group.addTask {
                .status(await answer { () async throws(ProxmoxError) in try await client.clusterStatus(http: http, by: deadline) })
            }
            group.addTask {
                .resources(await answer { () async throws(ProxmoxError) in try await client.clusterResources(http: http, by: deadline) })
            }
            group.addTask { await impatience(at: half) }
            var answers = ClusterAnswers()
            var isLate = false
            for await arrival in group {
                switch arrival {
                case .version(let answer): answers.version = answer
                case .status(let answer): answers.status = answer
                case .resources(let answer): answers.resources = answer
                case .impatience where !isLate:
                    isLate = true
                    if answers.knowsNodes { group.addTask { await impatience(at: .after(seconds: 0)) } }
                    continue
                case .impatience:
                    answers.giveUpTheRest()
                }
                if answers.isComplete { break }
                if isLate, answers.knowsNodes { group.addTask { await impatience(at: .after(seconds: momentSeconds)) } }
            }
            group.cancelAll()
            return answers
        }
    }

    private var isComplete: Bool { version != nil && status != nil && resources != nil }

    private var knowsNodes: Bool { status?.value != nil || resources?.value != nil }

    private mutating func giveUpTheRest() {
        version = version ?? .failure(.late("/version"))
        status = status ?? .failure(.late("/cluster/status"))
        resources = resources ?? .failure(.late("/cluster/resources"))
    }

    private static func answer<Value: Sendable>(_ call: () async throws(ProxmoxError) -> Value) async -> Answer<Value> {
        do throws(ProxmoxError) { return .success(try await call()) } catch { return .failure(error) }
    }

    private static func impatience(at deadline: Deadline) async -> Arrival {
        await OneAnswer<Arrival>().value(by: deadline, late: .impatience)
    }

    /// Puts a failure in the place of a status that cannot be believed.
    mutating func distrustStatus(_ error: ProxmoxError) { status = .failure(error) }
}

extension Result where Success: Sendable, Failure == ProxmoxError {
    var value: Success? { try? get() }

    var failure: ProxmoxError? {
        if case .failure(let error) = self { return error }
        return nil
    }
}
