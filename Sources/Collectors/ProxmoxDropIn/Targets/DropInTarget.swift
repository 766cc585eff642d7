import Glibc
import Web

/// What the parameter `target` names: a host and perhaps a port, and nothing else.
///
/// It is what decides where a credential goes, so it is read once, strictly, and only what was read is used: no user, path, query or
/// zone, no number that only some resolvers take for an address (`127.1`, `0x7f000001`), no empty label.
struct DropInTarget: Sendable, Hashable {
    enum Host: Sendable, Hashable {
        /// In lower case, without a dot at its end.
        case name(String)
        case address(IPAddress)
    }

    let host: Host
    /// nil when the target names none.
    let port: UInt16?

    /// nil for what is no HOST or HOST:PORT.
    init?(_ text: String) {
        guard text.utf8.count <= 300, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var host = text[...]
        var port: Substring?
        var isBracketed = false
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[..<end].dropFirst()
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            if !rest.isEmpty { port = rest.dropFirst() }
            isBracketed = true
        } else if let colon = text.lastIndex(of: ":"), colon == text.firstIndex(of: ":") {
            // More than one colon without brackets is an IPv6 address without a port.
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard let known = Self.host(host, isBracketed: isBracketed) else { return nil }
        guard let port else {
            self.init(host: known, port: nil)
            return
        }
        guard let number = Self.port(port) else { return nil }
        self.init(host: known, port: number)
    }

    private init(host: Host, port: UInt16?) {
        self.host = host
        self.port = port
    }

    static func port(_ text: Substring) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(text), number > 0
        else { return nil }
        return number
    }

    private static func host(_ text: Substring, isBracketed: Bool) -> Host? {
        if let address = IPAddress(String(text)) { return isBracketed && !address.isSix ? nil : .address(address) }
        guard !isBracketed, let name = name(text) else { return nil }
        return .name(name)
    }

    /// A host name in lower case; nil for what is none, or what a resolver may take for an address.
    static func name(_ text: Substring, mayHoldStars: Bool = false) -> String? {
        let name = text.last == "." ? text.dropLast() : text
        guard !name.isEmpty, name.utf8.count <= 253 else { return nil }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isRight = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-"
                && label.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || "-_".utf8.contains(byte)
                        || mayHoldStars && byte == UInt8(ascii: "*")
                }
        }
        guard isRight, let last = labels.last, !last.hasPrefix("0x"), !last.hasPrefix("0X"),
            !last.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: "*") }) || last == "*",
            // `10.0.0.*` is meant for addresses and would let in the name `10.0.0.example`.
            !name.contains("*") || name.contains(where: \.isLetter)
        else { return nil }
        return name.lowercased()
    }

    /// `HOST:PORT` as an endpoint is made from.
    func authority(port standard: UInt16) -> String {
        switch host {
        case .name(let name): "\(name):\(port ?? standard)"
        case .address(let address): "\(address.isSix ? "[\(address)]" : "\(address)"):\(port ?? standard)"
        }
    }
}
