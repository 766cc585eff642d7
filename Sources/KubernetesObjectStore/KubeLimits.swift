/// What a store asks of a kube-apiserver, and takes from it, at most.
package struct KubeLimits: Sendable {
    /// Of a request, its waiting for a place and for a server that is busy with it.
    package var requestSeconds = 30.0
    package var connectSeconds = 5.0
    /// Requests on their way at the same time, watches not counted.
    package var requestsInFlight = 16
    /// Of one answer that is no watch. Each request on its way may have as much.
    package var answerBytes = 8 << 20
    /// Objects of a list are asked for by pages of so many; of fewer where these are larger than `answerBytes`.
    package var pageObjects = 500
    /// Of a list; more objects than that are an error.
    package var listObjects = 200_000
    /// Of all pages of a list together, as they come.
    package var listBytes = 512 << 20
    /// Of one change of a watch.
    package var eventBytes = 8 << 20
    /// Of changes that have come and that nobody has taken yet. Past that the watch ends, and whoever watches lists again.
    package var waitingBytes = 32 << 20
    /// How long a watch goes on before it is begun again: a different time for each within these, so that not all begin at once.
    package var watchSeconds = 300...600
    /// A watch that ends sooner without having brought anything is taken for a failure.
    package var shortestWatchSeconds = 1.0

    package init() {}
}
