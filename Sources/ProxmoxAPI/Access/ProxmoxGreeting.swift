package import Primitives
package import Web

/// What answers at an endpoint, as somebody sees it who has no credential yet.
package enum ProxmoxGreeting: Sendable {
    /// The API of Proxmox VE. Its major version is known when the start page tells it; the API itself tells it only to who is let in.
    case proxmox(majorVersion: Int?)
    /// Whoever answers has shown a certificate that the endpoint's trust does not believe.
    case untrusted(CertificateProblem, ShownCertificate?, message: String)
    /// Somebody else, or nobody: what was found, in words for a person, without a full stop.
    case other(String)
}

extension ProxmoxEndpoint {
    /// Looks who is there. Nothing is sent that would be worth keeping secret.
    ///
    /// The start page comes first: it is for everybody, while the API makes who has no ticket wait for three seconds.
    package func greeting(http: HTTPClient, by deadline: Deadline) async -> ProxmoxGreeting {
        do throws(HTTPClientError) {
            var request = HTTPRequest(url: baseURL + "/", deadline: deadline)
            request.trust = trust
            request.clientCertificate = clientCertificate
            request.proxy = proxy
            request.bodyLimitBytes = 1 << 20
            let page = StartPage(try await http.send(request))
            if page.isProxmoxVE { return .proxmox(majorVersion: page.majorVersion) }
            if let other = page.otherProduct { return .other("\(other) answers there, not Proxmox VE, whose port is 8006") }
            let answer = try await http.send(self.request("/version", by: deadline))
            // A login that HTTP itself knows is that of a proxy or of another program.
            guard answer.status == 401, answer.headers["WWW-Authenticate"] == nil else {
                return .other("what answers there is not Proxmox VE: it says \(answer.status) to /api2/json/version, and no 401")
            }
            return .proxmox(majorVersion: nil)
        } catch {
            return Self.greeting(error, authority)
        }
    }

    private static func greeting(_ error: HTTPClientError, _ authority: String) -> ProxmoxGreeting {
        if let problem = error.certificate { return .untrusted(problem, error.shown, message: error.message) }
        switch error.kind {
        case .resolve: return .other("no address is known for \(authority.prefix { $0 != ":" }): \(error.message)")
        case .timeout: return .other("\(authority) does not answer; it may be off, or a firewall may be in between")
        case .tls: return .other(ProxmoxError.words(ofTLS: error.message) ?? error.message)
        case .closed, .connect, .protocolViolation, .tooLarge, .url, .cancelled: return .other(error.message)
        }
    }
}

/// The page for browsers at `/`.
struct StartPage {
    private let text: String
    private let status: Int

    init(_ response: HTTPResponse) {
        self.init(status: response.status, String(decoding: response.body, as: UTF8.self))
    }

    init(status: Int, _ text: String) {
        self.status = status
        self.text = text
    }

    var isProxmoxVE: Bool { status == 200 && (text.contains("Proxmox Virtual Environment") || text.contains(Self.library)) }

    /// The page loads its script as `/pve2/js/pvemanagerlib.js?ver=9.0.5`.
    var majorVersion: Int? {
        guard let version = text.firstRange(of: Self.library + "?ver=") else { return nil }
        return Int(text[version.upperBound...].prefix { $0.isASCII && $0.isNumber }.prefix(3))
    }

    /// Others of the family speak the same way, and are not meant.
    var otherProduct: String? { ["Proxmox Backup Server", "Proxmox Mail Gateway"].first { status == 200 && text.contains($0) } }

    private static let library = "/pve2/js/pvemanagerlib.js"
}
