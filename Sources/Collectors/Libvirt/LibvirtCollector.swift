package import Exporting
package import Metrics
import Primitives
import Synchronization

/// Collects libvirt's hypervisors: each is asked in the background, and a scrape shows what was told last.
package final class LibvirtCollector: Collector {
    package let name = LibvirtDefinition.name
    private let families = LibvirtFamilies()
    private let settings: LibvirtSettings
    /// Whether nothing is done before there is a daemon.
    private let waitsForDaemon: Bool
    private let state: Mutex<State>

    private struct State {
        var books: [HypervisorBook]
        var isAwake: Bool
    }

    /// How old what is shown may be, in rounds.
    private static let roundsKept = 3.0
    /// Between two looks for a daemon.
    private static let lookSeconds = 10.0
    /// Where libvirt's daemons let one read: the one for all, and QEMU's own.
    private static let sockets = ["/run/libvirt/libvirt-sock-ro", "/run/libvirt/virtqemud-sock-ro"]

    /// - Parameter waitsForDaemon: for a machine that may have libvirt or not, and where it may come later.
    package convenience init(_ settings: LibvirtSettings, waitsForDaemon: Bool = false) {
        self.init(settings, waitsForDaemon: waitsForDaemon) { LibvirtSource(uri: $0.text) }
    }

    init(_ settings: LibvirtSettings, waitsForDaemon: Bool = false, source: (HypervisorURI) -> any HypervisorSource) {
        self.settings = settings
        self.waitsForDaemon = waitsForDaemon
        let books = settings.uris.map { uri in
            // Beside those that ask for statistics, one each for the list, for pools and for definitions.
            HypervisorBook(
                uri, desk: HypervisorDesk(source(uri), threadLimit: settings.threadLimit, idleLimit: settings.connections + 3))
        }
        state = Mutex(State(books: books, isAwake: !waitsForDaemon))
    }

    package var catalogue: Catalogue { families.catalogue }

    /// Whether one of libvirt's daemons is on this machine now.
    package static func isThere(fileSystemRoot: String) -> Bool { sockets.contains { Files.exists(fileSystemRoot + $0) } }

    var books: [HypervisorBook] { state.withLock { $0.books } }

    // MARK: between scrapes

    package func run(_ context: CollectionContext) async {
        while !state.withLock({ $0.isAwake }) {
            if Self.isThere(fileSystemRoot: context.fileSystemRoot) {
                state.withLock { $0.isAwake = true }
            } else {
                try? await Task.sleep(for: .seconds(Self.lookSeconds))
                guard !Task.isCancelled else { return }
            }
        }
        await withDiscardingTaskGroup { group in
            for book in books {
                let watch = HypervisorWatch(book: book, settings: settings, clock: context.clock, logger: context.logger)
                group.addTask { await watch.run() }
            }
        }
    }

    /// What is known of a hypervisor stays, and the threads that hang in it; another limit of them holds from the next start on.
    package func follow(_ other: any Collector) {
        guard let other = other as? LibvirtCollector else { return }
        let earlier = other.books
        state.withLock { state in
            state.books = state.books.map { book in earlier.first { $0.uri == book.uri } ?? book }
        }
    }

    // MARK: scrape

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        let (books, isAwake) = state.withLock { ($0.books, $0.isAwake) }
        guard isAwake else { return }
        let maximumAgeSeconds = Self.roundsKept * settings.intervalSeconds
        for book in books {
            draw(book.view(now: .now, maximumAgeSeconds: maximumAgeSeconds), detail: context.detail, into: sink)
        }
    }

    /// What a scrape shows of a hypervisor as it is known.
    func draw(_ view: HypervisorView, detail: Detail, into sink: SampleSink) {
        var buffer = sink.begin(view.uri)
        if let isUp = view.isUp { families.hypervisor.write(isUp: isUp, view.uri, into: &buffer) }
        families.watch.write(view, intervalSeconds: settings.intervalSeconds, into: &buffer)
        if view.isListed {
            let active = view.domains.count { $0.basics.isActive }
            families.hypervisor.write(domains: view.domains.count, active: active, view.uri, into: &buffer)
            if let host = view.host { families.hypervisor.write(host, view.uri, into: &buffer) }
        }
        for pool in view.pools { families.pool.write(pool, view.uri, into: &buffer) }
        for network in view.networks { families.network.write(network, view.uri, into: &buffer) }
        sink.commit(buffer)
        for problem in view.problems {
            sink.report(PartProblem(part: view.uri, problem.code == .limit ? .tooLarge : .unreachable, problem.message))
        }
        for domain in view.domains { draw(domain, view.uri, detail, sink) }
    }

    private func draw(_ domain: DomainRecord, _ uri: String, _ detail: Detail, _ sink: SampleSink) {
        let (basics, part) = (domain.basics, "\(uri) \(domain.basics.name)")
        var buffer = sink.begin(part)
        let labels = buffer.labels(LibvirtFamilies.domainLabels, uri, basics.name, basics.uuid)
        families.watch.write(domain, uri, detail: detail, labels, into: &buffer)
        families.domain.write(domain, uri, labels, into: &buffer)
        if let definition = domain.definition {
            families.memory.write(definition, labels, into: &buffer)
            if detail >= .disk {
                families.block.write(definition, basics, uri, labels, into: &buffer)
                families.interface.write(definition, basics, uri, into: &buffer)
            }
        }
        if let statistics = domain.statistics {
            families.memory.write(statistics, labels, into: &buffer)
            families.vcpu.write(statistics, labels, detail: detail, into: &buffer)
            if detail >= .disk {
                families.block.write(statistics, labels, into: &buffer)
                families.interface.write(statistics, labels, into: &buffer)
            }
        }
        if let details = domain.details {
            if let job = details.job { families.job.write(job, labels, into: &buffer) }
            if detail >= .disk { families.block.write(details, labels, into: &buffer) }
        }
        sink.commit(buffer)
        if let suspect = domain.suspect {
            // As a failure: the name is the domain's own.
            let failure = Failure(
                .unavailable,
                "its QEMU does not answer (\(suspect.call)): virsh -r -c \(ShellWord(uri)) domcontrol \(ShellWord(basics.name)); it hangs itself, or the storage that it waits for"
            )
            sink.report(PartProblem(part: part, .quarantined, failure.message))
        }
    }
}
