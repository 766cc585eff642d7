package import Exporting
package import Metrics
import Primitives

/// Collects what this machine's ZFS tells: the kernel's statistics at the scrape, the word of `zpool` on a slow timer.
package struct ZFSCollector: Collector {
    package let name = "zfs"
    private let families = ZFSFamilies()
    private let settings: ZFSSettings
    private let reports: PoolReports
    private let readers = PartReaders(threadName: "zfs-kstat")

    /// Pools of one machine that are read.
    private static let poolLimit = 100
    /// How old an answer of `zpool` may become, in periods.
    private static let periodsKept = 3.0

    private let datasetLimit: Int

    /// - Parameter reports: what is known from before.
    package init(_ settings: ZFSSettings, reports: PoolReports = PoolReports()) {
        self.init(settings, reports: reports, datasetLimit: PoolReading.datasetLimit)
    }

    init(_ settings: ZFSSettings, reports: PoolReports = PoolReports(), datasetLimit: Int) {
        self.settings = settings
        self.reports = reports
        self.datasetLimit = datasetLimit
    }

    package var catalogue: Catalogue { families.catalogue }

    /// Whether the kernel has ZFS now.
    package static func isThere(fileSystemRoot: String) -> Bool { Files.exists(fileSystemRoot + KstatFolder.place) }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        guard Self.isThere(fileSystemRoot: context.fileSystemRoot) else { return }
        let view = reports.view(maximumAgeSeconds: settings.intervalSeconds * Self.periodsKept)
        let pools = pools(context, sink)
        await withDiscardingTaskGroup { group in
            group.addTask {
                let reading = SystemReading(families: families, reports: view, sink: sink, context: context)
                await read(SystemReading.part, sink, context) { reading.run($0) }
            }
            for pool in pools {
                group.addTask {
                    let reading = PoolReading(
                        pool: pool, datasetLimit: datasetLimit, families: families, reports: view, sink: sink, context: context)
                    await read(reading.part, sink, context) { reading.run($0) }
                }
            }
        }
    }

    /// The folders beside the files, sorted.
    private func pools(_ context: CollectionContext, _ sink: SampleSink) -> [String] {
        let place = context.fileSystemRoot + KstatFolder.place
        let names = (Files.names(in: place, limit: 10_000) ?? []).filter { Files.exists("\(place)/\($0)/.") }.sorted()
        if names.count > Self.poolLimit {
            sink.report(PartProblem(part: SystemReading.part, .tooLarge, "more than \(Self.poolLimit) pools; the others are left out"))
        }
        return Array(names.prefix(Self.poolLimit))
    }

    private func read(
        _ part: String, _ sink: SampleSink, _ context: CollectionContext, _ body: @escaping @Sendable (consuming SampleBuffer) -> Void
    ) async {
        let end = await readers.read(part, by: context.deadline) { body(sink.begin(part)) }
        switch end {
        case .done: break
        case .givenUp: sink.report(PartProblem(part: part, .deadline, "a file in \(KstatFolder.place) did not answer in time"))
        case .hanging:
            sink.report(PartProblem(part: part, .quarantined, "a file in \(KstatFolder.place) hangs since an earlier scrape"))
        case .failed(let failure): sink.report(PartProblem(part: part, .failed, failure.message))
        }
    }

    /// Asks `zpool` at once, and again each period.
    package func run(_ context: CollectionContext) async {
        var said = ""
        func say(_ message: String) {
            if message != said, !message.isEmpty { context.logger.info(message) }
            said = message
        }
        while !Task.isCancelled {
            let isThere = Self.isThere(fileSystemRoot: context.fileSystemRoot)
            let program = ZpoolProgram.find(settings.zpoolPath)
            switch (isThere, program) {
            case (false, _): say("no ZFS on this machine: \(context.fileSystemRoot)\(KstatFolder.place) is not there")
            case (true, nil):
                say("no program zpool is found: sizes, scrubs and errors of pools are left out; zfs.zpool_path can name it")
            case (true, let program?):
                say("")
                await reports.refresh(program)
            }
            try? await Task.sleep(for: .seconds(settings.intervalSeconds))
        }
    }
}
