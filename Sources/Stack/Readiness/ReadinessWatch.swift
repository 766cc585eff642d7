import Primitives
import Web

/// Asks the parts of the stack until all of them answer and Prometheus has reached every target.
struct ReadinessWatch {
    /// Somebody to ask.
    struct Subject: Sendable {
        var name: String
        var url: String
        var probe: Probe
        /// Where its output goes; nil for what runs in our process.
        var log: String?
        /// Whether Prometheus's targets belong to its state.
        var hasTargets = false
    }

    /// Who is asked, in the order of the answer.
    let subjects: [Subject]
    /// How many targets Prometheus has of the stack itself.
    let expectedTargets: Int
    /// How many more it must discover, at least, all of which answer; nil where nobody knows what there is.
    let simulatedTargets: Int?
    /// Asks.
    let client: HTTPClient
    /// What is known of a subject's process.
    let status: @Sendable (String) -> Supervisor.Status?
    /// Whether there is nothing left to wait for, because the stack is being stopped.
    let isStopping: @Sendable () -> Bool
    private var pauseSeconds: Double { 0.25 }

    /// The states when all are ready, when the deadline comes, or when the task is cancelled or the stack stopped.
    func wait(until deadline: Deadline) async -> [ServiceState] {
        var states: [ServiceState] = []
        while true {
            states = await look(at: states, within: deadline.remainingSeconds.clamped(to: 0.5...2))
            let isOver = deadline.remainingSeconds < pauseSeconds || Task.isCancelled || isStopping()
            if isOver || states.allSatisfy(\.isReady) { return states }
            try? await Task.sleep(for: .seconds(pauseSeconds))
        }
    }

    /// Asks all at once. Who was ready before and is still the same process is not asked again: a scrape is work.
    private func look(at earlier: [ServiceState], within seconds: Double) async -> [ServiceState] {
        await withTaskGroup(of: (Int, ServiceState).self) { group in
            for (index, subject) in subjects.enumerated() {
                let before = index < earlier.count ? earlier[index] : nil
                group.addTask { (index, await look(at: subject, before, by: .after(seconds: seconds))) }
            }
            var states = earlier.isEmpty ? subjects.map(unknown) : earlier
            for await (index, state) in group { states[index] = state }
            return states
        }
    }

    private func unknown(_ subject: Subject) -> ServiceState {
        ServiceState(name: subject.name, url: subject.url, isReady: false, state: "", processID: nil)
    }

    private func look(at subject: Subject, _ before: ServiceState?, by deadline: Deadline) async -> ServiceState {
        let status = status(subject.name)
        var state = unknown(subject)
        state.processID = status?.processID
        if let before, before.isReady, before.processID == state.processID { return before }
        guard let status, status.processID != nil else {
            state.state = "not running: \(status?.note ?? "not started")" + place(of: subject)
            return state
        }
        if let trouble = await trouble(subject.probe, by: deadline) {
            state.state = "not ready: \(trouble)" + place(of: subject)
        } else if subject.hasTargets {
            await judgeTargets(of: subject, &state, by: deadline)
        } else {
            state.isReady = true
            state.state = "ready"
        }
        return state
    }

    private func place(of subject: Subject) -> String { subject.log.map { "; its log is \($0)" } ?? "" }

    /// Why a probe is not answered as it should be; nil when it is.
    private func trouble(_ probe: Probe, by deadline: Deadline) async -> String? {
        do {
            let response = try await client.send(request(probe.url, by: deadline))
            return probe.wanted == .anyAnswer || response.status == 200 ? nil : "HTTP status \(response.status)"
        } catch {
            return error.message
        }
    }

    private func judgeTargets(of subject: Subject, _ state: inout ServiceState, by deadline: Deadline) async {
        do {
            let response = try await client.send(request("\(subject.url)/api/v1/targets?state=active", by: deadline))
            let health = try TargetHealth(parsing: response.body)
            state.isReady = health.isComplete(expected: expectedTargets, discovered: simulatedTargets)
            state.state = "ready, \(health.text(expected: expectedTargets + (simulatedTargets ?? 0)))"
        } catch {
            state.state = "ready, but its targets are unknown: \(error)" + place(of: subject)
        }
    }

    private func request(_ url: String, by deadline: Deadline) -> HTTPRequest {
        var request = HTTPRequest(url: url, deadline: deadline)
        // Only simulated services are asked over https, with certificates that they made themselves.
        request.trust = .insecure
        return request
    }
}
