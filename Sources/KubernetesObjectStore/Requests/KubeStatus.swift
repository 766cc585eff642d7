import Objects
import ObjectStore

/// A `Status`: what a kube-apiserver says when an answer is not an object.
struct KubeStatus {
    let code: Int
    let reason: String
    let message: String
    /// Of which object; empty where a whole kind is meant.
    let name: String
    let causes: [FieldProblem]
    let retryAfterSeconds: Double?

    /// nil for what is none.
    init?(_ value: ObjectValue) {
        guard value["kind"]?.text == "Status" else { return nil }
        code = value["code"]?.whole.flatMap { Int(exactly: $0) } ?? 0
        reason = value["reason"]?.text ?? ""
        message = value["message"]?.text ?? ""
        name = value["details"]?["name"]?.text ?? ""
        causes = (value["details"]?["causes"]?.list ?? []).prefix(50).map { cause in
            FieldProblem(
                cause["field"]?.text ?? "", FieldProblem.Reason(rawValue: cause["reason"]?.text ?? "") ?? .invalid,
                cause["message"]?.text ?? "")
        }
        retryAfterSeconds = value["details"]?["retryAfterSeconds"]?.number.flatMap { $0 > 0 ? $0 : nil }
    }

    /// - Parameters:
    ///   - status: of HTTP, where the Status has no code of its own.
    ///   - isSecret: of a Secret, whose data the server's own words may repeat.
    func error(status: Int, of key: ObjectKey?, isSecret: Bool = false) -> StoreError {
        let reason = Self.reason(reason, code: code == 0 ? status : code, message)
        guard isSecret, [.badRequest, .invalid, .internalError].contains(reason) else {
            return StoreError(reason, message.isEmpty ? "status \(status)" : message, key: key, problems: causes)
        }
        let fields = causes.map(\.path).filter { !$0.isEmpty }
        return StoreError(
            reason,
            "\(key?.description ?? "a Secret") is refused (\(reason.rawValue)\(fields.isEmpty ? "" : ": \(fields.joined(separator: ", "))")); why is not shown, as it may "
                + "hold what is secret: are its data base64?",
            key: key, problems: causes.map { FieldProblem($0.path, $0.reason, "is refused") })
    }

    private static func reason(_ word: String, code: Int, _ message: String) -> StoreError.Reason {
        // etcd's limit is the smaller one, and has no word of its own.
        if code == 500, message.contains("request is too large") { return .tooLarge }
        if let reason = StoreError.Reason(rawValue: word) { return reason }
        switch (word, code) {
        case ("Gone", _), (_, 410): return .expired
        case ("ServerTimeout", _), (_, 504): return .timeout
        case (_, 400): return .badRequest
        case (_, 401): return .unauthorized
        case (_, 403): return .forbidden
        case (_, 404): return .notFound
        case (_, 405): return .methodNotAllowed
        case (_, 409): return .conflict
        case (_, 413): return .tooLarge
        case (_, 415): return .unsupportedMediaType
        case (_, 422): return .invalid
        case (_, 429): return .tooManyRequests
        case (_, 502), (_, 503): return .unavailable
        case (_, 400..<500): return .badRequest
        default: return .internalError
        }
    }
}
