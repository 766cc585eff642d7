package import Primitives
package import Web

/// How the stream of a container's log ended.
package enum LogStreamEnd: Sendable, Equatable {
    /// It has no more to say now.
    case ended
    /// There is no such container.
    case gone
    /// At the deadline, or as whoever asked has enough.
    case givenUp
    /// The engine does not tell, and why; of some log drivers it never does.
    case refused(String)
    /// No answer, or one that broke off.
    case failed(String)
}

extension ContainerEngine {
    /// Hands on pieces of a container's log as they come, with the time in front of each line, until it ends.
    ///
    /// - Parameter http: `onPiece` may hold its thread, and with it all that goes over it.
    /// - Parameter since: seconds since 1970.
    package func logs(
        of id: String, since: Int64, over http: HTTPClient, by deadline: Deadline, _ onPiece: @escaping @Sendable ([UInt8]) -> Bool
    ) async -> LogStreamEnd {
        guard let socket = socketInUse else { return .failed("there is no socket of an engine") }
        return await EngineRequests(http: http, socket: socket).logs(of: id, since: since, by: deadline, onPiece)
    }
}
