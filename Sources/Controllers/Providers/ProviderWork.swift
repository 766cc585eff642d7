import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Reconciling

/// One look at one provider.
struct ProviderWork {
    private var provider: Provider
    private var status: Provider.Status
    private let context: ControllerContext
    private let health: HealthBook

    private static let capabilitySeconds = 600.0

    init(_ provider: Provider, _ context: ControllerContext, _ health: HealthBook) {
        self.provider = provider
        status = provider.status
        self.context = context
        self.health = health
    }

    private var name: String { provider.fullName }
    private var machines: Int { context.informers.machinesByProvider.count(of: name) }

    mutating func run() async throws(ReconcileError) -> ReconcileResult {
        if provider.metadata.isDeleting, try await hasGone() { return .done }
        let problems = provider.problems
        guard problems.isEmpty else {
            let message = problems.prefix(5).map(\.description).joined(separator: "; ")
            try await refuse("ValidationError", message)
            throw .terminal("\(name): \(message)")
        }
        try await keepFinalizer()
        let recipe: ProviderRecipe
        switch ProviderRecipe.of(provider, context.informers.secrets) {
        case .success(let value): recipe = value
        case .failure(let problem):
            try await refuse(problem.reason, problem.message)
            return .after(seconds: 30)
        }
        let connection: ProviderConnection
        do throws(Failure) {
            connection = try context.links.connection(recipe)
        } catch {
            try await refuse("ValidationError", error.message)
            throw .terminal("\(name): \(error.message)")
        }
        context.journal.begin(provider: name, type: recipe.type)
        context.addresses.begin(type: recipe.type)
        status.runtime.endpoint = recipe.endpoint
        status.connectedVMs = machines
        guard provider.spec.healthCheck.isEnabled else {
            note(.unknown, "HealthCheckDisabled", "spec.healthCheck.enabled is false")
            try await write()
            return .done(againAfterSeconds: 300)
        }
        return try await check(connection)
    }

    // MARK: health

    private mutating func check(_ connection: ProviderConnection) async throws(ReconcileError) -> ReconcileResult {
        let settings = provider.spec.healthCheck
        let problem: Problem?
        switch await ask(connection, seconds: settings.timeoutSeconds) {
        case .answered(let said): problem = said
        // It says nothing of the provider.
        case .notAsked(let seconds): return .after(seconds: seconds)
        }
        let (good, bad) = health.update(name) { entry in
            (entry.good, entry.bad) = problem == nil ? (entry.good + 1, 0) : (0, entry.bad + 1)
            return (entry.good, entry.bad)
        }
        status.lastHealthCheck = Timestamp.text(context.clock.unixSeconds)
        if let problem {
            if bad >= settings.failureThreshold || status.isHealthy != true {
                note(.isFalse, problem.reason, problem.message)
                if problem.isUnanswered { connection.link.openBreaker() }
            }
        } else {
            await learn(connection)
            if good >= settings.successThreshold { note(.isTrue, "ReconcileSuccess", "") }
        }
        try await write()
        // Whoever does not answer is looked at sooner, so that it is soon known when it is back.
        let seconds = problem == nil ? settings.intervalSeconds : min(settings.intervalSeconds, 5)
        return problem == nil ? .done(againAfterSeconds: seconds * Double.random(in: 0.9...1)) : .after(seconds: seconds)
    }

    private struct Problem {
        let reason: String
        let message: String
        let isUnanswered: Bool
    }

    private enum Answer {
        case answered(Problem?)
        case notAsked(afterSeconds: Double)
    }

    private func ask(_ connection: ProviderConnection, seconds: Double) async -> Answer {
        do throws(LinkError) {
            let answer = try await connection.link.call(.validate, seconds: seconds, isTrial: true) { client, options throws(RPCError) in
                try await client.validate(ValidateRequest(), options)
            }
            guard !answer.ok else { return .answered(nil) }
            // It answers well, and says that nothing can be done: no code tells that.
            context.links.counts.count(.connectionFailed)
            let message = answer.message.isEmpty ? "the provider says that its hypervisor cannot be worked with" : answer.message
            return .answered(Problem(reason: "HypervisorUnavailable", message: message, isUnanswered: false))
        } catch {
            if case .notAsked(let seconds, _) = error { return .notAsked(afterSeconds: seconds) }
            return .answered(Problem(reason: Self.reason(error), message: error.description, isUnanswered: error.isUnanswered))
        }
    }

    private static func reason(_ error: LinkError) -> String {
        let message = error.description.lowercased()
        // Code and message are all that gRPC says of a handshake.
        if error.code == .unavailable, ["certificate", "handshake", "ssl", "tls"].contains(where: message.contains) {
            return "CertificateError"
        }
        return ErrorReason(error.code)?.rawValue ?? "ProviderError"
    }

    /// What it can do.
    private mutating func learn(_ connection: ProviderConnection) async {
        let identity = ObjectIdentifier(connection)
        let isDue = health.update(name) { entry in
            guard entry.connection == identity, let at = entry.capabilitiesAt else { return true }
            return (ContinuousClock.now - at).seconds > Self.capabilitySeconds
        }
        guard isDue else { return }
        let answer: GetCapabilitiesResponse
        do throws(LinkError) {
            answer = try await connection.link.call(.getCapabilities) { client, options throws(RPCError) in
                try await client.getCapabilities(GetCapabilitiesRequest(), options)
            }
        } catch { return }
        health.update(name) { ($0.connection, $0.capabilitiesAt) = (identity, .now) }
        connection.capabilities = answer
        context.links.tellConnected(name)
        let flags: [(String, Bool)] = [
            ("supportsReconfigureOnline", answer.supportsReconfigureOnline),
            ("supportsDiskExpansionOnline", answer.supportsDiskExpansionOnline),
            ("supportsSnapshots", answer.supportsSnapshots), ("supportsMemorySnapshots", answer.supportsMemorySnapshots),
            ("supportsLinkedClones", answer.supportsLinkedClones), ("supportsImageImport", answer.supportsImageImport),
            ("supportsDiskExport", answer.supportsDiskExport), ("supportsDiskImport", answer.supportsDiskImport),
        ]
        status.capabilities = flags.filter(\.1).map { String($0.0.dropFirst("supports".count)) }
        status.reportedCapabilities = .init(.members(ObjectMembers(flags.map { ($0.0, .flag($0.1)) })))
    }

    // MARK: the object

    private mutating func note(_ value: Condition.Status, _ reason: String, _ message: String) {
        status.isHealthy = value == .unknown ? nil : value == .isTrue
        status.runtime.phase = value == .isFalse ? .failed : .running
        status.message = message.isEmpty ? nil : message
        set("Healthy", value, reason, message)
        set("Ready", value == .unknown ? .isTrue : value, reason, message)
    }

    private mutating func set(_ type: String, _ value: Condition.Status, _ reason: String, _ message: String) {
        var all = status.conditions
        all.set(
            type, value, reason: reason, message: String(message.prefix(1000)), observedGeneration: provider.metadata.generation,
            now: Timestamp.text(context.clock.unixSeconds))
        status.conditions = all
    }

    /// It cannot be asked as it is written.
    private mutating func refuse(_ reason: String, _ message: String) async throws(ReconcileError) {
        context.links.remove(name)
        note(.isFalse, reason, message)
        try await write()
    }

    private mutating func write() async throws(ReconcileError) {
        status.observedGeneration = provider.metadata.generation
        guard status.value != provider.status.value else { return }
        var object = provider.object
        object.status = status.value
        provider = try await asking { () async throws(StoreError) in try await context.informers.providers.update(object, .status) }
        status = provider.status
    }

    private mutating func keepFinalizer() async throws(ReconcileError) {
        guard !provider.metadata.isDeleting, !provider.metadata.finalizers.contains(ProviderController.finalizer) else { return }
        var object = provider.object
        object.metadata.finalizers.append(ProviderController.finalizer)
        provider = try await asking { () async throws(StoreError) in try await context.informers.providers.update(object) }
        status = provider.status
    }

    /// A provider goes when it has no machines any more: without it nobody could delete them.
    private mutating func hasGone() async throws(ReconcileError) -> Bool {
        let left = machines
        guard left == 0 || provider.metadata.annotations[MachineWork.forceAnnotation] == "true" else {
            set("Deleting", .isTrue, "WaitingForDependencies", "\(left) VirtualMachines name it; it goes when they have gone")
            return false
        }
        var object = provider.object
        object.metadata.finalizers.removeAll { $0 == ProviderController.finalizer }
        do throws(StoreError) {
            _ = try await context.informers.providers.update(object)
        } catch {
            guard error.reason == .notFound else { throw ReconcileError(error) }
        }
        context.links.remove(name)
        return true
    }
}
