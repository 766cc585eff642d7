import JSON
import Primitives
import Synchronization

/// The faults in force.
final class LLMFaults: Sendable {
    /// No test has so many.
    private static let limit = 100

    private let list = Mutex<[LLMFault]>([])

    var all: [LLMFault] { list.withLock { $0 } }

    func clear() { list.withLock { $0 = [] } }

    /// Errors: there are too many.
    func add(_ fault: LLMFault) throws(Failure) {
        let hasRoom = list.withLock { list in
            guard list.count < Self.limit else { return false }
            list.append(fault)
            return true
        }
        if !hasRoom { throw Failure(.limit, "there are \(Self.limit) faults already; DELETE removes them") }
    }

    /// Of a server, at a path where one is given.
    func has(_ kind: LLMFault.Kind, _ server: String, at path: String? = nil) -> LLMFault? {
        list.withLock { list in
            list.last { fault in fault.kind == kind && (fault.server ?? server) == server && (path.map(fault.isAbout) ?? true) }
        }
    }
}
