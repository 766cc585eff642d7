import Glibc
import Primitives
import Web

/// Sends fixed bytes to whoever asks, for what no proper server would say.
final class RawServer: Sendable {
    let url: String
    private let descriptor: Int32

    init(_ answer: String) throws {
        let any = ListenAddress(host: "127.0.0.1", port: 0)
        let descriptor = try any.listen(origin: "test")
        self.descriptor = descriptor
        url = any.bound(to: descriptor).url()
        let bytes = Array(answer.utf8)
        try Thread.start("raw-server") {
            while true {
                var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&entry, 1, 60_000) > 0 else { break }
                let connection = accept(descriptor, nil, nil)
                // Shut down by `deinit`.
                guard connection >= 0 else { break }
                var request = [UInt8](repeating: 0, count: 8192)
                _ = recv(connection, &request, request.count, 0)
                Files.writeAll(bytes, to: connection)
                shutdown(connection, Int32(SHUT_WR))
                // Until the client has hung up, so that what it has not read is not thrown away.
                while recv(connection, &request, request.count, 0) > 0 {}
                close(connection)
            }
            close(descriptor)
        }
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
