import Primitives
import ProxmoxAPI
import Web

/// Knocks at an endpoint without saying who it is: the page that Proxmox VE shows to everybody tells whether the way to it is good, and who
/// answers there.
struct EndpointProbe: Sendable {
    /// What came of it.
    enum Answer: Sendable {
        case page(status: Int, title: String?, server: String?)
        case failure(HTTPClientError)
    }

    let endpoint: ProxmoxEndpoint
    let http: HTTPClient

    func run(by deadline: Deadline) async -> Answer {
        var request = HTTPRequest(url: endpoint.baseURL + "/", deadline: deadline)
        request.trust = endpoint.trust
        request.clientCertificate = endpoint.clientCertificate
        request.proxy = endpoint.proxy
        request.bodyLimitBytes = 1 << 20
        do throws(HTTPClientError) {
            let response = try await http.send(request)
            return .page(status: response.status, title: Self.title(of: response.body), server: response.headers["Server"])
        } catch {
            return .failure(error)
        }
    }

    /// What stands in the page's `<title>`, in one line.
    static func title(of body: [UInt8]) -> String? {
        let text = String(decoding: body.prefix(1 << 16), as: UTF8.self)
        guard let begin = text.range(of: "<title>"), let end = text[begin.upperBound...].range(of: "</title>") else { return nil }
        let words = text[begin.upperBound..<end.lowerBound].split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.isEmpty ? nil : String(plain(words).prefix(80))
    }
}

/// Who answers at an endpoint.
enum Answerer: Sendable, Equatable {
    case proxmox
    /// Another product, by its name.
    case other(String)
    case unknown

    init(title: String?, server: String?) {
        let title = title ?? ""
        if title.contains("Proxmox Virtual Environment") {
            self = .proxmox
        } else if let product = ["Proxmox Backup Server", "Proxmox Mail Gateway", "Proxmox Datacenter Manager"].first(where: title.contains)
        {
            self = .other(product)
        } else if server?.hasPrefix("pve-api-daemon") == true {
            self = .proxmox
        } else {
            self = .unknown
        }
    }
}

extension String {
    /// The first place of a text.
    fileprivate func range(of text: String) -> Range<String.Index>? { self[...].range(of: text) }
}

extension Substring {
    fileprivate func range(of text: String) -> Range<String.Index>? { ranges(of: text).first }
}
