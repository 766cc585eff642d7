/// The bounds of a client.
package struct GRPCClientSettings: Sendable {
    /// Whether a call waits for a connection until its deadline, or fails at once when the server cannot be reached.
    package var waitsForConnection = true
    /// Of a message, either way.
    package var messageLimitBytes = 4 << 20
    /// Of an answer's metadata.
    package var metadataLimitBytes = 16 << 10
    /// While calls are under way, a connection on which nothing happens is asked so often whether it lives,
    package var keepaliveSeconds = 30.0
    /// and given up when it has not answered for so long.
    package var keepaliveTimeoutSeconds = 10.0
    /// For one attempt to connect.
    package var connectSeconds = 5.0
    /// Between the first two attempts; it doubles up to the other.
    package var firstBackoffSeconds = 0.2
    package var longestBackoffSeconds = 5.0

    package init() {}
}
