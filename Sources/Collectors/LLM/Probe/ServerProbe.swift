package import Exporting
package import Metrics
package import Primitives
package import Web

/// A server as whoever measures it from outside sees it.
package struct ProbedServer: Sendable, Equatable {
    /// As the label `server` has it.
    package let name: String
    /// As the label `engine` has it.
    package let kind: String
    /// In front of the server's own paths, without a slash at its end.
    package let url: String
    package let trust: HTTPRequest.Trust
    /// The value of `Authorization`, for this URL alone; nil where nothing is shown.
    package let authorization: Secret?
    /// Which model is to be asked; nil for the first that is loaded.
    package let model: String?
    /// Models that are loaded, as far as the server tells; nil where it does not.
    package let loadedModels: [String]?
    /// Requests that wait for their turn; nil where the server does not tell.
    package let waiting: Double?
    package let isReady: Bool?
    /// When the server told this last; nil before it has.
    package let toldAt: ContinuousClock.Instant?
}

/// What measures servers by asking them to generate something. The collector lets it live, tells it which servers want it, and lets it write;
/// how it asks is its own business.
package protocol ServerProbe: Sendable {
    /// Goes on between scrapes, until cancelled.
    ///
    /// - Parameter servers: those that may be asked now, by name.
    func run(_ servers: @escaping @Sendable () -> [ProbedServer], _ context: CollectionContext) async

    /// Writes what is known of a server; nothing of one that it has not measured.
    ///
    /// - Parameter names: values of the labels `server` and `engine`.
    func write(server: String, engine: String, now: ContinuousClock.Instant, into buffer: inout SampleBuffer)

    /// What it can tell where the server itself does not: names of our families behind `llm_monitor_llm_`, as `time_to_first_token_seconds`.
    var measured: Set<String> { get }

    /// Takes over what another has measured: a reload has put this one in its place.
    func follow(_ other: any ServerProbe)
}
