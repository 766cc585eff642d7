package import Web

/// Where a server listens, and its bounds.
package struct GRPCServerSettings: Sendable {
    /// A socket in the file system, for whom the mode lets open it. One that nobody listens on is replaced.
    package struct File: Sendable {
        /// Absolute.
        package let path: String
        package let mode: UInt32

        package init(path: String, mode: UInt32 = 0o600) {
            self.path = path
            self.mode = mode
        }
    }

    /// Over a network both sides prove who they are, by TLS 1.3, or 1.2 with a client that has no better; there is no other way to listen there.
    package struct Network: Sendable {
        package let addresses: [ListenAddress]
        package let files: TLSFiles
        /// DNS or URI names, or the common name, of which a client's certificate must have one; empty for every client of the authorities.
        package let allowedNames: [String]

        package init(addresses: [ListenAddress], files: TLSFiles, allowedNames: [String] = []) {
            self.addresses = addresses
            self.files = files
            self.allowedNames = allowedNames
        }
    }

    package var files: [File]
    package var network: Network?
    /// The flag or key that named the places, for errors.
    package var origin: String
    /// Calls in work; one more is refused with RESOURCE_EXHAUSTED. So is a message for which there is no room: messages of this many calls are
    /// in memory at most.
    package var callLimit = 64
    /// Calls of one connection; what is more waits at the client.
    package var streamLimit = 100
    /// Of a message, either way.
    package var messageLimitBytes = 4 << 20
    /// Of a call's metadata.
    package var metadataLimitBytes = 16 << 10
    /// Of all connections' buffers.
    package var memoryLimitBytes = 256 << 20
    /// A connection on which nothing happens is asked so often whether it lives,
    package var keepaliveSeconds = 30.0
    /// and ended when it has not answered for so long.
    package var keepaliveTimeoutSeconds = 10.0
    /// Clients that ask us more often than this are sent away.
    package var leastPingSeconds = 10.0
    /// A connection without calls is ended after this time.
    package var idleSeconds = 900.0
    /// A connection is told to go after this time, so that its client proves anew who it is.
    package var ageSeconds = 7200.0
    /// What calls of a connection that is told to go have left.
    package var ageGraceSeconds = 300.0
    package var handshakeSeconds = 10.0

    package init(files: [File] = [], network: Network? = nil, origin: String) {
        self.files = files
        self.network = network
        self.origin = origin
    }
}
