package import Exporting
import GRPC
package import Primitives
import ProviderRPC
import ProviderTasks
import Synchronization

/// A provider at work: its calls are answered over gRPC, and it tells of itself over HTTP.
package final class ProviderHost: Sendable {
    private let source: ProviderSource
    private let server: GRPCServer
    private let logger: Logger
    private let isStopping = Mutex(false)

    /// How long calls under way have when the provider stops, and then its operations.
    private static let stopSeconds = 10.0

    /// Answers calls from now on.
    ///
    /// - Parameters:
    ///   - type: the kind's name.
    ///   - name: what the provider is called among others of its kind.
    ///   - books: that the provider was made with.
    ///
    /// Errors: places of gRPC that are not to be had.
    package init(
        _ hosted: HostedProvider, type: String, name: String, books: ProviderBooks, grpc: GRPCSettings, version: Version, logger: Logger
    ) throws(Failure) {
        self.logger = logger
        source = ProviderSource(type: type, name: name, version: version, hosted: hosted, books: books)
        server = try GRPCServer(
            grpc.server, services: [books.addresses.hearing(hosted.provider.rpcService()), hosted.tasks.taskService()], logger: logger,
            onCall: { books.calls.count($0) },
            onCertificate: { report in
                books.certificates.note(report)
                if report.refusal != nil { books.calls.count(.certificateError) }
            })
        for place in server.places { logger.info("answering calls", ["provider": name, "type": type, "address": place]) }
    }

    /// Where calls come in, as a client writes it.
    package var places: [String] { server.places }

    /// What its HTTP port serves.
    package func contents(_ context: CollectionContext) -> ExporterContents {
        var contents = ExporterContents(collectors: [ProviderCollector(source)], context: context)
        contents.title = "provider \(source.type)"
        contents.unreadiness = { [self] in isStopping.withLock { $0 } ? "The provider is stopping." : nil }
        return contents
    }

    /// Takes no more calls, lets those under way finish, and leaves operations that are not over to the journal.
    package func stop() async {
        isStopping.withLock { $0 = true }
        await server.stop(within: Self.stopSeconds)
        await source.hosted.shutdown(.after(seconds: Self.stopSeconds))
        logger.info("the provider has stopped", ["operations_left": source.hosted.tasks.liveCount])
    }
}
