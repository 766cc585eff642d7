package import Primitives

/// How long a scrape may take: what Prometheus says it will wait, less a margin for the way back; never longer than our own cap.
package struct ScrapeDeadline: Sendable {
    /// Seconds; also what holds when the scraper does not say how long it waits.
    package let capSeconds: Double

    package init(capSeconds: Double = 10) { self.capSeconds = capSeconds }

    /// - Parameter header: the value of `X-Prometheus-Scrape-Timeout-Seconds`.
    package func deadline(header: String?, from arrival: ContinuousClock.Instant) -> Deadline {
        Deadline(arrival.advanced(by: .seconds(seconds(header: header))))
    }

    /// Seconds from the arrival of the request. A header that is no positive number is ignored.
    package func seconds(header: String?) -> Double {
        var wait = capSeconds
        if let given = header.flatMap({ Double($0) }), given.isFinite, given > 0 { wait = min(wait, given) }
        // Half a second pays for encoding, compression and the network; of a short wait, a quarter does.
        return max(0.05, wait - min(0.5, wait / 4))
    }
}
