import Glibc

/// Who is at the other end, as far as fairness goes: an IPv4 address, the /56 of an IPv6 address (that much is one customer's), or this machine
/// through a Unix socket.
package enum ClientAddress: Hashable, Sendable {
    case four(UInt32)
    case six(prefix: UInt64)
    case local

    init(_ storage: inout sockaddr_storage) {
        let family = Int32(storage.ss_family)
        self = withUnsafeBytes(of: &storage) { bytes in
            switch family {
            case AF_INET:
                return .four(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            case AF_INET6:
                // Family, port and flow stand before the sixteen bytes of the address.
                let (high, low) = (
                    bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
                )
                // ::ffff:a.b.c.d, which a socket for both families shows for IPv4.
                if high == 0, low.littleEndian & 0xFFFF_FFFF == 0xFFFF_0000 {
                    return .four(bytes.loadUnaligned(fromByteOffset: 20, as: UInt32.self))
                }
                return .six(prefix: UInt64(bigEndian: high) & ~0xFF)
            default:
                return .local
            }
        }
    }
}
