package import Objects
import Primitives

/// Why a store did not do what it was asked for.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    /// With the words and codes that Kubernetes has for them.
    package enum Reason: String, Sendable, CaseIterable {
        case badRequest = "BadRequest"
        case unauthorized = "Unauthorized"
        case forbidden = "Forbidden"
        case notFound = "NotFound"
        case methodNotAllowed = "MethodNotAllowed"
        case alreadyExists = "AlreadyExists"
        case conflict = "Conflict"
        /// Changes after that version are not known any more.
        case expired = "Expired"
        case tooLarge = "RequestEntityTooLarge"
        case notAcceptable = "NotAcceptable"
        case unsupportedMediaType = "UnsupportedMediaType"
        case invalid = "Invalid"
        case tooManyRequests = "TooManyRequests"
        case internalError = "InternalError"
        /// It cannot be reached, or cannot write; try again.
        case unavailable = "ServiceUnavailable"
        case timeout = "Timeout"

        /// Of HTTP.
        package var status: Int {
            switch self {
            case .badRequest: 400
            case .unauthorized: 401
            case .forbidden: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .notAcceptable: 406
            case .alreadyExists, .conflict: 409
            case .expired: 410
            case .tooLarge: 413
            case .unsupportedMediaType: 415
            case .invalid: 422
            case .tooManyRequests: 429
            case .internalError: 500
            case .unavailable: 503
            case .timeout: 504
            }
        }
    }

    package let reason: Reason
    /// One line for a person, without a secret.
    package let message: String
    /// Which object, where one was meant.
    package let key: ObjectKey?
    /// Of `invalid`: each field, and what is wrong with it.
    package let problems: [FieldProblem]

    package init(_ reason: Reason, _ message: String, key: ObjectKey? = nil, problems: [FieldProblem] = []) {
        self.reason = reason
        self.message = Failure(.unavailable, message).message
        self.key = key
        self.problems = problems
    }

    package var description: String { message }

    /// Whether the same request may be done the next time.
    package var mayPass: Bool { [.unavailable, .timeout, .tooManyRequests, .internalError].contains(reason) }
}

extension StoreError {
    package static func notFound(_ key: ObjectKey) -> StoreError { StoreError(.notFound, "\(key) not found", key: key) }

    package static func alreadyExists(_ key: ObjectKey) -> StoreError { StoreError(.alreadyExists, "\(key) already exists", key: key) }

    package static func conflict(_ key: ObjectKey, _ why: String) -> StoreError {
        StoreError(.conflict, "Operation cannot be fulfilled on \(key): \(why)", key: key)
    }

    package static func invalid(_ key: ObjectKey, _ problems: [FieldProblem]) -> StoreError {
        let text = problems.map(\.description).joined(separator: "; ")
        return StoreError(.invalid, "\(key.kind.kind) \"\(key.name)\" is invalid: \(text)", key: key, problems: problems)
    }
}
