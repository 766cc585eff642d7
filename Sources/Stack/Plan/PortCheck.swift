import Glibc
import Primitives
import Web

/// Tries every port of the plan before any service needs it.
enum PortCheck {
    /// Errors: the busy port, the flag that sets it and, where Debian starts a service of its own there, how to stop that.
    /// Blocks its thread.
    ///
    /// - Parameter patienceSeconds: how long a busy port is tried again: a killed process counts as gone before its threads have closed
    ///   its sockets.
    static func run(_ listeners: [(place: StackPlan.Place, debianService: String?)], patienceSeconds: Double = 0) throws(Failure) {
        let deadline = Deadline.after(seconds: patienceSeconds)
        for (place, service) in listeners {
            while true {
                do throws(Failure) {
                    close(try place.address.listen(origin: place.flag))
                    break
                } catch {
                    guard error.message.contains("is in use") else { throw error }
                    guard deadline.hasPassed else {
                        usleep(50_000)
                        continue
                    }
                    guard let service else { throw error }
                    throw Failure(.environment, "\(error.message), or stop Debian's own service: systemctl disable --now \(service)")
                }
            }
        }
    }
}
