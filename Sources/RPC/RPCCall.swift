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

    package init(path: String, deadline: Deadline? = nil, metadata: RPCMetadata = RPCMetadata(), peer: String = "in-process") {
        self.path = path
        self.deadline = deadline
        self.metadata = metadata
        self.peer = peer
    }
}
