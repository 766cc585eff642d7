import Glibc
import Web

/// Takes an address without listening on it, so that nobody who comes meanwhile is let in and turned away.
enum PortTrial {
    /// What the kernel says: 0, or an error's number.
    static func code(of address: ListenAddress) -> Int32 {
        let isSix = address.host.contains(":") || address.host.isEmpty
        let descriptor = socket(isSix ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var yes: Int32 = 1
        // As whoever will listen there has it.
        var sixOnly: Int32 = address.host.isEmpty || address.host == "::" ? 0 : 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        if isSix { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &sixOnly, size) }
        return take(address, isSix, descriptor) ? 0 : errno
    }

    private static func take(_ address: ListenAddress, _ isSix: Bool, _ descriptor: Int32) -> Bool {
        func bind(_ bytes: UnsafeRawBufferPointer) -> Bool {
            guard let start = bytes.baseAddress else { return false }
            return Glibc.bind(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
        }
        if isSix {
            var six = sockaddr_in6()
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = address.port.bigEndian
            if !address.host.isEmpty { inet_pton(AF_INET6, address.host, &six.sin6_addr) }
            return withUnsafeBytes(of: &six, bind)
        }
        var four = sockaddr_in()
        four.sin_family = sa_family_t(AF_INET)
        four.sin_port = address.port.bigEndian
        inet_pton(AF_INET, address.host, &four.sin_addr)
        return withUnsafeBytes(of: &four, bind)
    }
}
