package import Primitives

/// What the server's side knows of a call. Cancellation by the client, and the deadline, cancel the task that the handler runs in.
package struct RPCCall: Sendable {
    /// `/package.Service/Method`
    package let path: String
    /// When the client stops waiting; nil when it waits for ever.
    package let deadline: Deadline?
    package let metadata: RPCMetadata
    /// Whom the client proved to be: the names of its certificate, or the address of its socket.
    package let peer: String
    /// The same over all connections of the client, also when it was started anew: `tls:` and the names of its certificate, `unix:uid=` and its user.
    /// What it has asked for is told to it again by that.
    package let identity: String

    package init(
        path: String, deadline: Deadline? = nil, metadata: RPCMetadata = RPCMetadata(), peer: String = "in-process", identity: String? = nil
    ) {
        self.path = path
        self.deadline = deadline
        self.metadata = metadata
        self.peer = peer
        self.identity = identity ?? peer
    }
}
