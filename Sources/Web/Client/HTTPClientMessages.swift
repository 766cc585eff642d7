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
    package var bodyLimitBytes = 64 << 20

    package init(url: String, deadline: Deadline) {
        self.url = url
        self.deadline = deadline
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
