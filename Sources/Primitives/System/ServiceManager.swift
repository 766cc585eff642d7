import Glibc

/// What systemd, or another manager that speaks its protocol, hands to a service and wants to hear from it. Without one, nothing happens.
package enum ServiceManager {
    /// The sockets that socket activation opened for this process (`LISTEN_PID`, `LISTEN_FDS`; they begin at 3).
    ///
    /// Children do not get them, and they do not block.
    package static var inheritedDescriptors: [Int32] {
        let environment = ProcessEnvironment.all
        guard environment["LISTEN_PID"].flatMap({ Int32($0) }) == getpid(), let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }),
            (1...64).contains(count)
        else { return [] }
        let descriptors = (0..<count).map { 3 + $0 }
        for descriptor in descriptors { Files.adopt(descriptor) }
        return descriptors
    }

    /// All that a service tells (sd_notify(3)).
    package enum Message: Sendable, Equatable {
        case ready(status: String)
        /// The configuration is being read again; `ready` follows.
        case reloading
        case stopping
        case watchdog

        var text: String {
            switch self {
            case .ready(let status): "READY=1\nSTATUS=\(status)"
            case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds)"
            case .stopping: "STOPPING=1"
            case .watchdog: "WATCHDOG=1"
            }
        }

        private var monotonicMicroseconds: Int64 {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        }
    }

    /// Sends a message to `NOTIFY_SOCKET` (a path, or `@name` in the abstract space). Returns false when nobody asked for it or nobody took it.
    @discardableResult
    package static func tell(_ message: Message, socketPath: String? = ProcessEnvironment.all["NOTIFY_SOCKET"]) -> Bool {
        guard let socketPath, socketPath.hasPrefix("/") || socketPath.hasPrefix("@") else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(socketPath.utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard path.count < room.count else { return false }
            room.copyBytes(from: path)
            if path[0] == UInt8(ascii: "@") { room[0] = 0 }
            return true
        }
        guard fits else { return false }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let text = Array(message.text.utf8)
        return withUnsafeBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress else { return false }
            return sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), start.assumingMemoryBound(to: sockaddr.self), size)
                == text.count
        }
    }

    /// How often `watchdog` must be told, in seconds: half of what the manager waits (`WATCHDOG_USEC`). Nil when it does not watch.
    package static var watchdogSeconds: Double? {
        let environment = ProcessEnvironment.all
        if let process = environment["WATCHDOG_PID"], Int32(process) != getpid() { return nil }
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ UInt64($0) }), microseconds > 0 else { return nil }
        return Double(microseconds) / 2_000_000
    }
}
