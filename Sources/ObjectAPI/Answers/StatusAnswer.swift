import Objects
import ObjectStore
import Web

/// Kubernetes' `Status`: what became of a request that has no object to answer with.
enum StatusAnswer {
    static func failure(_ error: StoreError) -> ObjectValue {
        var details = ObjectMembers()
        if let key = error.key {
            details["name"] = .text(key.name)
            if !key.kind.group.isEmpty { details["group"] = .text(key.kind.group) }
            details["kind"] = .text(error.reason == .invalid ? key.kind.kind : key.kind.plural)
        }
        if !error.problems.isEmpty {
            details["causes"] = .list(
                error.problems.map { ["reason": .text($0.reason.rawValue), "message": .text($0.message), "field": .text($0.path)] })
        }
        if [.tooManyRequests, .unavailable].contains(error.reason) { details["retryAfterSeconds"] = 1 }
        var status: ObjectMembers = common("Failure", error.reason.status)
        status["message"] = .text(error.message)
        status["reason"] = .text(error.reason.rawValue)
        if !details.isEmpty { status["details"] = .members(details) }
        return .members(status)
    }

    /// An object is gone.
    static func gone(_ object: APIObject) -> ObjectValue {
        var status = common("Success", 200)
        var details: ObjectMembers = ObjectMembers([
            ("name", .text(object.metadata.name)), ("kind", .text(object.kind.plural)), ("uid", .text(object.metadata.uid)),
        ])
        if !object.kind.group.isEmpty { details["group"] = .text(object.kind.group) }
        status["details"] = .members(details)
        return .members(status)
    }

    static var success: ObjectValue { .members(common("Success", 200)) }

    private static func common(_ word: String, _ code: Int) -> ObjectMembers {
        ObjectMembers([
            ("kind", "Status"), ("apiVersion", "v1"), ("metadata", .members(ObjectMembers())), ("status", .text(word)),
            ("code", .whole(Int64(code))),
        ])
    }
}

extension HTTPServerResponse {
    static func failure(_ error: StoreError) -> HTTPServerResponse {
        var response = HTTPServerResponse(status: error.reason.status, json: StatusAnswer.failure(error).json)
        if [.tooManyRequests, .unavailable].contains(error.reason) { response.headers.add("Retry-After", "1") }
        if error.reason == .unauthorized { response.headers.add("WWW-Authenticate", #"Bearer realm="martlet""#) }
        return response
    }
}
