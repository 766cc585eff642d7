package import Metrics
package import Primitives

/// A source of metrics: one API, one library, one corner of /proc.
///
/// A collector is handed a sink and a context and sees nothing else: no server, no other collector. What it must keep:
///
/// - It writes families of its own catalogue only, each sample with the labels that its descriptor names, in that order.
/// - It writes no family that is finer than `context.detail`, and asks nothing of its source that only such families need.
/// - It fills one `SampleBuffer` for each part of what it reads (a node, a card, a server) and commits it whole. A part
///   with more in it than anybody has is refused, and said to be too large.
/// - It ends by `context.deadline`. What is not committed by then is dropped, and the part reported as late.
/// - It never blocks a thread of the cooperative pool: C calls that may hang run on a `Thread` of its own.
/// - What is absent at the source writes no sample.
///
/// `CollectorConformance` checks it.
package protocol Collector: Sendable {
    /// Lower-case words joined by hyphens: the value of the label `collector`, and what `collect[]` names.
    var name: String { get }

    /// All families that it may ever write.
    var catalogue: Catalogue { get }

    /// Reads the source once. What fails is told to the sink, part by part.
    func collect(into sink: SampleSink, _ context: CollectionContext) async

    /// What goes on between scrapes: slow timers, events. Ends when its task is cancelled.
    func run(_ context: CollectionContext) async

    /// Takes over what an earlier collector of the same name has learnt, as far as it is about the same things: a reload has put this one in
    /// its place. Called before the first scrape.
    func follow(_ other: any Collector)

    /// Asks whether its credentials are good, before anything is served. Errors: they are refused.
    ///
    /// - Parameter isStart: then a password that is refused is only logged.
    func checkCredentials(_ context: CollectionContext, isStart: Bool) async throws(Failure)
}

extension Collector {
    package func run(_ context: CollectionContext) async {}

    package func follow(_ other: any Collector) {}

    package func checkCredentials(_ context: CollectionContext, isStart: Bool) async throws(Failure) {}
}
