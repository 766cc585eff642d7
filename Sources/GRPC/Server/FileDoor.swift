import GRPCShim
import Glibc
import Primitives
import Synchronization
import Web

/// A socket in the file system, and the thread that accepts whom its mode lets in.
///
/// gRPC would listen by itself, but takes the place of a server that is at work, and makes the socket open to all for a moment.
final class FileDoor: Sendable {
    let name: String
    private let listener: Listener
    private let bell: Pipe
    private let closed = OneAnswer<Void>()
    /// Who is at which descriptor, for log lines.
    private let users = Mutex<[Int32: String]>([:])

    /// Listens; who comes waits until `start`.
    init(_ file: GRPCServerSettings.File, origin: String) throws(Failure) {
        bell = try Pipe()
        do {
            listener = try Listener(ListenPlace(parsing: "unix:\(file.path)"), origin: origin, mode: file.mode)
        } catch {
            Glibc.close(bell.reading)
            Glibc.close(bell.writing)
            throw error
        }
        name = listener.name
    }

    /// - Parameter adopt: takes over a connected socket; false when it does not, and then it is closed here.
    func start(_ adopt: @escaping @Sendable (Int32) -> Bool) throws(Failure) {
        try Thread.start("grpc-accept") { [self] in
            run(adopt)
            closed.give(())
        }
    }

    /// Who is at the other end of `fd:N`.
    func user(at address: String) -> String? {
        guard address.hasPrefix("fd:"), let descriptor = Int32(address.dropFirst(3)) else { return nil }
        return users.withLock { $0[descriptor] }
    }

    /// Instead of `start`.
    func discard() {
        Glibc.close(bell.writing)
        Glibc.close(bell.reading)
        listener.close()
    }

    /// Lets nobody in any more. After `start`.
    func close() async {
        Glibc.close(bell.writing)
        await closed.value
        listener.close()
        Glibc.close(bell.reading)
    }

    private func run(_ adopt: (Int32) -> Bool) {
        var waiting = [
            pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: bell.reading, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            guard poll(&waiting, 2, -1) > 0 || errno == EINTR else { return }
            guard waiting.last?.revents == 0 else { return }
            let descriptor = mlt_grpc_accept(listener.descriptor)
            guard descriptor >= 0 else {
                // Without descriptors whoever comes waits in the kernel's queue.
                if descriptor != -EAGAIN { usleep(100_000) }
                continue
            }
            var (user, process) = (UInt32(0), Int32(0))
            let isKnown = mlt_grpc_socket_user(descriptor, &user, &process) != 0
            users.withLock { $0[descriptor] = isKnown ? "unix:uid=\(user),pid=\(process)" : "unix" }
            if !adopt(descriptor) { Glibc.close(descriptor) }
        }
    }
}
