package import Primitives

/// What a caller says of a call beside its message.
package struct RPCOptions: Sendable, Equatable {
    /// nil for the method's own.
    package var deadline: Deadline?
    package var metadata: RPCMetadata

    package init(deadline: Deadline? = nil, metadata: RPCMetadata = RPCMetadata()) {
        self.deadline = deadline
        self.metadata = metadata
    }
}

/// Told of a call when it is over: the method's short name (`Create`), how it ended (also `ok`), and how long it took.
package typealias RPCObserver = @Sendable (_ method: String, _ code: RPCCode, _ duration: Duration) -> Void
