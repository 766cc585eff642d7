extension TextFormat {
    package static let ipAddress = TextFormat(
        "an IP address such as 192.0.2.7 or 2001:db8::7", pattern: "^[0-9a-fA-F:.]+$", atMost: 45
    ) { IPText.version(of: $0) != nil }

    /// An address and the length of its network's prefix.
    package static let ipPrefix = TextFormat(
        "an IP address with a prefix such as 192.0.2.7/24", pattern: "^[0-9a-fA-F:.]+/[0-9]{1,3}$", atMost: 49
    ) { text in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let version = IPText.version(of: parts[0]), parts[1].utf8.allSatisfy(isDigit), parts[1].utf8.count <= 3,
            let length = Int(parts[1])
        else { return false }
        return length <= (version == .four ? 32 : 128)
    }

    package static let ipAddresses = TextFormat(
        "IP addresses with commas between them", pattern: "^[0-9a-fA-F:.]+( *, *[0-9a-fA-F:.]+)*$", atMost: 500
    ) { text in IPText.list(text).allSatisfy { IPText.version(of: $0) != nil } }

    package static let macAddress = TextFormat(
        "a MAC address such as 52:54:00:12:34:56", pattern: "^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$|^[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}$"
    ) { text in
        let parts = text.split(separator: text.utf8.contains(UInt8(ascii: "-")) ? "-" : ":", omittingEmptySubsequences: false)
        return parts.count == 6 && parts.allSatisfy { $0.utf8.count == 2 && $0.utf8.allSatisfy(isHex) }
    }

    package static let interfaceName = TextFormat("an interface's name of at most 15 letters", pattern: "^[-_.a-zA-Z0-9]+$", atMost: 15) {
        (1...15).contains($0.utf8.count) && consists($0, of: "-_.")
    }

    package static let webAddress = TextFormat(
        "an address such as https://example.org/image.qcow2", pattern: "^https?://[^ /]+", atMost: 4096
    ) {
        isAddress($0, of: ["http", "https"])
    }

    package static let fileAddress = TextFormat(
        "an address such as https://example.org/image.qcow2", pattern: "^(https?|ftp)://[^ /]+", atMost: 4096
    ) { isAddress($0, of: ["http", "https", "ftp"]) }

    /// Where a provider's process is, or, as Virtrigaud has it, a hypervisor.
    package static let endpoint = TextFormat(
        "where the provider answers, such as grpc://127.0.0.1:9443 or unix:///run/martlet-manager/libvirt.sock",
        pattern: #"^((grpcs?|tcp|https?)://[^ /]+|unix:///[^ ]+|(qemu|xen|lxc|esx|vpx)(\+[a-z]+)?://)"#, atMost: 1024
    ) { text in
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: ":")), !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            return false
        }
        let scheme = String(text[..<mark])
        if scheme == "unix" { return text.hasPrefix("unix:///") && text.utf8.count > 8 }
        if isAddress(text, of: ["grpc", "grpcs", "tcp", "http", "https"]) {
            return isPlace(text.utf8[mark...].dropFirst(3).prefix { $0 != UInt8(ascii: "/") })
        }
        let driver = scheme.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        guard ["qemu", "xen", "lxc", "esx", "vpx"].contains(String(driver.first ?? "")) else { return false }
        if driver.count == 2, driver[1].isEmpty || !driver[1].utf8.allSatisfy({ (0x61...0x7A).contains($0) }) { return false }
        return text.hasPrefix("\(scheme)://")
    }

    /// A host, with a port or without; nobody's name and password before it.
    private static func isPlace(_ bytes: Substring.UTF8View) -> Bool {
        var host = bytes
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
            host = bytes[bytes.index(after: bytes.startIndex)..<end]
            guard IPText.version(of: String(Substring(host))) == .six else { return false }
            host = bytes[...end]
        } else {
            host = bytes.prefix { $0 != UInt8(ascii: ":") }
            guard !host.isEmpty, host.allSatisfy({ isLetterOrDigit($0) || "-._".utf8.contains($0) }) else { return false }
        }
        let rest = bytes[host.endIndex...]
        guard let colon = rest.first else { return true }
        guard colon == UInt8(ascii: ":"), rest.count <= 6, rest.dropFirst().allSatisfy(isDigit) else { return false }
        return Int(String(Substring(rest.dropFirst()))).map { (1...65535).contains($0) } ?? false
    }

    private static func isAddress(_ text: String, of schemes: [String]) -> Bool {
        guard let scheme = schemes.first(where: { text.hasPrefix("\($0)://") }) else { return false }
        let rest = text.utf8.dropFirst(scheme.utf8.count + 3)
        guard let first = rest.first, first != UInt8(ascii: "/") else { return false }
        return !text.utf8.contains { $0 <= 0x20 || $0 == 0x7F }
    }
}

/// IP addresses as people write them.
package enum IPText {
    package enum Version: Sendable { case four, six }

    /// Nil for what is no address.
    package static func version(of text: String) -> Version? {
        if isFour(text) { return .four }
        return isSix(text) ? .six : nil
    }

    /// Of `192.0.2.1, 192.0.2.2`.
    package static func list(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func isFour(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy(TextFormat.isDigit), let number = Int(part) else {
                    return false
                }
                return number <= 255 && (part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0"))
            }
    }

    private static func isSix(_ text: String) -> Bool {
        guard text.utf8.count <= 45 else { return false }
        let halves = halves(of: text)
        guard halves.count <= 2 else { return false }
        var groups = 0
        for (index, half) in halves.enumerated() where !half.isEmpty {
            let parts = half.split(separator: ":", omittingEmptySubsequences: false)
            for (place, part) in parts.enumerated() {
                if place == parts.count - 1, index == halves.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
                    guard isFour(String(part)) else { return false }
                    groups += 2
                } else {
                    guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(TextFormat.isHex)
                    else { return false }
                    groups += 1
                }
            }
        }
        return halves.count == 2 ? groups <= 7 : groups == 8
    }

    /// What stands before and behind `::`; more than two when it stands there twice.
    private static func halves(of text: String) -> [String] {
        var (halves, half) = ([String](), [UInt8]())
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x3A, index + 1 < bytes.count, bytes[index + 1] == 0x3A {
                halves.append(String(decoding: half, as: UTF8.self))
                half = []
                index += 2
            } else {
                half.append(bytes[index])
                index += 1
            }
        }
        return halves + [String(decoding: half, as: UTF8.self)]
    }
}
