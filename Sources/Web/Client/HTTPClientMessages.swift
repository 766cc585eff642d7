import CurlShim
package import Primitives

/// A request to send.
package struct HTTPRequest: Sendable {
    /// Whom to believe behind https.
    package enum Trust: Sendable, Equatable {
        /// The system's certificate authorities.
        case system
        /// The authorities in a PEM file.
        case authority(file: String)
        /// Whoever proves to hold one of these certificates, whatever its names, dates and signer. An empty list believes nobody.
        case fingerprints([CertificateFingerprint])
        /// Anybody. By explicit choice only.
        case insecure
    }

    package var method = "GET"
    /// http or https; any other scheme is refused.
    package var url: String
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8]?
    package var trust = Trust.system
    /// Shown to a server that asks for one.
    package var clientCertificate: ClientCertificate?
    /// The URL of a proxy, http, https or SOCKS (`socks5h://` lets it resolve names), perhaps with credentials; nil for none, and never one
    /// from the environment. To an https URL it carries bytes that it cannot read. One behind https must convince the system's authorities,
    /// whatever `trust` says of the server.
    package var proxy: String?
    /// The path of a Unix socket to ask in place of the URL's host, which then is but a word in a header; nil for the network.
    package var unixSocket: String?
    /// `host:port` to connect to in place of the URL's, whom the certificate must name all the same; nil for the URL's.
    package var connectTo: String?
    /// Whether a body may be sent twice, as one that names the state which it changes may: then it may be sent on a connection that is kept, and again on another when that
    /// one had ended meanwhile. Else each body has a connection of its own.
    package var mayRepeat = false
    package var deadline: Deadline
    package var connectTimeoutSeconds = 5.0
    package var bodyLimitBytes = 16 << 20
    /// Room for the bodies of several requests together, beside `bodyLimitBytes`; the caller gives back what an answer has taken.
    package var bodyRoom: BodyRoom?
    /// Gets each piece of the body as it comes, in place of the answer, for one that has no end; false ends it. Called on the thread of all
    /// transfers: it must be quick. No limit counts what it has got.
    package var onBodyPiece: (@Sendable ([UInt8]) -> Bool)?

    /// Hears the status of the answer before its body comes; false ends it. Called as `onBodyPiece` is.
    package var onStatus: (@Sendable (Int) -> Bool)?

    /// Hears the headers of the answer before its body comes; false ends it. Called as `onBodyPiece` is.
    package var onHeaders: (@Sendable (HTTPHeaders) -> Bool)?

    /// Asked before a connection is made, with the address that it would be made to, so that a name cannot mean another one meanwhile; false keeps
    /// it from being made, and the next address of that name is tried. nil allows all. What is no address of a network is never connected to then.
    /// Called as `onBodyPiece` is.
    package var mayConnect: (@Sendable (IPAddress) -> Bool)?

    package init(url: String, deadline: Deadline) {
        self.url = url
        self.deadline = deadline
    }

    /// Why this must not be sent, or nil: a scheme that is not ours, a byte that would end a line and begin another, nobody to believe. The
    /// text holds no value of the request, as any may be secret.
    var refusal: HTTPClientError? {
        if let reason = urlRefusal ?? headRefusal { return HTTPClientError(kind: .url, message: reason) }
        if let reason = trustRefusal { return HTTPClientError(kind: .tls, message: reason) }
        return nil
    }

    private var urlRefusal: String? {
        let lowered = url.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lowered.hasPrefix) else { return "the URL is neither http nor https" }
        // libcurl would take the first name of the path for the host.
        guard let first = lowered.dropFirst(scheme.count).first, first != "/" else { return "the URL names no host" }
        guard Self.isOneWord(url) else { return "the URL holds a space or a control character" }
        if let unixSocket {
            // One byte of the 108 that the kernel has room for ends the path.
            guard !unixSocket.isEmpty, unixSocket.utf8.count < 108, !unixSocket.utf8.contains(0) else {
                return "the path of the Unix socket is empty, longer than 107 bytes or holds a NUL"
            }
            guard proxy == nil else { return "a Unix socket and a proxy are given; only one can be the way to the server" }
        }
        if let proxy {
            guard Self.isOneWord(proxy), mlt_curl_is_proxy(proxy) != 0 else {
                return "the proxy is no http, https or SOCKS URL such as http://proxy:3128"
            }
        }
        if let connectTo {
            guard Self.isOneWord(connectTo), connectTo.contains(":") else { return "the place to connect to is no host:port" }
        }
        if case .fingerprints = trust, scheme == "http://" {
            return "a fingerprint is given, but the URL is http, which shows no certificate"
        }
        return nil
    }

    private var headRefusal: String? {
        guard Self.isToken(method) else { return "the method is not one word" }
        for header in headers {
            guard Self.isToken(header.name) else { return "a header's name is not one word" }
            guard header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                return "the value of header \(header.name) holds a line break or another control character"
            }
        }
        return nil
    }

    private var trustRefusal: String? {
        var files = [clientCertificate?.certificateFile, clientCertificate?.keyFile]
        switch trust {
        case .fingerprints([]): return "no fingerprint is given, so no server can be believed"
        case .authority(let file): files.append(file)
        case .system, .fingerprints, .insecure: break
        }
        // C would read the path up to there, which is another file.
        return files.contains { $0?.utf8.contains(0) == true } ? "the path of a certificate or key holds a NUL" : nil
    }

    private static func isOneWord(_ text: String) -> Bool { text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } }

    /// RFC 9110's token.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0) }
    }
}

/// What a client shows of itself to a server that asks.
package struct ClientCertificate: Sendable, Equatable {
    /// The path of a PEM file: the certificate, then those of its authorities if the server needs them.
    package var certificateFile: String
    /// The path of the PEM file with its key, which has no passphrase; nil when the key is in `certificateFile` too.
    package var keyFile: String?

    package init(certificateFile: String, keyFile: String? = nil) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
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
        /// The connection was made, and over before a word of an answer.
        case closed
        case timeout, resolve, connect, tls, protocolViolation = "protocol", tooLarge = "too_large", url, cancelled
    }

    package let kind: Kind
    /// One line; never holds a header.
    package let message: String
    /// What is wrong with the server's certificate, when that is why there is no answer; `kind` is `.tls` then.
    package let certificate: CertificateProblem?
    /// What that certificate says of itself.
    package let shown: ShownCertificate?

    package init(kind: Kind, message: String, certificate: CertificateProblem? = nil, shown: ShownCertificate? = nil) {
        self.kind = kind
        self.message = message
        self.certificate = certificate
        self.shown = shown
    }

    package var description: String { message }
}
