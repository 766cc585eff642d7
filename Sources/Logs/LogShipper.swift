import Glibc
import Ownership
import Primitives
import Synchronization
import Web

/// Sources, queue and sender of one set of settings.
final class LogShipper: Sendable {
    private let settings: LogsSettings
    private let loki: LokiSettings
    private let engine: ContainerEngine?
    private let store: PlaceStore
    private let tally: LogsTally
    private let logger: Logger
    private let http: HTTPClient
    private let queue: LogQueue
    let streams: StreamTable
    private let halt = Halt()
    private let ended = OneAnswer<Void>()
    private let isBegun = Mutex(false)

    init(
        _ settings: LogsSettings, _ loki: LokiSettings, engine: ContainerEngine?, store: PlaceStore, tally: LogsTally, http: HTTPClient,
        logger: Logger
    ) {
        self.settings = settings
        self.loki = loki
        self.engine = engine
        self.store = store
        self.tally = tally
        self.http = http
        self.logger = logger
        queue = LogQueue(limit: settings.queueBytes)
        streams = StreamTable(labels: settings.labels, limit: settings.streamLimit)
    }

    var queueBytes: Int { queue.bytes }
    var queueLimit: Int { queue.limit }
    /// When the oldest line was written that waits, in nanoseconds since 1970.
    var oldest: Int64? { queue.oldest }

    /// Ships until the task is cancelled, or `stop` is called, once the shipper before has ended.
    func run() async {
        isBegun.withLock { $0 = true }
        // Whoever is cancelled must not take the push along that is on its way: Loki may have stored it.
        await withTaskCancellationHandler {
            let work = Task.detached { [self] in
                _ = await store.turn.withPermit(by: .after(seconds: 1e9)) { await ship() }
            }
            await work.value
        } onCancel: {
            end()
        }
        ended.give(())
    }

    /// Ends the sources, lets a push on its way end, and comes back then, or at the deadline.
    func stop(by deadline: Deadline) async {
        guard isBegun.withLock({ $0 }) else { return }
        end()
        await ended.value(by: deadline, late: ())
    }

    private func end() {
        halt.raise()
        queue.close()
    }

    private func ship() async {
        guard !halt.isRaised else { return }
        let client = PushClient(settings: loki, http: http)
        let sender = Sender(
            queue: queue, push: { await client.push($0) }, save: { [store] (places) async throws(Failure) in try await store.save(places) },
            halt: halt, tally: tally, logger: logger, batchBytes: settings.batchBytes, batchSeconds: settings.batchSeconds)
        let places = store.places
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await sender.run() }
            if settings.journal.isEnabled {
                let journal = journalSource()
                group.addTask { await journal.run(from: places.journal) }
            }
            if let engine {
                let containers = ContainerSource(
                    engine, store: store, maxAgeSeconds: settings.maxAgeSeconds, queue: queue, table: streams, halt: halt, tally: tally,
                    logger: logger, lineBytes: settings.lineBytes)
                group.addTask { [http] in await containers.run(http) }
            }
        }
    }

    private func journalSource() -> JournalSource {
        let (streams, lineBytes, leavesContainers) = (streams, settings.lineBytes, settings.hasContainers)
        // As the kernel names the process, and with it journald.
        let ownCommand = (try? Files.readLine("/proc/self/comm")) ?? ""
        return JournalSource(
            settings.journal, maxAgeSeconds: settings.maxAgeSeconds, queue: queue, halt: halt, tally: tally, logger: logger
        ) {
            JournalReading(
                streams: streams, lineBytes: lineBytes, ownPID: getpid(), ownCommand: ownCommand, leavesContainers: leavesContainers)
        }
    }
}
