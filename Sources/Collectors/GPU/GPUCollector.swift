package import Exporting
package import Metrics
package import Ownership
import Primitives
import Synchronization

/// Collects the NVIDIA cards of this machine: a helper process reads them all the time, and a scrape shows what it said last.
package final class GPUCollector: Collector {
    package let name = "gpu"
    private let families = GPUFamilies()
    private let settings: GPUSettings
    private let resolver: OwnerResolver
    private let engine: ContainerEngine?
    private let supervisor: Mutex<ReaderSupervisor>
    /// Whether nothing is done before there is something to read.
    private let waitsForCards: Bool
    private let sight: Mutex<Sight>

    /// What was seen of the machine last.
    private struct Sight {
        var presence = GPUPresence()
        var isAwake: Bool
    }

    /// How old a sample may become, in intervals, and in seconds at least.
    private static let intervalsKept = 3.0
    private static let secondsKept = 60.0
    /// The part of what is of no card.
    static let part = "nvml"
    /// Between two looks at what is in the machine.
    private static let lookSeconds = 10.0

    /// - Parameter engine: what knows the names of containers, shared with who collects those.
    /// - Parameter waitsForCards: for a machine that may have cards or not, and whose driver may come later.
    package convenience init(
        _ settings: GPUSettings, finder: OwnerFinder, engine: ContainerEngine? = nil, fileSystemRoot: String = "",
        waitsForCards: Bool = false
    ) {
        self.init(
            settings, finder: finder, engine: engine, waitsForCards: waitsForCards,
            supervisor: ReaderSupervisor(Self.options(settings, fileSystemRoot: fileSystemRoot)))
    }

    init(
        _ settings: GPUSettings, finder: OwnerFinder, engine: ContainerEngine? = nil, waitsForCards: Bool = false,
        supervisor: ReaderSupervisor
    ) {
        self.settings = settings
        self.engine = engine
        self.waitsForCards = waitsForCards
        resolver = OwnerResolver(finder)
        sight = Mutex(Sight(isAwake: !waitsForCards))
        self.supervisor = Mutex(supervisor)
    }

    package var catalogue: Catalogue { families.catalogue }

    /// Whether NVIDIA's driver is loaded now, or another library is named.
    package static func isThere(_ settings: GPUSettings, fileSystemRoot: String) -> Bool {
        settings.library != nil || Files.exists(fileSystemRoot + "/proc/driver/nvidia/version")
    }

    /// How the helper is started: this very program, also when another has taken its place on the disk.
    static func options(_ settings: GPUSettings, fileSystemRoot: String = "") -> ReaderSupervisor.Options {
        var arguments = [NVMLReader.command, "--interval", String(settings.intervalSeconds)]
        if !fileSystemRoot.isEmpty { arguments += ["--root", fileSystemRoot] }
        if let library = settings.library { arguments += ["--library", library] }
        // None of our own variables, which may hold credentials.
        let wanted = ProcessEnvironment.all.filter { name, _ in
            ["PATH", "LD_LIBRARY_PATH", "TZ", "LANG", "MARTLET_SIMULATED_GPU"].contains(name) || name.hasPrefix("NVIDIA_")
                || name.hasPrefix("CUDA_")
        }
        return ReaderSupervisor.Options(
            program: "/proc/self/exe", arguments: arguments, environment: wanted, stuckAfterSeconds: settings.stuckAfterSeconds,
            silenceSeconds: settings.stuckAfterSeconds + intervalsKept * settings.intervalSeconds)
    }

    // MARK: between scrapes

    package func run(_ context: CollectionContext) async {
        let root = context.fileSystemRoot
        while !look(root) {
            guard !Task.isCancelled else { return }
            try? await Task.sleep(for: .seconds(Self.lookSeconds))
        }
        let supervisor = supervisor.withLock { $0 }
        supervisor.hold(context.logger)
        do throws(Failure) {
            try resolver.start(supervisor.book)
        } catch {
            context.logger.error("owners of GPU processes cannot be found", ["reason": error.message])
        }
        // Both return when they are cancelled.
        async let watching: Void = watch(root)
        if let engine { await engine.run(context.http, context.logger) }
        await watching
        resolver.stop()
        supervisor.release()
    }

    private func watch(_ root: String) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(Self.lookSeconds))
            _ = look(root)
        }
    }

    /// Whether there is, or was, something to read.
    private func look(_ root: String) -> Bool {
        let presence = GPUPresence(fileSystemRoot: root)
        return sight.withLock { sight in
            sight.presence = presence
            if presence.isThere || settings.library != nil { sight.isAwake = true }
            return sight.isAwake
        }
    }

    /// The helper goes on where it is the same; what is known of the cards stays in any case.
    package func follow(_ other: any Collector) {
        guard let other = other as? GPUCollector else { return }
        let earlier = other.supervisor.withLock { $0 }
        supervisor.withLock { current in
            current = current.options == earlier.options ? earlier : ReaderSupervisor(current.options, book: earlier.book)
        }
    }

    // MARK: scrape

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        guard sight.withLock({ $0 }).isAwake else { return }
        draw(supervisor.withLock { $0 }.book.view, now: .now, into: sink)
    }

    /// What a scrape shows of the cards as they are known.
    func draw(_ view: CardBook.View, now: ContinuousClock.Instant, into sink: SampleSink) {
        let sight = sight.withLock { $0 }
        let age = max(Self.secondsKept, Self.intervalsKept * settings.intervalSeconds)
        var buffer = sink.begin(Self.part)
        let states = view.cards.map { $0.state(view.reader, now: now, maximumAgeSeconds: age) }
        let isStuck = states.contains(.stuck) || view.reader.isStuck(now: now)
        families.reader.write(view.reader, sight.presence, isStuck: isStuck, into: &buffer)
        if settings.names != .compatible, view.reader.code == .success, let hello = view.reader.hello {
            families.card.write(devices: hello.count, into: &buffer)
        }
        if settings.names != .native, view.reader.isUp, let hello = view.reader.hello {
            families.compatible.write(count: hello.count, into: &buffer)
        }
        let names = OwnerKey.distinctNames(
            view.cards.flatMap { card in
                let processes = settings.isPerProcess ? card.sample.processes ?? [] : []
                return card.owners.map { OwnerFamilies.shown($0.usage, processes) } ?? []
            })
        if settings.names != .compatible { families.owner.write(names, into: &buffer) }
        sink.commit(buffer)
        report(view, sight.presence, sink)
        for (card, state) in zip(view.cards, states) {
            write(card, state, view.reader, names: names, now: now, maximumAgeSeconds: age, sink)
        }
    }

    private func report(_ view: CardBook.View, _ presence: GPUPresence, _ sink: SampleSink) {
        guard let code = view.reader.code, code != .success else { return }
        // No library where there is nothing to read is no fault.
        if code == .libraryNotFound, !presence.isThere, settings.library == nil { return }
        let reason = view.reader.reason.isEmpty ? code.description : view.reader.reason
        sink.report(PartProblem(part: Self.part, .failed, "NVML does not work: \(reason)"))
    }

    private func write(
        _ card: CardBook.Card, _ state: CardBook.CardState, _ reader: CardBook.Reader, names: [OwnerKey: String],
        now: ContinuousClock.Instant, maximumAgeSeconds: Double, _ sink: SampleSink
    ) {
        let identity = card.identity
        var buffer = sink.begin(identity.uuid)
        let ageSeconds = (now - card.takenAt).seconds
        if card.hasAnswered { families.reader.write(ageSeconds: ageSeconds, of: identity.uuid, into: &buffer) }
        // What is old, or of a driver that is gone, is not true any more.
        let isShown = ageSeconds <= maximumAgeSeconds && [.ok, .stuck].contains(state)
        let labels = buffer.labels(FactTable.labels, identity.uuid, String(identity.index))
        if settings.names != .compatible {
            families.card.write(card, state, reader.hello, labels, into: &buffer)
        }
        if isShown { write(card, names: names, now: now, maximumAgeSeconds: maximumAgeSeconds, labels, into: &buffer) }
        sink.commit(buffer)
        if isShown, let owners = card.owners, (now - owners.takenAt).seconds > maximumAgeSeconds {
            sink.report(
                PartProblem(
                    part: identity.uuid, .deadline, "who works on the card is not known any more: a file in /proc or /etc/pve hangs"))
        }
        guard state != .ok else { return }
        let reason: PartProblem.Reason = state == .stuck ? .quarantined : .failed
        let detail = state == .stuck ? card.stuck.map { "call \($0.call) hangs" } ?? "a call hangs" : "the card is \(state.rawValue)"
        sink.report(PartProblem(part: identity.uuid, reason, detail))
    }

    private func write(
        _ card: CardBook.Card, names: [OwnerKey: String], now: ContinuousClock.Instant, maximumAgeSeconds: Double, _ labels: LabelSet,
        into buffer: inout SampleBuffer
    ) {
        if settings.names != .native { families.compatible.write(card.sample, card.identity, into: &buffer) }
        guard settings.names != .compatible else { return }
        families.facts.write(card.sample.facts, labels, into: &buffer)
        families.ecc.write(card.sample, into: &buffer)
        families.mig.write(card.sample, into: &buffer)
        let usage = card.owners.flatMap { (now - $0.takenAt).seconds <= maximumAgeSeconds ? $0.usage : nil }
        if let usage, usage.isWhole, card.sample.processes != nil || card.sample.vgpus?.isEmpty == false {
            families.owner.write(usage, card.identity, names: names, labels, into: &buffer)
        }
        if let processes = card.sample.processes {
            if settings.isPerProcess { families.owner.write(processes, usage, card.identity, names: names, into: &buffer) }
        }
        families.vgpu.write(card.sample, card.owners?.usage.guests ?? [:], labels, into: &buffer)
    }
}
