import Web

/// Why users, roles or rights are not changed, in the words of the real server.
enum AccessRefusal: Error {
    /// What cannot be, however it is written.
    case impossible(String)
    /// Parameters that are wrong in themselves, by name.
    case parameters([(name: String, text: String)])
    /// A right that is missing; nil where the real server does not say which.
    case forbidden(String?)

    static func parameter(_ name: String, _ text: String) -> AccessRefusal { .parameters([(name, text)]) }

    /// The same after what was being done; the other reasons stand for themselves.
    func prefixed(_ action: String) -> AccessRefusal {
        if case .impossible(let text) = self { .impossible("\(action): \(text)") } else { self }
    }

    var response: HTTPServerResponse {
        switch self {
        case .impossible(let text): ProxmoxResponse.failure(500, text + "\n")
        case .parameters(let errors): ProxmoxResponse.badParameters(errors)
        case .forbidden(nil): ProxmoxResponse.failure(403, "Permission check failed\n")
        case .forbidden(let right?): ProxmoxResponse.failure(403, "Permission check failed (\(right))\n")
        }
    }
}
