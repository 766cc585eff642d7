import Glibc
package import Primitives
import Synchronization
import Web

/// The whole of monitoring on one machine: Prometheus, Alertmanager and node_exporter as child processes beside our exporter.
///
/// Call `prepare`, start what runs in this process, then `start`, `waitUntilReady`, and `stop` at the end. No child outlives this
/// process, however it ends.
package final class Stack: Sendable {
    private enum Phase {
        case new
        case preparing
        case prepared(Preparation.Prepared)
        case running(Preparation.Prepared, Supervisor)
        case stopped
    }

    private let plan: StackPlan
    private let logger: Logger
    private let phase = Mutex(Phase.new)

    /// Does nothing yet.
    package init(plan: StackPlan, logger: Logger) {
        self.plan = plan
        self.logger = logger
    }

    /// Checks everything that can fail, takes the state directory, ends what an earlier run left, and writes the configuration.
    ///
    /// Starts nothing that lasts. Errors: one line with the remedy: a missing program and its package, a busy port and its flag,
    /// a state directory in use or of a newer format, a configuration that promtool or amtool refuses.
    package func prepare() async throws(Failure) {
        let mayBegin = phase.withLock { phase in
            guard case .new = phase else { return false }
            phase = .preparing
            return true
        }
        guard mayBegin else { throw Failure(.unavailable, "the stack was prepared before, or has been stopped") }
        let preparation = Preparation(plan: plan, logger: logger)
        let result: Result<Preparation.Prepared, Failure> = await withCheckedContinuation { continuation in
            do throws(Failure) {
                try Thread.start("stack-prepare") {
                    continuation.resume(returning: Result { () throws(Failure) in try preparation.run() })
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        try phase.withLock { (phase) throws(Failure) in
            guard case .preparing = phase else { throw Failure(.unavailable, "the stack was stopped while it was being prepared") }
            if case .success(let prepared) = result { phase = .prepared(prepared) } else { phase = .new }
        }
        _ = try result.get()
    }

    /// Starts the children in order: simulators, providers of machines, exporters and the manager, Alertmanager, Prometheus.
    ///
    /// From then on a child that ends is started again, after a pause that grows from 0.5 s to 30 s. Errors: a program that cannot
    /// be started; what ran until then is stopped.
    package func start() async throws(Failure) {
        let (prepared, supervisor) = try phase.withLock { (phase) throws(Failure) in
            guard case .prepared(let prepared) = phase else {
                throw Failure(.unavailable, "the stack is not prepared, was started before, or has been stopped")
            }
            let supervisor = try Supervisor(paths: prepared.paths, logger: logger)
            phase = .running(prepared, supervisor)
            return (prepared, supervisor)
        }
        do {
            try await supervisor.start(prepared.services)
        } catch {
            await stop(withinSeconds: 5)
            throw error
        }
    }

    /// Ends the children in order: Prometheus, Alertmanager, exporters and the manager, providers of machines, simulators. SIGTERM first, SIGKILL when a child's share of
    /// the time is over; then gives the state directory free. May be called at any time and more than once.
    package func stop(withinSeconds seconds: Double) async {
        let running: (Preparation.Prepared, Supervisor)? = phase.withLock { phase in
            if case .running(let prepared, let supervisor) = phase { return (prepared, supervisor) }
            phase = .stopped
            return nil
        }
        await running?.1.stop(withinSeconds: seconds)
        // While the state directory is still ours, and whoever else holds what was prepared.
        for folder in running?.0.socketFolders ?? [] { folder.remove() }
        phase.withLock { $0 = .stopped }
    }

    /// Waits until every service answers and Prometheus has reached all its targets, our exporter included.
    ///
    /// Returns the state of each part, at the latest when the time is over, the task cancelled or the stack stopped; what is not ready
    /// says why and where its log is.
    package func waitUntilReady(withinSeconds seconds: Double) async -> [ServiceState] {
        let running: (Preparation.Prepared, Supervisor)? = phase.withLock { phase in
            if case .running(let prepared, let supervisor) = phase { (prepared, supervisor) } else { nil }
        }
        guard let (prepared, supervisor) = running else { return [] }
        var own = [("exporter", plan.exporter), ("discovery", plan.discovery)].map { name, place in
            ReadinessWatch.Subject(name: name, url: place.address.url(), probe: Probe(url: "\(place.address.url())/ready"))
        }
        // In front, as people want to see it first. It may ask for a password.
        if let url = plan.dashboards?.address.url(scheme: plan.dashboardsScheme) {
            let probe = Probe(url: "\(url)/ready", wanted: .anyAnswer)
            own.insert(ReadinessWatch.Subject(name: "dashboards", url: url, probe: probe), at: 0)
        }
        let subjects =
            own
            + prepared.services.reversed().map { service in
                ReadinessWatch.Subject(
                    name: service.name, url: service.url, probe: service.probe, log: prepared.paths.log(service.name),
                    hasTargets: service.stage == .prometheus)
            }
        do {
            let client = try HTTPClient()
            defer { client.close() }
            let ownNames = own.map(\.name)
            // Prometheus itself, Alertmanager, exporter, discovery and dashboards, this host, and the simulated ones with cards and with libvirt; the
            // manager and its providers. A simulated estate is all there; in a real one, who knows in how many guests there is an exporter.
            let others = [
                plan.dashboards != nil && plan.hasOpenDashboards, plan.simulation?.cards != nil, plan.simulation?.hypervisor != nil,
            ].count { $0 }
            let watch = ReadinessWatch(
                subjects: subjects, expectedTargets: 5 + others + (plan.manager.map { 1 + $0.providers.count } ?? 0),
                simulatedTargets: plan.simulation.map { $0.nodeNames.count + ($0.guests > 0 ? 1 : 0) },
                client: client,
                status: { ownNames.contains($0) ? Supervisor.Status(processID: getpid()) : supervisor.status[$0] },
                isStopping: { supervisor.isStopping })
            return await watch.wait(until: .after(seconds: seconds))
        } catch {
            return subjects.map { ServiceState(name: $0.name, url: $0.url, isReady: false, state: "\(error)", processID: nil) }
        }
    }
}
