package import Primitives

/// A request to send.
package struct HTTPRequest: Sendable {
    /// Whom to believe behind https.
    package enum Trust: Sendable, Equatable {
        /// The system's certificate authorities.
        case system
        /// The authorities in a PEM file.
        case authority(file: String)
        /// Anybody. By explicit choice only.
        case insecure
    }

    package var method = "GET"
    /// http or https; any other scheme is refused.
    package var url: String
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8]?
    package var trust = Trust.system
    package var deadline: Deadline
    package var connectTimeoutSeconds = 5.0
    package var bodyLimitBytes = 16 << 20

    package init(url: String, deadline: Deadline) {
        self.url = url
        self.deadline = deadline
    }

    /// Why this must not be sent, or nil: a scheme that is not ours, or a byte that would end a line and begin another. The text holds no
    /// value of the request, as any may be secret.
    var refusal: String? {
        let lowered = url.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lowered.hasPrefix) else { return "the URL is neither http nor https" }
        // libcurl would take the first name of the path for the host.
        guard let first = lowered.dropFirst(scheme.count).first, first != "/" else { return "the URL names no host" }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return "the URL holds a space or a control character" }
        guard Self.isToken(method) else { return "the method is not one word" }
        for header in headers {
            guard Self.isToken(header.name) else { return "a header's name is not one word" }
            guard header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                return "the value of header \(header.name) holds a line break or another control character"
            }
        }
        return nil
    }

    /// RFC 9110's token.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0) }
    }
}

/// A complete answer, whatever its status.
package struct HTTPResponse: Sendable {
    package let status: Int
    /// The text behind the status; Proxmox puts its error messages there.
    package let reason: String
    package let headers: HTTPHeaders
    package let body: [UInt8]
    /// New connections that this request had to open: 0 when one was reused.
    package let connectionsOpened: Int
}

/// Why there is no answer.
package struct HTTPClientError: Error, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case timeout, resolve, connect, tls, protocolViolation = "protocol", tooLarge = "too_large", url, cancelled
    }

    package let kind: Kind
    /// The library's words; never holds a header.
    package let message: String

    package var description: String { message }
}
