import Glibc
import Primitives
import Synchronization
import Web

/// A listener that does with each connection what a test says, on a thread for each.
package final class RawServer: Sendable {
    package let port: UInt16
    private let descriptor: Int32
    private let accepted = Mutex(0)

    /// The connections taken so far.
    package var connectionCount: Int { accepted.withLock { $0 } }

    package init(_ serve: @escaping @Sendable (RawConnection) -> Void) throws {
        let address = ListenAddress(host: "127.0.0.1", port: 0)
        descriptor = try address.listen(origin: "the test")
        port = address.bound(to: descriptor).port
        // accept is to wait.
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        let listener = descriptor
        try Thread.start("raw-server") { [weak self] in
            while true {
                let taken = accept(listener, nil, nil)
                guard taken >= 0 else { break }
                self?.accepted.withLock { $0 += 1 }
                try? Thread.start("raw-connection") { serve(RawConnection(descriptor: taken)) }
            }
            close(listener)
        }
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// A server that reads each request's head, sends `answer` and closes.
    package convenience init(answer: [UInt8]) throws {
        try self.init { connection in
            _ = connection.read(through: "\r\n\r\n")
            connection.send(answer)
            connection.finishSending()
            // The peer closes first, so that unread bytes of it cannot turn the close into a reset.
            _ = connection.readToEnd()
        }
    }

    package var url: String { "http://127.0.0.1:\(port)/" }
}
