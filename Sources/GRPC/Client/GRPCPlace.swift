import Primitives
import Web

/// Where a server is.
package enum GRPCPlace: Sendable, CustomStringConvertible {
    /// A socket in the file system, by its absolute path.
    case file(String)
    /// Over a network, with certificates on both sides.
    ///
    /// - expectedName: what the server's certificate must be for, when it is not the host.
    case network(host: String, port: UInt16, TLSFiles, expectedName: String? = nil)

    package var description: String {
        switch self {
        case .file(let path): "unix:\(path)"
        case .network(let host, let port, _, _): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    /// What gRPC takes for it. Errors: a path or a host that is none.
    var target: String {
        get throws(Failure) {
            switch self {
            case .file(let path):
                _ = try ListenPlace(parsing: "unix:\(path)")
                return "unix://\(Self.escaped(path))"
            case .network(let host, _, _, _):
                let isPlain =
                    !host.isEmpty && host.utf8.count <= 253 && host.utf8.allSatisfy { Self.isPlain($0) || $0 == UInt8(ascii: ":") }
                guard isPlain else { throw Failure(.configuration, "\"\(host)\" is no host name or address") }
                return "dns:///\(self)"
            }
        }
    }

    /// A path as a URI has it.
    private static func escaped(_ path: String) -> String {
        var text: [UInt8] = []
        for byte in path.utf8 {
            if isPlain(byte) || byte == UInt8(ascii: "/") {
                text.append(byte)
            } else {
                text.append(utf8: byte < 0x10 ? "%0\(String(byte, radix: 16))" : "%\(String(byte, radix: 16))")
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Letters, digits, and what stands in names of hosts.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }
}
