import Glibc

/// Whom a request says it wants to reach, for services that listen on loopback, and for all whose names somebody has said.
///
/// A page of any site may make its own name point to 127.0.0.1 and then read what a service there answers, as the browser takes both for
/// one site (DNS rebinding). The name stays in the Host field, and gives it away.
package struct HostCheck: Sendable {
    package enum Verdict: Sendable, Equatable {
        case allowed
        /// Status and text of the answer.
        case refused(status: Int, text: String)
    }

    private let allowedNames: Set<String>
    private let remedy: String
    /// Whether somebody has said names. Then they hold wherever the service listens; without them they are known on loopback only.
    package let isExplicit: Bool

    /// - Parameter allowedNames: names and addresses, without ports, by which the service may be called beside those of loopback.
    /// - Parameter remedy: what to do for a name to be allowed, for the refusal's text: a sentence, or nothing.
    package init(allowedNames: [String] = [], remedy: String = "") {
        self.init(Set(allowedNames.map { Self.canonical(Array($0.utf8)[...]) }), remedy: remedy, isExplicit: !allowedNames.isEmpty)
    }

    private init(_ allowedNames: Set<String>, remedy: String, isExplicit: Bool) {
        self.allowedNames = allowedNames
        self.remedy = remedy
        self.isExplicit = isExplicit
    }

    /// The same, with the addresses that the service listens on: no page can make its own name out of one of them. That of all addresses is none.
    package func answering(to hosts: [String]) -> HostCheck {
        let own = hosts.filter { $0 != "" && $0 != "0.0.0.0" && $0 != "::" }
        return HostCheck(allowedNames.union(own.map { Self.canonical(Array($0.utf8)[...]) }), remedy: remedy, isExplicit: isExplicit)
    }

    /// - Parameter hosts: the values of all Host fields. One is needed, of HTTP/1.0 too: whoever leaves it out may hide it.
    package func judge(hosts: [String]) -> Verdict {
        guard let host = hosts.first else { return .refused(status: 400, text: "The request has no Host field.\n") }
        guard hosts.count == 1, let name = Self.name(of: host) else {
            return .refused(status: 400, text: "The request's Host field is not one host with or without a port.\n")
        }
        if Self.isLoopback(name) || allowedNames.contains(name) { return .allowed }
        return .refused(
            status: 403,
            text: (isExplicit
                ? "This service answers to localhost and to the names that it was told"
                : "This service listens on loopback only and answers to localhost")
                + ", and the request's Host field names something else."
                + "\(remedy.isEmpty ? "" : " \(remedy)")\n")
    }

    /// The host without its port, in lower case and without the dot that may end it; nil when that is no host.
    private static func name(of host: String) -> String? {
        let bytes = Array(host.utf8)
        guard bytes.count <= 260 else { return nil }
        var name = bytes[...]
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            name = bytes[1..<end]
            guard isPort(bytes[(end + 1)...]), isAddress(name, AF_INET6) else { return nil }
        } else {
            if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
                guard isPort(bytes[colon...]) else { return nil }
                name = bytes[..<colon]
            }
            guard name.allSatisfy(isOfNames) else { return nil }
        }
        let text = canonical(name)
        return text.isEmpty || text.hasPrefix(".") || text.hasSuffix(".") ? nil : text
    }

    private static func isLoopback(_ name: String) -> Bool {
        name == "localhost" || name.hasSuffix(".localhost") || isLoopbackAddress(name)
    }

    /// Whether that is an address of this machine alone, whatever name servers say: without a port and without brackets.
    package static func isLoopbackAddress(_ name: String) -> Bool {
        var four = in_addr()
        if inet_pton(AF_INET, name, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        var six = in6_addr()
        guard inet_pton(AF_INET6, name, &six) == 1 else { return false }
        let bytes = withUnsafeBytes(of: six) { Array($0) }
        // ::1, and 127.0.0.0/8 written as ::ffff:127.0.0.1.
        return bytes == [UInt8](repeating: 0, count: 15) + [1]
            || bytes.prefix(13) == [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 127]
    }

    /// Nothing, or a colon and digits.
    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first else { return true }
        return first == UInt8(ascii: ":") && bytes.count <= 6 && bytes.dropFirst().allSatisfy { 0x30...0x39 ~= $0 }
    }

    private static func isAddress(_ bytes: ArraySlice<UInt8>, _ family: Int32) -> Bool {
        var address = in6_addr()
        return !bytes.contains(0) && inet_pton(family, String(decoding: bytes, as: UTF8.self), &address) == 1
    }

    private static func isOfNames(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func canonical(_ bytes: ArraySlice<UInt8>) -> String {
        let bytes = bytes.last == UInt8(ascii: ".") ? bytes.dropLast() : bytes
        return String(decoding: bytes.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
