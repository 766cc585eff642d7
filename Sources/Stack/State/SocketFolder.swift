import Glibc
import Primitives

/// The folder of a socket that cannot lie in the state directory; it goes with the object, and the socket with it. Several may share one.
final class SocketFolder: Sendable {
    private let place: StackPlan.SocketPlace

    /// Makes the folder, for this user alone.
    ///
    /// Errors: it cannot be made, or there is one that somebody else could write to.
    init(_ place: StackPlan.SocketPlace) throws(Failure) {
        if let folder = place.ownFolder { try Self.make(folder) }
        // Last: nothing is removed that was not made.
        self.place = place
    }

    private static func make(_ folder: String) throws(Failure) {
        try Files.makeDirectory(folder, mode: 0o700)
        do {
            try Directory.checkOwner(folder)
        } catch {
            throw Failure(
                .environment,
                "\(folder), where simulated hypervisors and providers of machines are to have their sockets, is not a folder of this user alone; "
                    + "remove it, choose a shorter --state-dir, or leave them out: --simulate.domains 0, and no --with-manager")
        }
    }

    deinit { remove() }

    /// Also what a process that was killed has left there. A second time does nothing.
    func remove() {
        guard let folder = place.ownFolder else { return }
        unlink(place.path)
        rmdir(folder)
    }
}
