import Glibc

extension HTTPServer {
    package struct Limits: Sendable {
        /// When one more comes, one that waits has to go.
        package var connections = 512
        /// From one address; 0 for no limit of its own.
        package var connectionsPerAddress = 0
        /// Requests that a handler works at; the next gets 503. The last quarter is for addresses that have none.
        package var requestsInFlight = 40
        /// Paths that are answered however many requests are in flight: whether a service lives must not depend on how busy it is.
        package var unlimitedPaths: Set<String> = []
        /// Paths with a limit of their own in place of the common one: what hangs there must not keep the others from being answered.
        package var ownLimits: [String: Int] = [:]
        /// Request line and headers together; more gets 431, or 414 where the line alone is. 4,096 parameters at most stand in the line.
        package var headerBytes = 32 << 10
        /// More gets 413.
        package var bodyBytes = 1 << 20
        /// From the connection to the end of its first request's headers, the TLS handshake among it.
        package var headerSeconds = 10.0
        /// From an answer to the end of the next request's headers.
        package var idleSeconds = 120.0
        /// For the body of a request to arrive.
        package var bodySeconds = 20.0
        /// For an answer to be read.
        package var sendSeconds = 60.0
        /// All answers together that have not been read yet.
        package var unreadBytes = 256 << 20
        /// Event loops.
        package var threads = 1

        package init() {}
    }

    /// What the server counts of itself.
    package struct Counts: Sendable {
        /// Requests that were answered, by the answer's status.
        package var answered: [Int: Int] = [:]
        package var inFlight = 0
        /// Requests turned away because too many were in flight.
        package var refused = 0
        /// Requests that the doors did not let in.
        package var denied: [Doorman.Denial: Int] = [:]
        /// Connections open now.
        package var connections = 0
        package var connectionsAccepted = 0
        /// Connections for which there was no place.
        package var connectionsRefused = 0
        /// Connections that the server ended, by the reason's name in `connectionEndReasons`.
        package var connectionsEnded: [String: Int] = [:]
    }

    /// All that `Counts.connectionsEnded` may name.
    package static var connectionEndReasons: [String] { ConnectionTable.EndReason.allCases.map(\.rawValue) }
}

extension HTTPServer.Limits {
    /// What libmicrohttpd notes of headers, and the head of an answer, take beside a request's own.
    static let noteBytes = 16 << 10

    var ofConnections: ConnectionTable.Limits {
        ConnectionTable.Limits(
            connections: min(connections, Self.openFilesForClients), connectionsPerAddress: connectionsPerAddress,
            headerSeconds: headerSeconds, idleSeconds: idleSeconds, bodySeconds: bodySeconds, sendSeconds: sendSeconds,
            unreadBytes: unreadBytes)
    }

    /// Half of the files that this process may open: handlers need some too, or whoever is served would be served nothing.
    private static var openFilesForClients: Int {
        let files = sysconf(Int32(_SC_OPEN_MAX))
        return files < 0 ? .max : max(files / 2, 8)
    }
}
