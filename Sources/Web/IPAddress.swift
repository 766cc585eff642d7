import Glibc

/// An IPv4 or IPv6 address; the IPv4 addresses that IPv6 writes as `::ffff:192.0.2.1` are IPv4.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16, in the order of the network.
    package let bytes: [UInt8]

    package var isSix: Bool { bytes.count == 16 }

    /// - Parameter bytes: 4 or 16, in the order of the network; nil for any other number.
    package init?(_ bytes: [UInt8]) {
        switch bytes.count {
        case 4: self.bytes = bytes
        case 16: self.bytes = Self.isMapped(bytes) ? Array(bytes[12...]) : bytes
        default: return nil
        }
    }

    private static func isMapped(_ bytes: [UInt8]) -> Bool {
        bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    }

    package init?(_ text: String) {
        // C would read up to there.
        guard !text.utf8.contains(0) else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let all = withUnsafeBytes(of: &six) { Array($0) }
        bytes = Self.isMapped(all) ? Array(all[12...]) : all
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = bytes.withUnsafeBytes { inet_ntop(isSix ? AF_INET6 : AF_INET, $0.baseAddress, &text, socklen_t(text.count)) }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
