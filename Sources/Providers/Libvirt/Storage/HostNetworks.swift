import Glibc
import Web

/// Networks that this host is in: whoever is there trusts it often, however public the addresses are.
enum HostNetworks {
    /// The host's own addresses and those that it reaches without a router; empty where the system does not tell.
    static func read() -> [IPRange] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var ranges: [IPRange] = []
        var next = list
        while let one = next?.pointee {
            next = one.ifa_next
            guard let address = bytes(one.ifa_addr), let mask = bytes(one.ifa_netmask) else { continue }
            if let range = range(address, mask: mask) { ranges.append(range) }
        }
        return ranges
    }

    /// nil for a mask of no bits, which a tunnel has that is the way to everything.
    static func range(_ address: [UInt8], mask: [UInt8]) -> IPRange? {
        let length = mask.reduce(0) { $0 + $1.nonzeroBitCount }
        guard length > 0, address.count == mask.count, let network = IPAddress(zip(address, mask).map { $0 & $1 }) else { return nil }
        return IPRange("\(network.description)/\(length)"[...])
    }

    private static func bytes(_ address: UnsafeMutablePointer<sockaddr>?) -> [UInt8]? {
        guard let address else { return nil }
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let four = raw.loadUnaligned(as: sockaddr_in.self)
            return withUnsafeBytes(of: four.sin_addr) { Array($0) }
        case AF_INET6:
            let six = raw.loadUnaligned(as: sockaddr_in6.self)
            return withUnsafeBytes(of: six.sin6_addr) { Array($0) }
        default: return nil
        }
    }
}
