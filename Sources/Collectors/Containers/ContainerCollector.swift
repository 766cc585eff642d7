package import Exporting
package import Metrics
package import Ownership
import Primitives

/// Collects what the kernel counts for the containers of this machine, and what their engine says of them.
package struct ContainerCollector: Collector {
    package let name = "containers"
    package let catalogue: Catalogue
    private let settings: ContainerSettings
    private let engine: ContainerEngine
    private let families: ContainerFamilies
    private let compatible: CAdvisorFamilies
    private let own: OwnFamilies
    private let memory = ContainerMemory()
    private let readers = PartReaders(threadName: "containers")

    static let part = "containers"
    /// Time that is kept to write what was read by then.
    private static let writingSeconds = 0.2

    /// - Parameter engine: made for the same settings; others may share it.
    package init(_ settings: ContainerSettings, engine: ContainerEngine) {
        self.settings = settings
        self.engine = engine
        var catalogue = Catalogue()
        own = OwnFamilies(&catalogue)
        families = ContainerFamilies(&catalogue, shownLabels: settings.labels)
        compatible = CAdvisorFamilies(&catalogue)
        self.catalogue = catalogue
    }

    /// The sockets that these settings want asked.
    package static func sockets(_ settings: ContainerSettings, fileSystemRoot: String) -> [String] {
        switch settings.engineSocket {
        case "none": []
        case let path?: [path]
        case nil: ContainerEngine.standardSockets(fileSystemRoot: fileSystemRoot)
        }
    }

    /// Whether the socket of an engine is there now.
    package static func hasEngine(_ settings: ContainerSettings, fileSystemRoot: String) -> Bool {
        sockets(settings, fileSystemRoot: fileSystemRoot).contains(where: Files.exists)
    }

    /// Whether there are containers or an engine now.
    package static func isThere(_ settings: ContainerSettings, fileSystemRoot: String) -> Bool {
        if hasEngine(settings, fileSystemRoot: fileSystemRoot) { return true }
        return CgroupTree(fileSystemRoot: fileSystemRoot).map { !$0.groups(settings.cgroups).groups.isEmpty } ?? false
    }

    package func run(_ context: CollectionContext) async { await engine.run(context.http, context.logger) }

    package func follow(_ other: any Collector) {
        if let other = other as? ContainerCollector { memory.follow(other.memory) }
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        let end = await readers.read(Self.part, by: context.deadline) { read(sink, context) }
        switch end {
        case .done: break
        case .givenUp: sink.report(PartProblem(part: Self.part, .deadline, "a file in \(CgroupTree.place) or /proc did not answer in time"))
        case .hanging:
            sink.report(PartProblem(part: Self.part, .quarantined, "a file in \(CgroupTree.place) or /proc hangs since an earlier scrape"))
        case .failed(let failure): sink.report(PartProblem(part: Self.part, .failed, failure.message))
        }
    }

    /// On a thread that may block.
    private func read(_ sink: SampleSink, _ context: CollectionContext) {
        let view = engine.view
        var samples = FamilySamples(sink.begin(Self.part), catalogue, context.detail)
        let round = ReadingRound(
            settings: settings, view: view, memory: memory, cardUsers: engine.cardUsers, fileSystemRoot: context.fileSystemRoot,
            deadline: context.deadline.earlier(bySeconds: Self.writingSeconds),
            wantsFine: context.detail == .all || settings.hasCAdvisorNames)
        let result = round.run()
        if let problem = result.problem { sink.report(problem) }
        for (index, reading) in result.readings.enumerated() {
            samples.begin(index, user: reading.container.user)
            families.write(reading, into: &samples)
        }
        if settings.hasCAdvisorNames {
            var devices = BlockDevices(fileSystemRoot: context.fileSystemRoot)
            compatible.write(result.readings, now: context.clock.unixSeconds, &devices, into: &samples)
        }
        // What martlet tells of itself is not counted: it says what is missing.
        var (buffer, dropped, droppedOfUsers) = samples.finish(limit: settings.limit)
        let left = result.dropped.merging(droppedOfUsers.map { ("user-\($0.key).slice", $0.value) }) { $0 + $1 }
        own.write(view, memory.count(dropped), memory.count(containers: left), now: context.clock.unixSeconds, into: &buffer)
        memory.endScrape()
        sink.commit(buffer)
    }
}
