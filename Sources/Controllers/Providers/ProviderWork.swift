import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Reconciling

/// One look at one provider.
struct ProviderWork: ObjectWork {
    var object: Provider
    var status: Provider.Status
    let context: ControllerContext
    private let health: HealthBook

    private static let capabilitySeconds = 600.0

    init(_ provider: Provider, _ context: ControllerContext, _ health: HealthBook) {
        object = provider
        status = provider.status
        self.context = context
        self.health = health
    }

    private var provider: Provider { object }
    var informer: Informer<Provider> { context.informers.providers }
    private var name: String { provider.fullName }
    private var machines: Int { context.informers.machinesByProvider.count(of: name) }

    mutating func run() async throws(ReconcileError) -> ReconcileResult {
        if isDeleting, try await hasGone() { return .done }
        if let problem = provider.problems.summary {
            try await refuse("ValidationError", problem)
            throw .terminal("\(name): \(problem)")
        }
        if !isDeleting { try await keep(ProviderController.finalizer) }
        let recipe: ProviderRecipe
        switch ProviderRecipe.of(provider, context.informers.secrets) {
        case .success(let value): recipe = value
        case .failure(let problem):
            try await refuse(problem.reason, problem.message, keepsLink: problem.isOfSecret && isLinkOfObject)
            return .after(seconds: Waiting.toldSeconds)
        }
        let connection: ProviderConnection
        do throws(Failure) {
            connection = try context.links.connection(recipe)
        } catch {
            guard recipe.certificates != nil, error.message.contains("certificate") else {
                try await refuse("ValidationError", error.message)
                throw .terminal("\(name): \(error.message)")
            }
            context.links.counts.count(.certificateError)
            try await refuse(ErrorReason.certificateError.rawValue, error.message, keepsLink: isLinkOfObject)
            // One that is not valid yet will be.
            return .after(seconds: 30)
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
        status.lastHealthCheck = Timestamp.text(now)
        if let problem {
            if bad >= settings.failureThreshold || status.isHealthy != true {
                note(.isFalse, problem.reason, problem.message)
                if problem.isUnanswered { connection.link.openBreaker() }
            }
        } else {
            await learn(connection)
            if good >= settings.successThreshold { note(.isTrue, "ReconcileSuccess", "") }
        }
        if let problem = connection.machines.problem {
            mark(.error, .isTrue, "ProviderError", problem)
        } else {
            unmark(.error)
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
        guard case .failed(let error) = error else { return "ProviderError" }
        return error.reason?.rawValue ?? "ProviderError"
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
            ("supportsExportCompression", answer.supportsExportCompression), ("supportsClustering", answer.supportsClustering),
        ]
        let lists = [
            ("supportedDiskTypes", answer.supportedDiskTypes), ("supportedNetworkTypes", answer.supportedNetworkTypes),
            ("supportedExportFormats", answer.supportedExportFormats), ("supportedImportFormats", answer.supportedImportFormats),
        ]
        status.capabilities = flags.filter(\.1).map { String($0.0.dropFirst("supports".count)) }
        let said = flags.map { ($0.0, ObjectValue.flag($0.1)) } + lists.filter { !$0.1.isEmpty }.map { ($0.0, Self.names($0.1)) }
        status.reportedCapabilities = .init(.members(ObjectMembers(said)))
    }

    /// As many as a status may have.
    private static func names(_ all: [String]) -> ObjectValue { .list(all.prefix(64).map { .text(String($0.unicodeScalars.prefix(64))) }) }

    // MARK: the object

    private mutating func note(_ value: Condition.Status, _ reason: String, _ message: String) {
        status.isHealthy = value == .unknown ? nil : value == .isTrue
        status.runtime.phase = value == .isFalse ? .failed : .running
        status.message = message.isEmpty ? nil : message
        let text = message.unlessEmpty ?? "answers, and its hypervisor can be worked with"
        mark(.healthy, value, reason, text)
        mark(.ready, value == .unknown ? .isTrue : value, reason, text)
    }

    /// Whether the way that there is leads where the object says.
    private var isLinkOfObject: Bool {
        guard let recipe = context.links[name]?.recipe else { return false }
        return recipe.endpoint == provider.spec.endpoint && recipe.type == provider.spec.type
    }

    /// It cannot be asked as it is written.
    /// - Parameter keepsLink: as only its Secret is not there or not well, which may have gone before what is still to be deleted.
    private mutating func refuse(_ reason: String, _ message: String, keepsLink: Bool = false) async throws(ReconcileError) {
        if !keepsLink { context.links.remove(name) }
        note(.isFalse, reason, message)
        try await write()
    }

    /// A provider goes when it has no machines any more: without it nobody could delete them.
    private mutating func hasGone() async throws(ReconcileError) -> Bool {
        let left = machines
        guard left == 0 || isForced else {
            mark(.deleting, .isTrue, "WaitingForDependencies", "\(left) VirtualMachines name it; it goes when they have gone")
            return false
        }
        try await release(ProviderController.finalizer)
        context.links.remove(name)
        return true
    }
}
