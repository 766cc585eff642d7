package import Metrics

/// A queue at one moment.
package struct QueueFacts: Sendable {
    /// Keys that are to be looked at, also those that are looked at now and were added again: what client-go calls depth.
    package var depth = 0
    /// Keys that a free worker would take.
    package var waiting = 0
    /// Keys that wait for their time.
    package var delayed = 0
    /// Keys that workers have.
    package var working = 0
    package var adds = 0
    package var retries = 0
    /// From a key's being added to a worker's taking it, in seconds.
    package var queueDurations = Distribution(bounds: QueueFacts.bounds)
    /// From a worker's taking a key to its being done, in seconds.
    package var workDurations = Distribution(bounds: QueueFacts.bounds)
    /// How long workers have had the keys that they have, together.
    package var unfinishedSeconds = 0.0
    /// And the longest of them.
    package var longestSeconds = 0.0

    /// Upper bounds in seconds, from ten nanoseconds.
    static let bounds: [Double] = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000]

    package init() {}
}
