import ObjectStore
import Objects
package import Primitives
import ProviderRPC
import RPC
package import Reconciling

/// Brings images to the providers whose machines want them.
package struct ImageController: Reconciler {
    private let context: ControllerContext
    private let errands = ImageErrands()
    private let doubts = ImageDoubts()

    package init(_ context: ControllerContext) { self.context = context }

    package func controller(workers: Int = 16, logger: Logger = .silent) -> Controller {
        let controller = Controller(of: VMImage.self, self, workers: workers, logger: logger)
        let informers = context.informers
        controller.watch(informers.images) { old, new in old?.metadata.generation != new?.metadata.generation }
        informers.images.onChange { [journal = context.journal, doubts] old, new in
            guard let old, new?.metadata.uid != old.metadata.uid else { return }
            for provider in old.status.providerStatus.keys {
                journal.forget(target: "\(old.metadata.uid) \(provider)")
                doubts.forget(Informers.image(old.name.description, on: provider))
            }
        }
        // A machine that is new may want it where it is not yet.
        informers.machines.onChange { [queue = controller.queue] old, new in
            guard let new, old?.spec.imageRef != new.spec.imageRef, let reference = new.spec.imageRef else { return }
            queue.add(reference.objectName(in: new.metadata.namespace))
        }
        // One that could not be made for want of something may say that the image is there no more.
        informers.machines.onChange { [queue = controller.queue, doubts, journal = context.journal] old, new in
            guard let new, new.status.phase == .failed, old?.status.phase != .failed, let reference = new.spec.imageRef,
                journal.past(new.metadata.uid, .create)?.end.code == RPCCode.notFound.name
            else { return }
            doubts.note(Informers.image(reference.fullName(in: new.metadata.namespace), on: new.providerName))
            queue.add(reference.objectName(in: new.metadata.namespace))
        }
        @Sendable func look(_ provider: String) {
            for machine in informers.machinesByProvider.lookup(provider) {
                if let reference = machine.spec.imageRef { controller.queue.add(reference.objectName(in: machine.metadata.namespace)) }
            }
        }
        informers.providers.onChange { old, new in
            guard let new, old?.status.isHealthy != new.status.isHealthy else { return }
            look(new.fullName)
        }
        context.links.onConnect(look)
        return controller
    }

    package func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult {
        guard let image = context.informers.images.get(name), !image.metadata.isDeleting else { return .done }
        var work = ImageWork(image, context, errands, doubts)
        return work.judgedByConditions(try await work.run())
    }
}

/// One look at one image.
struct ImageWork: ObjectWork {
    var object: VMImage
    var status: VMImage.Status
    let context: ControllerContext
    private let errands: ImageErrands
    private let doubts: ImageDoubts
    /// After the last attempt.
    private static let restSeconds = 3600.0
    /// For so long the word of a provider counts that it has the image, though a machine could not be made there.
    static let trustSeconds = 60.0
    /// When it is to be looked at again, as something is under way.
    private var againSeconds: Double?

    init(_ image: VMImage, _ context: ControllerContext, _ errands: ImageErrands, _ doubts: ImageDoubts) {
        object = image
        self.errands = errands
        self.doubts = doubts
        status = image.status
        self.context = context
    }

    private var image: VMImage { object }
    var informer: Informer<VMImage> { context.informers.images }

    mutating func run() async throws(ReconcileError) -> ReconcileResult {
        if let problem = image.problems.summary {
            say(.isFalse, "ValidationError", problem)
            try await write()
            throw .terminal("\(image.name): \(problem)")
        }
        // Of the providers, which are few, and not of the machines.
        let wanted = context.informers.machinesByImageOnProvider
        let providers = context.informers.providers.list().map(\.fullName).filter { provider in
            wanted.count(of: Informers.image(image.name.description, on: provider)) > 0
        }
        try await look(at: Set(providers))
        return againSeconds.map { .after(seconds: $0) } ?? .done(againAfterSeconds: 600)
    }

    private struct Look: Sendable {
        let provider: String
        let work: ImageWork
        let error: ReconcileError?
    }

    /// All at a time, each written as it comes: one that does not answer keeps nobody else's machines waiting.
    private mutating func look(at providers: Set<String>) async throws(ReconcileError) {
        let start = self
        var problem: ReconcileError?
        await withTaskGroup(of: Look.self) { group in
            for provider in providers {
                group.addTask {
                    var work = start
                    do throws(ReconcileError) {
                        try await work.look(provider)
                        return Look(provider: provider, work: work, error: nil)
                    } catch { return Look(provider: provider, work: work, error: error) }
                }
            }
            for await look in group {
                status.providerStatus[look.provider] = look.work.status.providerStatus[look.provider]
                if let time = look.work.status.lastPrepareTime { status.lastPrepareTime = time }
                if let seconds = look.work.againSeconds { again(seconds) }
                problem = problem ?? look.error
                do throws(ReconcileError) { try await writeSum() } catch { problem = problem ?? error }
            }
        }
        try await writeSum()
        if let problem { throw problem }
    }

    /// How it is on one provider.
    private mutating func look(_ name: String) async throws(ReconcileError) {
        let (namespace, short) = Operation.parts(name)
        guard let connection = context.links[name], let provider = context.informers.providers.get(namespace, short) else { return }
        var entry = status.providerStatus[name] ?? VMImage.ProviderStatus()
        defer { if status.providerStatus[name] != entry { status.providerStatus[name] = entry } }
        switch ImageSource.need(image, of: provider.spec.type) {
        case .asItIs:
            (entry.isAvailable, entry.phase, entry.observedGeneration) = (true, .ready, image.metadata.generation)
        case .impossible(let why):
            (entry.isAvailable, entry.phase, entry.message) = (false, .failed, why)
        case .preparing(let wanted):
            if entry.isAvailable, entry.observedGeneration == image.metadata.generation, !isMissed(on: name) { return }
            try await prepare(wanted, connection, &entry)
        }
    }

    private mutating func prepare(
        _ wanted: ObjectValue, _ connection: ProviderConnection, _ entry: inout VMImage.ProviderStatus
    ) async throws(ReconcileError) {
        let line = Operation.line(image.operationTarget, .imagePrepare, connection.link.name)
        let digest = SHA256.hex(wanted.json)
        if journal.open(line) == nil {
            if image.spec.prepare.onMissing != .import {
                let word = image.spec.prepare.onMissing.rawValue
                (entry.isAvailable, entry.phase) = (false, image.spec.prepare.onMissing == .fail ? .failed : .pending)
                entry.message = "is not known to be there, and prepare.onMissing is \(word)"
                return
            }
            // A manager before this one died before it could say so.
            if let past = journal.past(line, .imagePrepare), past.end.outcome == .success,
                past.generation == image.metadata.generation, entry.observedGeneration != past.generation
            {
                (entry.isAvailable, entry.phase, entry.message) = (true, .ready, nil)
                (entry.id, entry.path, entry.observedGeneration) = (past.resultID, past.resultPath, past.generation)
                return
            }
            if let past = journal.past(line, .imagePrepare), past.failures > 0 {
                let isOver = past.failures > image.spec.prepare.retries
                let seconds = isOver ? max(0, Self.restSeconds - past.ageSeconds(now)) : past.waitSeconds(now)
                (entry.isAvailable, entry.phase, entry.attempts, entry.message) = (false, .failed, past.failures, past.end.message)
                if seconds > 0 { return again(seconds) }
            }
            // What it is made of stays in the image: headers of downloads have tokens in them.
            let parameters: ObjectValue = ["name": .text(image.metadata.name), "generation": .whole(image.metadata.generation)]
            _ = try await begin(.imagePrepare, parameters, digest: digest, at: connection.link.name, type: connection.link.type)
        }
        guard let operation = journal.open(line) else { return again(1) }
        if operation.taskID == nil, operation.requestDigest != digest, !errands.isOut(operation.uid) {
            _ = try await asking { () async throws(StoreError) in
                try await journal.end(
                    operation, .error, message: "what was asked for cannot be asked again: the image is described otherwise now")
            }
            return again(0.01)
        }
        let errand = await errands.run(operation.uid) { [driver] () async throws(StoreError) -> OperationProgress in
            try await driver.advance(operation, over: connection.link) { operation, client, options throws(RPCError) in
                let name = operation.parameters["name"]?.text ?? ""
                let request = ImagePrepareRequest(imageJSON: String(decoding: wanted.json, as: UTF8.self), targetName: name)
                let answer = try await client.imagePrepare(request, options)
                return .init(
                    taskID: answer.task?.id, resultID: answer.preparedImageID.unlessEmpty, resultPath: answer.preparedImagePath.unlessEmpty)
            }
        }
        entry.operation = operation.name
        guard let errand else {
            (entry.isAvailable, entry.phase) = (false, .importing)
            entry.message = "provider \(connection.link.name) has not answered yet"
            return again(2)
        }
        switch try await asking({ () async throws(StoreError) in try errand.get() }) {
        case .waiting(let seconds, let why):
            (entry.isAvailable, entry.phase, entry.message) = (false, .importing, why)
            again(seconds)
        case .ended(let ended) where ended.end?.outcome == .success:
            (entry.isAvailable, entry.phase, entry.message) = (true, .ready, nil)
            (entry.id, entry.path) = (ended.resultID, ended.resultPath)
            entry.observedGeneration = ended.generation
            // It has been described otherwise meanwhile.
            if ended.generation != image.metadata.generation { again(0.01) }
            entry.lastUpdated = Timestamp.text(now)
            status.lastPrepareTime = Timestamp.text(now)
        case .ended(let ended):
            (entry.isAvailable, entry.phase, entry.message) = (false, .failed, ended.end?.message)
            again(0.01)
        }
    }

    /// Whether a machine could not be made for want of something, since the provider said that it has the image: somebody may have removed it
    /// past the manager, and the provider is asked once more.
    private func isMissed(on provider: String) -> Bool {
        let place = Informers.image(image.name.description, on: provider)
        guard image.spec.prepare.onMissing == .import, doubts.contains(place) else { return false }
        let past = journal.past(Operation.line(image.operationTarget, .imagePrepare, provider), .imagePrepare)
        if let past, past.ageSeconds(now) < Self.trustSeconds { return false }
        doubts.forget(place)
        let isMissed = context.informers.machinesByImageOnProvider.lookup(place).contains { machine in
            guard machine.status.id == nil, let made = journal.past(machine.metadata.uid, .create) else { return false }
            return made.end.outcome == .failure && made.end.code == RPCCode.notFound.name && past.map { $0.heardAt < made.heardAt } ?? true
        }
        // Until it has been asked.
        if isMissed { doubts.note(place) }
        return isMissed
    }

    private mutating func again(_ seconds: Double) { againSeconds = min(againSeconds ?? seconds, seconds) }

    private mutating func writeSum() async throws(ReconcileError) {
        let entries = status.providerStatus
        status.availableOn = entries.filter { $0.value.isAvailable }.map(\.key).sorted()
        status.isReady = !status.availableOn.isEmpty
        let failed = entries.filter { $0.value.phase == .failed }
        status.phase = entries.isEmpty ? .pending : againSeconds != nil && failed.isEmpty ? .importing : failed.isEmpty ? .ready : .failed
        if let (name, entry) = failed.min(by: { $0.key < $1.key }) {
            say(.isFalse, "ProviderError", "\(name): \(entry.message ?? "")")
        } else if entries.isEmpty {
            say(.unknown, "WaitingForDependencies", "no machine wants it yet")
        } else if againSeconds != nil {
            say(.isFalse, "TaskInProgress", "")
        } else {
            mark(.ready, .isTrue, "ReconcileSuccess", "is where machines want it")
            status.message = nil
        }
        try await write()
    }

    private mutating func say(_ isReady: Condition.Status, _ reason: String, _ message: String) {
        status.message = message.isEmpty ? nil : message
        mark(.ready, isReady, reason, message)
    }
}
